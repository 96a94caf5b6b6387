// Gives a Service its cluster IPs and node ports out of pools, and says what it gave and what is free now.
import type { Service } from '../../objects.ts';
import { internalError, invalid, StatusError } from '../../status.ts';
import { type FieldError, FieldPath, invalidValue } from '../field.ts';
import type { IpFamily } from './ip-range.ts';
import { assignIpFamilies, keepsPreferredFamilies } from './service-families.ts';
import {
  dropTypeDependentFields,
  needsHealthCheckNodePort,
  needsNodePort,
  normalizeClusterIps,
  patchAllocatedValues,
} from './service-update.ts';

/** Whom an address or a port belongs to. */
export interface ServiceOwner {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Something of which every piece has one owner at most, whoever else takes and gives meanwhile. */
export interface Pool<Piece> {
  /** Any free one; undefined when there is none. */
  takeAny(owner: ServiceOwner): Promise<Piece | undefined>;
  /** This one; the result says why not. */
  take(piece: Piece, owner: ServiceOwner): Promise<string | undefined>;
  /** Gives back what the owner has; what is another's stays. */
  release(piece: Piece, owner: ServiceOwner): Promise<void>;
}

export interface ServicePools {
  /** By the cluster's families, primary first. */
  readonly ips: ReadonlyMap<IpFamily, Pool<string>>;
  readonly ports: Pool<number>;
}

export interface Claims {
  readonly ips: readonly string[];
  readonly ports: readonly number[];
}

const specPath = FieldPath.of('spec');
const rangeIsFull = 'range is full';

/** All that a Service holds. */
export function claimsOf({ spec }: Service): Claims {
  const ips = spec?.type === 'ExternalName' ? [] : (spec?.clusterIPs ?? []);
  return {
    ips: ips.filter((ip) => ip !== 'None' && ip !== ''),
    ports: [...nodePortsOf(spec), ...healthPortOf(spec)],
  };
}

type Spec = NonNullable<Service['spec']>;

function nodePortsOf(spec: Spec | undefined): number[] {
  const ports = (spec?.ports ?? []).flatMap(({ nodePort }) => (nodePort ? [nodePort] : []));
  return [...new Set(ports)];
}

function healthPortOf(spec: Spec | undefined): number[] {
  return spec?.healthCheckNodePort && needsHealthCheckNodePort({ spec })
    ? [spec.healthCheckNodePort]
    : [];
}

export function ownerOf({ metadata }: Service): ServiceOwner {
  const { namespace = '', name = '', uid = '' } = metadata ?? {};
  return { namespace, name, uid };
}

/** What one write took, and what it lets go of once it is done. */
export interface Allocation {
  /** The write happened: what the old Service had and the new one has not is free. */
  commit(): Promise<void>;
  /** It did not: all that was taken is free again. */
  revert(): Promise<void>;
}

/**
 * Fills ipFamilies, ipFamilyPolicy, clusterIP(s), node ports and the health check's port of
 * `service` in place, keeping what `old` had.
 *
 * @throws StatusError 422 for what cannot be given, 500 when a range is full; nothing is taken then
 */
export async function allocateService(
  service: Service,
  old: Service | undefined,
  pools: ServicePools,
): Promise<Allocation> {
  if (old !== undefined) patchAllocatedValues(service, old);
  normalizeClusterIps(service, old);
  const errors = assignIpFamilies(service, old, [...pools.ips.keys()]);
  if (errors.length > 0) throw refused(service, errors);
  if (old !== undefined) dropTypeDependentFields(service, old);
  const taking = new Taking(service, pools);
  try {
    await allocateIps(service, old, taking);
    await allocatePorts(service, old, taking);
    await allocateHealthPort(service, old, taking);
  } catch (error) {
    await taking.revert();
    throw error;
  }
  return {
    revert: () => taking.revert(),
    async commit() {
      if (old === undefined) return;
      const [before, after] = [claimsOf(old), claimsOf(service)];
      await releaseClaims(pools, ownerOf(old), {
        ips: before.ips.filter((ip) => !after.ips.includes(ip)),
        ports: before.ports.filter((port) => !after.ports.includes(port)),
      });
    },
  };
}

/** Gives back what a Service that is gone held, or part of it. */
export async function releaseClaims(
  pools: ServicePools,
  owner: ServiceOwner,
  { ips, ports }: Claims,
): Promise<void> {
  await Promise.all([
    ...ips.map((ip) => poolOf(pools, ip)?.release(ip, owner)),
    ...ports.map((port) => pools.ports.release(port, owner)),
  ]);
}

function poolOf({ ips }: ServicePools, ip: string): Pool<string> | undefined {
  return ips.get(ip.includes(':') ? 'IPv6' : 'IPv4');
}

function refused(service: Service, errors: readonly FieldError[]) {
  return invalid({ group: '', kind: 'Service' }, service.metadata?.name ?? '', errors);
}

/** Takes for one Service and remembers what, so that it can be given back. */
class Taking {
  readonly #service: Service;
  readonly #pools: ServicePools;
  readonly #owner: ServiceOwner;
  readonly #ips: string[] = [];
  readonly #ports: number[] = [];

  constructor(service: Service, pools: ServicePools) {
    this.#service = service;
    this.#pools = pools;
    this.#owner = ownerOf(service);
  }

