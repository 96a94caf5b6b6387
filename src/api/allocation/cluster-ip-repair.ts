// Repairs IPAddresses: each cluster IP has one, and none is left over that no Service has.
import type { IPAddress, Service } from '../../objects.ts';
import { canonicalIp } from '../../registry/core/ip-validation.ts';
import { claimsOf, ownerOf } from '../../registry/core/service-allocation.ts';
import { isReason } from '../../status.ts';
import { serverContext } from '../server-context.ts';
import { allocatorName, familyLabel, ipAddressOf, managedByLabel } from './cluster-ips.ts';
import { allOf, nameOf, type RepairParts, serviceKind } from './repair.ts';
import { allRanges, holding, networking } from './service-cidrs.ts';
import { Warnings } from './warnings.ts';

const addressKind = { apiVersion: `${networking}/v1`, kind: 'IPAddress' };
/** A Service comes after its IPAddress; so long may its request take. */
const graceMs = 60_000;
/** A Service that was there already gives its IPAddress back within this. */
const revertMs = 5_000;

export class ClusterIpRepair {
  readonly #parts: RepairParts;
  readonly #warnings: Warnings;

  constructor(parts: RepairParts) {
    this.#parts = parts;
    this.#warnings = new Warnings(parts, 'ipallocator-repair-controller');
  }

  async run(): Promise<void> {
    const { objects } = this.#parts;
    for await (const service of allOf<Service>(objects.store('', 'services'))) {
      await this.#checkService(service);
    }
    for await (const address of allOf<IPAddress>(objects.store(networking, 'ipaddresses'))) {
      await this.#checkAddress(address);
    }
  }

  /**
   * Looks at one address that was written or deleted, and at the Service that it is or was of.
   *
   * @param parent of the address as it was last seen
   * @returns in how many milliseconds it is to be looked at again, if it is
   */
  async check(
    ip: string,
    parent: { namespace: string; name: string },
  ): Promise<number | undefined> {
    const { objects } = this.#parts;
    const service = objects.get<Service>('', 'services', parent.namespace, parent.name);
    if (service !== undefined && claimsOf(service).ips.includes(ip))
      await this.#checkIp(service, ip);
    const address = objects.get<IPAddress>(networking, 'ipaddresses', '', ip);
    return address === undefined ? undefined : this.#checkAddress(address);
  }

