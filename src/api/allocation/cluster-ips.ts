// Cluster IPs of one family: each that is taken is an IPAddress object, and its creation is the lock.
import type { IPAddress } from '../../objects.ts';
import type { Random } from '../../random.ts';
import { inBandOrder, staticBandSize } from '../../registry/core/allocation-bands.ts';
import { formatIp, type IpFamily, type IpRange, lastOffset } from '../../registry/core/ip-range.ts';
import { canonicalIp } from '../../registry/core/ip-validation.ts';
import type { Pool, ServiceOwner } from '../../registry/core/service-allocation.ts';
import type { FoundResource, ResourceRegistry } from '../../registry/engine/resource-registry.ts';
import type { ApiObject } from '../../registry/resource.ts';
import { isReason } from '../../status.ts';
import type { ObjectReader } from '../object-reader.ts';
import { serverContext } from '../server-context.ts';
import { holding, networking, readyRanges } from './service-cidrs.ts';

export const familyLabel = 'ipaddress.kubernetes.io/ip-family';
export const managedByLabel = 'ipaddress.kubernetes.io/managed-by';
export const allocatorName = 'ipallocator.k8s.io';

const isTaken = 'provided IP is already allocated';
const isElsewhere = 'the provided network does not match the current range';

interface Parts {
  readonly registry: ResourceRegistry;
  readonly objects: ObjectReader;
  readonly random: Random;
}

/** The object that says that `owner` has the address. */
export function ipAddressOf(ip: string, owner: ServiceOwner): ApiObject {
  const { namespace, name } = owner;
  return {
    apiVersion: `${networking}/v1`,
    kind: 'IPAddress',
    metadata: {
      name: ip,
      labels: {
        [familyLabel]: ip.includes(':') ? 'IPv6' : 'IPv4',
        [managedByLabel]: allocatorName,
      },
    },
    spec: { parentRef: { group: '', resource: 'services', namespace, name } },
  };
}

export class ClusterIps implements Pool<string> {
  readonly #parts: Parts;
  readonly #family: IpFamily;

  constructor(parts: Parts, family: IpFamily) {
    this.#parts = parts;
    this.#family = family;
  }

  async takeAny(owner: ServiceOwner): Promise<string | undefined> {
    const ip = await this.#takeFrom(await this.#ranges(), owner);
    if (ip !== undefined) return ip;
    // Somebody may have made more room a moment ago.
    await this.#parts.objects.store(networking, 'servicecidrs')?.cache.consistent();
    await this.#parts.objects.store(networking, 'ipaddresses')?.cache.consistent();
    return this.#takeFrom(await this.#ranges(), owner);
  }

  async #takeFrom(ranges: readonly IpRange[], owner: ServiceOwner): Promise<string | undefined> {
    const found = this.#addresses();
    for (const range of ranges) {
      for (const value of offsets(range, this.#parts.random)) {
        const ip = formatIp({ family: this.#family, value });
        if (found.store.cache.get(found.store.key('', ip)) !== undefined) continue;
        // Whoever else took it since is not in the cache yet.
        if (await create(found, ip, owner)) return ip;
      }
    }
    return undefined;
  }

  async take(asked: string, owner: ServiceOwner): Promise<string | undefined> {
    const ip = canonicalIp(asked) ?? asked;
    if (holding(await this.#ranges(), ip) === undefined) return isElsewhere;
    return (await create(this.#addresses(), ip, owner)) ? undefined : isTaken;
  }

  async release(ip: string, owner: ServiceOwner): Promise<void> {
    const found = this.#addresses();
    const context = serverContext(found, '', canonicalIp(ip) ?? ip);
    try {
      const address = found.store.parse(await found.store.get(context)) as IPAddress;
      const parent = address.spec?.parentRef;
      if (parent?.namespace !== owner.namespace || parent.name !== owner.name) return;
      const uid = address.metadata?.uid;
      await found.store.delete(context, uid === undefined ? {} : { preconditions: { uid } });
    } catch (error) {
      if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error;
    }
  }

  /** A server that has just started may not have heard of the default ServiceCIDR yet. */
  async #ranges(): Promise<readonly IpRange[]> {
    const { objects } = this.#parts;
    const ranges = readyRanges(objects, this.#family);
    if (ranges.length > 0) return ranges;
    await objects.store(networking, 'servicecidrs')?.cache.consistent();
    return readyRanges(objects, this.#family);
  }

  #addresses(): FoundResource {
    const found = this.#parts.registry.find(networking, 'v1', 'ipaddresses');
    if (found === undefined) throw new Error('cannot give cluster IPs: IPAddresses are not served');
    return found;
  }
}

function offsets(range: IpRange, random: Random): IterableIterator<bigint> {
  const { base, size } = range;
  return inBandOrder(base + 1n, base + lastOffset(range), staticBandSize(size), random);
}

/** Whether nobody had it. */
async function create(found: FoundResource, ip: string, owner: ServiceOwner): Promise<boolean> {
  try {
    await found.store.create(serverContext(found, '', ''), ipAddressOf(ip, owner));
    return true;
  } catch (error) {
    if (!isReason(error, 'AlreadyExists')) throw error;
    return false;
  }
}

/** Gives what a real one would, and takes nothing. */
export class DryClusterIps implements Pool<string> {
  readonly #objects: ObjectReader;
  readonly #family: IpFamily;

  constructor(objects: ObjectReader, family: IpFamily) {
    this.#objects = objects;
    this.#family = family;
  }

  /** The network's own address, as upstream: it is nobody's. */
  takeAny(): Promise<string | undefined> {
    const [range] = readyRanges(this.#objects, this.#family);
    return Promise.resolve(range && formatIp({ family: this.#family, value: range.base }));
  }

  take(ip: string): Promise<string | undefined> {
    const ranges = readyRanges(this.#objects, this.#family);
    if (holding(ranges, ip) !== undefined) return Promise.resolve(undefined);
    const [range] = ranges;
    const why =
      `the provided IP (${ip}) is not in the valid range. ` +
      `The range of valid IPs is ${range?.cidr ?? ''}`;
    return Promise.resolve(why);
  }

  release(): Promise<void> {
    return Promise.resolve();
  }
}
