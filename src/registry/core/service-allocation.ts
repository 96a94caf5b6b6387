// Cluster IPs and node ports of Services: which are free, and which a Service gets.
import type { Service } from '../../objects.ts';
import type { Random } from '../../random.ts';
import { type FieldError, FieldPath, invalidValue } from '../field.ts';
import { formatIp, type IpRange, lastOffset, parseCidr, parseIp, rangeHolds } from './ip-range.ts';
import { assignIpFamilies } from './service-families.ts';
import {
  needsClusterIp,
  needsHealthCheckNodePort,
  needsNodePort,
  normalizeClusterIps,
  patchAllocatedValues,
} from './service-update.ts';

export interface AllocationContext {
  /** Primary range first; a second one of the other family makes the cluster dual-stack. */
  readonly serviceCidrs: readonly string[];
  /** Both ends included: 30000 to 32767. */
  readonly nodePortRange: { readonly from: number; readonly to: number };
  /** Every stored Service; the one being written is passed over. */
  readonly existing: Iterable<Service>;
  readonly random: Random;
}

const specPath = FieldPath.of('spec');

interface Taken {
  readonly ips: Set<string>;
  readonly ports: Set<number>;
}

function keyOf(service: Service): string {
  return `${service.metadata?.namespace ?? ''}/${service.metadata?.name ?? ''}`;
}

function takenBy(existing: Iterable<Service>, self: string): Taken {
  const taken: Taken = { ips: new Set(), ports: new Set() };
  for (const service of existing) {
    if (keyOf(service) === self) continue;
    const { clusterIP, clusterIPs, ports, healthCheckNodePort } = service.spec ?? {};
    const ips = clusterIPs?.length ? clusterIPs : clusterIP ? [clusterIP] : [];
    for (const ip of ips) if (ip !== 'None' && ip !== '') taken.ips.add(ip);
    for (const { nodePort } of ports ?? []) if (nodePort) taken.ports.add(nodePort);
    if (healthCheckNodePort) taken.ports.add(healthCheckNodePort);
  }
  return taken;
}

/**
 * Fills ipFamilies, ipFamilyPolicy, clusterIP(s), node ports and the health check's port of
 * `service` in place, keeping what `old` had. Run it under one lock for all Services: it trusts
 * `existing`. Nothing is to be released: what no stored Service has is free.
 */
export function allocateService(
  service: Service,
  old: Service | undefined,
  context: AllocationContext,
): FieldError[] {
  if (old !== undefined) patchAllocatedValues(service, old);
  normalizeClusterIps(service, old);
  const ranges = context.serviceCidrs
    .map(parseCidr)
    .filter((range): range is IpRange => range !== undefined);
  const familyErrors = assignIpFamilies(
    service,
    old,
    ranges.map((range) => range.family),
  );
  if (familyErrors.length > 0) return familyErrors;
  const taken = takenBy(context.existing, keyOf(service));
  const errors = allocateIps(service, old, ranges, taken, context.random);
  if (errors.length > 0) return errors;
  return allocatePorts(service, context, taken);
}

function allocateIps(
  service: Service,
  old: Service | undefined,
  ranges: readonly IpRange[],
  taken: Taken,
  random: Random,
): FieldError[] {
  const { spec } = service;
  if (!spec || !needsClusterIp(service) || spec.clusterIP === 'None') {
    if (spec?.clusterIP === 'None') spec.clusterIPs = ['None'];
    return [];
  }
  const kept = new Set(old?.spec?.clusterIPs ?? []);
  const ips = [...(spec.clusterIPs ?? [])];
  for (const [index, family] of (spec.ipFamilies ?? []).entries()) {
    const range = ranges.find((each) => each.family === family);
    if (range === undefined) continue;
    const asked = ips[index] ?? '';
    if (asked === '') {
      const ip = freeIp(range, taken.ips, random);
      if (ip === undefined) {
        const why = 'failed to allocate a serviceIP: range is full';
        return [invalidValue(specPath.child('clusterIPs'), ips, why)];
      }
      ips[index] = ip;
    } else if (!kept.has(asked)) {
      const why = refusal(asked, range, taken.ips);
      if (why !== undefined) {
        const message = `failed to allocate IP ${asked}: ${why}`;
        return [invalidValue(specPath.child('clusterIPs'), ips, message)];
      }
    }
    taken.ips.add(ips[index] ?? '');
  }
  if (ips.length > 0) {
    spec.clusterIPs = ips;
    spec.clusterIP = ips[0] ?? '';
  }
  return [];
}

function refusal(ip: string, range: IpRange, taken: ReadonlySet<string>): string | undefined {
  const address = parseIp(ip);
  if (address === undefined || !rangeHolds(range, address)) {
    return (
      `the provided IP (${ip}) is not in the valid range. ` +
      `The range of valid IPs is ${range.cidr}`
    );
  }
  return taken.has(ip) ? 'provided IP is already allocated' : undefined;
}

/**
 * The first offsets are left to those who choose an address themselves (KEP-3070): between 16 and
 * 256 addresses, a sixteenth of the range; none in a very small one.
 */
export function staticBandSize(size: bigint): bigint {
  if (size <= 16n) return 0n;
  const share = size / 16n;
  return share < 16n ? 16n : share > 256n ? 256n : share;
}