  async #checkService(service: Service): Promise<void> {
    for (const text of claimsOf(service).ips) await this.#checkIp(service, text);
  }

  async #checkIp(service: Service, text: string): Promise<void> {
    const { objects } = this.#parts;
    const ip = canonicalIp(text);
    const warn = (reason: string, note: string, action = 'ClusterIPAllocation') =>
      this.#warnings.warn(serviceKind, service, { reason, action, note });
    if (ip === undefined) {
      const note = `Cluster IP ${text} is not a valid IP; please recreate Service`;
      return warn('ClusterIPNotValid', note, 'ClusterIPValidation');
    }
    const family = ip.includes(':') ? 'IPv6' : 'IPv4';
    if (holding(allRanges(objects), ip) === undefined) {
      const why = 'is not within any configured Service CIDR; please recreate service';
      return warn('ClusterIPOutOfRange', `Cluster IP [${family}]: ${ip} ${why}`);
    }
    const address = objects.get<IPAddress>(networking, 'ipaddresses', '', ip);
    if (address === undefined) {
      if (!(await this.#create(ip, service))) return;
      const note = `Cluster IP [${family}]: ${ip} is not allocated; repairing`;
      return warn('ClusterIPNotAllocated', note);
    }
    const other = this.#otherHolder(address, service, ip);
    if (other === 'wrong') {
      const why = `for Service ${nameOf(service)} has a wrong reference; repairing`;
      await warn('ClusterIPNotAllocated', `the ClusterIP [${family}]: ${ip} ${why}`);
      return this.#recreate(address, ip, service);
    }
    if (other === 'shared') {
      const why = 'was assigned to multiple services; please recreate service';
      await warn('ClusterIPAlreadyAllocated', `Cluster IP [${family}]:${ip} ${why}`);
    }
    const labels = address.metadata?.labels ?? {};
    if (labels[familyLabel] === family && labels[managedByLabel] === allocatorName) return;
    // Of two Services with one address only the one that it refers to mends it.
    if (other === undefined) await this.#recreate(address, ip, service);
  }

  /** Whether the address refers to another Service, and whether that one has it too. */
  #otherHolder(address: IPAddress, service: Service, ip: string): 'wrong' | 'shared' | undefined {
    const parent = address.spec?.parentRef;
    if (parent === undefined || parent.group || parent.resource !== 'services') return 'wrong';
    const { namespace, name } = ownerOf(service);
    if (parent.namespace === namespace && parent.name === name) return undefined;
    const { objects } = this.#parts;
    const other = objects.get<Service>('', 'services', parent.namespace ?? '', parent.name ?? '');
    return other !== undefined && claimsOf(other).ips.includes(ip) ? 'shared' : 'wrong';
  }

  /** @returns in how many milliseconds it is known whether the address is left over */
  async #checkAddress(address: IPAddress): Promise<number | undefined> {
    if (address.metadata?.labels?.[managedByLabel] !== allocatorName) return undefined;
    const ip = address.metadata.name ?? '';
    const parent = address.spec?.parentRef;
    const drop = async (reason: string, note: string) => {
      if (!(await this.#delete(address))) return undefined;
      const warning = { reason, action: 'IPAddressAllocation', note };
      await this.#warnings.warn(addressKind, address, warning);
      return undefined;
    };
    if (parent === undefined || parent.group || parent.resource !== 'services') {
      const why = 'appears to have been modified, not referencing a Service: cleaning up';
      return drop('IPAddressNotAllocated', `IPAddress ${ip} ${why}`);
    }
    const { objects, clock } = this.#parts;
    const { namespace = '', name = '' } = parent;
    const owner = `for Service ${namespace}/${name}`;
    const madeMs = Date.parse(address.metadata.creationTimestamp ?? '');
    const ageMs = clock.nowMs() - madeMs;
    const service = objects.get<Service>('', 'services', namespace, name);
    if (service === undefined) {
      if (ageMs <= graceMs) return graceMs - ageMs + 1;
      const why = `${owner} appears to have leaked: cleaning up`;
      return drop('IPAddressNotAllocated', `IPAddress: ${ip} ${why}`);
    }
    if (claimsOf(service).ips.some((each) => canonicalIp(each) === ip)) return undefined;
    if (service.spec?.type === 'ExternalName' && ageMs < graceMs) return graceMs - ageMs;
    // An update is given its second address before it is written, too.
    if (ageMs < revertMs) return revertMs;
    const why = `${owner} has a wrong reference; cleaning up`;
    return drop('IPAddressWrongReference', `IPAddress: ${ip} ${why}`);
  }

  async #create(ip: string, service: Service): Promise<boolean> {
    const found = this.#found();
    if (found === undefined) return false;
    try {
      await found.store.create(serverContext(found, '', ''), ipAddressOf(ip, ownerOf(service)));
      return true;
    } catch (error) {
      if (!isReason(error, 'AlreadyExists')) throw error;
      return false;
    }
  }

  /** Only the very object that was looked at. */
  async #delete({ metadata }: IPAddress): Promise<boolean> {
    const found = this.#found();
    const { name = '', uid } = metadata ?? {};
    if (found === undefined || uid === undefined) return false;
    try {
      await found.store.delete(serverContext(found, '', name), { preconditions: { uid } });
      return true;
    } catch (error) {
      if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error;
      return false;
    }
  }

  async #recreate(address: IPAddress, ip: string, service: Service): Promise<void> {
    if (await this.#delete(address)) await this.#create(ip, service);
  }

  #found() {
    return this.#parts.registry.find(networking, 'v1', 'ipaddresses');
  }
}