  async ip(family: string, asked: string): Promise<string> {
    const pool = this.#pools.ips.get(family === 'IPv6' ? 'IPv6' : 'IPv4');
    const ips = this.#service.spec?.clusterIPs ?? [];
    const path = specPath.child('clusterIPs');
    if (asked !== '') {
      const why = pool === undefined ? rangeIsFull : await pool.take(asked, this.#owner);
      if (why !== undefined) {
        const message = `failed to allocate IP ${asked}: ${why}`;
        throw refused(this.#service, [invalidValue(path, ips, message)]);
      }
    }
    const ip = asked !== '' ? asked : await this.#anyIp(pool, ips);
    if (ip === undefined) {
      const name = JSON.stringify(this.#owner.name);
      const what = `failed to allocate a serviceIP for Service ${name}`;
      throw internalError(new Error(`${what}: ${rangeIsFull}`));
    }
    this.#ips.push(ip);
    return ip;
  }

  /** An address whose object cannot be made is the Service's fault. */
  async #anyIp(
    pool: Pool<string> | undefined,
    ips: readonly string[],
  ): Promise<string | undefined> {
    try {
      return await pool?.takeAny(this.#owner);
    } catch (error) {
      if (!(error instanceof StatusError) || error.status.reason !== 'Invalid') throw error;
      const why = `failed to allocate IP: ${error.message}`;
      const shown = ips.length === 0 ? [''] : ips;
      throw refused(this.#service, [invalidValue(specPath.child('clusterIPs'), shown, why)]);
    }
  }

  /** @returns why it cannot be had */
  async port(port: number): Promise<string | undefined> {
    const why = await this.#pools.ports.take(port, this.#owner);
    if (why === undefined) this.#ports.push(port);
    return why;
  }

  /** @param what names it in the error */
  async anyPort(what: string): Promise<number> {
    const port = await this.#pools.ports.takeAny(this.#owner);
    if (port === undefined) {
      throw internalError(new Error(`failed to allocate a ${what}: ${rangeIsFull}`));
    }
    this.#ports.push(port);
    return port;
  }

  async namedPort(port: number, index: number): Promise<void> {
    const why = await this.port(port);
    if (why === undefined) return;
    const path = specPath.child('ports').index(index).child('nodePort');
    throw refused(this.#service, [invalidValue(path, port, why)]);
  }

  async revert(): Promise<void> {
    const taken = { ips: this.#ips.splice(0), ports: this.#ports.splice(0) };
    await releaseClaims(this.#pools, this.#owner, taken);
  }
}

async function allocateIps(service: Service, old: Service | undefined, taking: Taking) {
  const { spec } = service;
  if (!spec || spec.type === 'ExternalName' || keepsPreferredFamilies(service, old)) return;
  if (spec.clusterIPs?.[0] === 'None') return;
  const families = spec.ipFamilies ?? [];
  const before = old?.spec;
  const isNew = before === undefined || before.type === 'ExternalName';
  if (!isNew && before.clusterIPs?.[0] === 'None') return;
  const upgraded = before?.ipFamilies?.length === 1 && families.length === 2;
  if (!isNew && !upgraded) return;
  for (let index = isNew ? 0 : 1; index < families.length; index++) {
    const asked = spec.clusterIPs?.[index] ?? '';
    const ip = await taking.ip(families[index] ?? '', asked);
    spec.clusterIPs = (spec.clusterIPs ?? []).toSpliced(index, 1, ip);
    if (index === 0) spec.clusterIP = ip;
  }
}

async function allocatePorts(service: Service, old: Service | undefined, taking: Taking) {
  const { spec } = service;
  if (spec?.type !== 'NodePort' && spec?.type !== 'LoadBalancer') return;
  if (old === undefined) await allocateNewPorts(spec, needsNodePort(service), taking);
  else await allocateMorePorts(spec, nodePortsOf(old.spec), needsNodePort(service), taking);
}

/** On create, TCP and UDP of one port (DNS) share one number. */
async function allocateNewPorts(spec: Spec, fills: boolean, taking: Taking): Promise<void> {
  const byPort = new Map<number, number>();
  for (const [index, port] of (spec.ports ?? []).entries()) {
    if (!port.nodePort && !fills) continue;
    const known = byPort.get(port.port);
    if (known === undefined) {
      const asked = spec.ports?.find((each) => each.port === port.port && each.nodePort)?.nodePort;
      if (asked) await taking.namedPort(asked, index);
      port.nodePort = asked || (await taking.anyPort('nodePort'));
      byPort.set(port.port, port.nodePort);
    } else if (!port.nodePort) port.nodePort = known;
    else if (port.nodePort !== known) await taking.namedPort(port.nodePort, index);
  }
}

async function allocateMorePorts(
  spec: Spec,
  before: readonly number[],
  fills: boolean,
  taking: Taking,
): Promise<void> {
  const held = new Set(before);
  const seen = new Set<string>();
  for (const [index, port] of (spec.ports ?? []).entries()) {
    if (!port.nodePort) {
      if (!fills) continue;
      port.nodePort = await taking.anyPort('nodePort');
    } else if (!held.has(port.nodePort)) await taking.namedPort(port.nodePort, index);
    held.add(port.nodePort);
    const identity = `{${port.protocol} ${port.nodePort}}`;
    if (seen.has(identity)) throw internalError(new Error(`duplicate nodePort: ${identity}`));
    seen.add(identity);
  }
}

async function allocateHealthPort(service: Service, old: Service | undefined, taking: Taking) {
  const { spec } = service;
  if (!spec || !needsHealthCheckNodePort(service) || needsHealthCheckNodePort(old)) return;
  const asked = spec.healthCheckNodePort;
  if (!asked) {
    spec.healthCheckNodePort = await taking.anyPort('HealthCheck NodePort 0');
    return;
  }
  const why = await taking.port(asked);
  if (why === undefined) return;
  const what = `failed to allocate requested HealthCheck NodePort ${asked}`;
  throw internalError(new Error(`${what}: ${why}`));
}