function freeIp(range: IpRange, taken: ReadonlySet<string>, random: Random): string | undefined {
  const last = lastOffset(range);
  const band = staticBandSize(last);
  const upper = freeIpBetween(range, band + 1n, last, taken, random);
  return upper ?? freeIpBetween(range, 1n, band, taken, random);
}

function freeIpBetween(
  range: IpRange,
  from: bigint,
  to: bigint,
  taken: ReadonlySet<string>,
  random: Random,
): string | undefined {
  const count = to - from + 1n;
  if (count <= 0n) return undefined;
  // 48 random bits are plenty: no sensible range has more addresses in use.
  const limit = count < 1n << 48n ? count : 1n << 48n;
  const start = BigInt(Math.floor(random.next() * Number(limit)));
  for (let step = 0n; step < count; step++) {
    const value = range.base + from + ((start + step) % count);
    const ip = formatIp({ family: range.family, value });
    if (!taken.has(ip)) return ip;
  }
  return undefined;
}

function allocatePorts(service: Service, context: AllocationContext, taken: Taken): FieldError[] {
  const { spec } = service;
  if (!spec) return [];
  const errors: FieldError[] = [];
  const own = new Map<number, Set<string>>();
  const ports = needsNodePort(service) || hasNodePorts(service) ? (spec.ports ?? []) : [];
  for (const [index, port] of ports.entries()) {
    if (!port.nodePort) continue;
    const path = specPath.child('ports').index(index).child('nodePort');
    const protocols = own.get(port.nodePort) ?? new Set<string>();
    // The same number for another protocol of the same Service is one allocation.
    const shared = protocols.size > 0 && !protocols.has(port.protocol ?? '');
    const why = shared ? undefined : portRefusal(port.nodePort, context, taken);
    if (why !== undefined) errors.push(invalidValue(path, port.nodePort, why));
    taken.ports.add(port.nodePort);
    own.set(port.nodePort, protocols.add(port.protocol ?? ''));
  }
  if (errors.length > 0) return errors;
  if (needsNodePort(service)) errors.push(...fillNodePorts(service, own, context, taken));
  if (errors.length > 0 || !needsHealthCheckNodePort(service)) return errors;
  return allocateHealthCheckPort(spec, context, taken);
}

function hasNodePorts(service: Service): boolean {
  return (service.spec?.ports ?? []).some((port) => port.nodePort);
}

function fillNodePorts(
  service: Service,
  own: Map<number, Set<string>>,
  context: AllocationContext,
  taken: Taken,
): FieldError[] {
  const byPort = new Map<number, number>();
  const ports = service.spec?.ports ?? [];
  for (const { port, nodePort } of ports) if (nodePort) byPort.set(port, nodePort);
  for (const [index, port] of ports.entries()) {
    if (port.nodePort) continue;
    const protocol = port.protocol ?? '';
    // TCP and UDP of one port get one number (DNS).
    const sibling = byPort.get(port.port);
    const usable = sibling !== undefined && own.get(sibling)?.has(protocol) === false;
    const nodePort = usable ? sibling : freePort(context, taken);
    if (nodePort === undefined) {
      const path = specPath.child('ports').index(index).child('nodePort');
      return [invalidValue(path, 0, 'failed to allocate a nodePort: range is full')];
    }
    port.nodePort = nodePort;
    byPort.set(port.port, nodePort);
    taken.ports.add(nodePort);
    own.set(nodePort, (own.get(nodePort) ?? new Set()).add(protocol));
  }
  return [];
}

function allocateHealthCheckPort(
  spec: NonNullable<Service['spec']>,
  context: AllocationContext,
  taken: Taken,
): FieldError[] {
  const path = specPath.child('healthCheckNodePort');
  if (spec.healthCheckNodePort) {
    const why = portRefusal(spec.healthCheckNodePort, context, taken);
    if (why === undefined) return [];
    const message = `failed to allocate requested HealthCheck NodePort ${spec.healthCheckNodePort}`;
    return [invalidValue(path, spec.healthCheckNodePort, `${message}: ${why}`)];
  }
  const port = freePort(context, taken);
  if (port === undefined) {
    return [invalidValue(path, 0, 'failed to allocate a HealthCheck NodePort: range is full')];
  }
  spec.healthCheckNodePort = port;
  return [];
}

function portRefusal(port: number, context: AllocationContext, taken: Taken): string | undefined {
  const { from, to } = context.nodePortRange;
  if (port < from || port > to) {
    return `provided port is not in the valid range. The range of valid ports is ${from}-${to}`;
  }
  return taken.ports.has(port) ? 'provided port is already allocated' : undefined;
}

/** KEP-3668: a band of 16 to 128 ports, a thirty-second of the range, is kept for chosen ones. */
export function staticPortBandSize(size: number): number {
  if (size <= 16) return 0;
  return Math.min(128, Math.max(16, Math.floor(size / 32)));
}

function freePort({ nodePortRange, random }: AllocationContext, taken: Taken): number | undefined {
  const { from, to } = nodePortRange;
  const first = from + staticPortBandSize(to - from + 1);
  return (
    freePortBetween(first, to, taken, random) ?? freePortBetween(from, first - 1, taken, random)
  );
}

function freePortBetween(
  from: number,
  to: number,
  { ports }: Taken,
  random: Random,
): number | undefined {
  const count = to - from + 1;
  const start = Math.floor(random.next() * count);
  for (let step = 0; step < count; step++) {
    const port = from + ((start + step) % count);
    if (!ports.has(port)) return port;
  }
  return undefined;
}
