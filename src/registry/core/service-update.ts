// How one written form of a Service follows another: clusterIP and clusterIPs, and fields that leave with a type.
import { isDeepStrictEqual } from 'node:util';
import type { Service } from '../../objects.ts';
import { isExternallyAccessible } from './service-defaults.ts';

type Spec = NonNullable<Service['spec']>;

export function needsClusterIp(service: Service | undefined): boolean {
  const type = service?.spec?.type;
  return type === 'ClusterIP' || type === 'NodePort' || type === 'LoadBalancer';
}

/** The types that node ports belong to, whether the server gives them or not. */
function mayHaveNodePorts(service: Service | undefined): boolean {
  const type = service?.spec?.type;
  return type === 'NodePort' || type === 'LoadBalancer';
}

export function needsNodePort(service: Service | undefined): boolean {
  const { type, allocateLoadBalancerNodePorts } = service?.spec ?? {};
  if (type === 'NodePort') return true;
  return type === 'LoadBalancer' && allocateLoadBalancerNodePorts !== false;
}

export function needsHealthCheckNodePort(service: Service | undefined): boolean {
  const { type, externalTrafficPolicy } = service?.spec ?? {};
  return type === 'LoadBalancer' && externalTrafficPolicy === 'Local';
}

/**
 * Old clients know only `clusterIP`, new ones write both: the singular follows the plural's first
 * and a change of one alone carries the other with it (upstream's normalizeClusterIPs).
 */
export function normalizeClusterIps(next: Service, old: Service | undefined): void {
  const { spec } = next;
  if (!spec) return;
  const ip = spec.clusterIP ?? '';
  const ips = spec.clusterIPs ?? [];
  if (old === undefined) {
    if (ip !== '' && ips.length === 0) spec.clusterIPs = [ip];
    return;
  }
  const oldIp = old.spec?.clusterIP ?? '';
  const oldIps = old.spec?.clusterIPs ?? [];
  if (ip === oldIp) {
    // A client that does not know the plural left it out.
    if (ips.length === 0 && oldIps.length > 0) spec.clusterIPs = [...oldIps];
    return;
  }
  if (!isDeepStrictEqual(ips, oldIps)) return;
  if (ip === '') delete spec.clusterIPs;
  else spec.clusterIPs = [ip];
}

/** Values the server chose stay when a client leaves them out (create-again manifests). */
export function patchAllocatedValues(next: Service, old: Service): void {
  const { spec } = next;
  if (!spec || !old.spec) return;
  if (needsClusterIp(old) && needsClusterIp(next)) {
    if (!spec.clusterIP && old.spec.clusterIP) spec.clusterIP = old.spec.clusterIP;
    if (!spec.clusterIPs?.length && old.spec.clusterIPs) {
      spec.clusterIPs = [...old.spec.clusterIPs];
    }
  }
  if (mayHaveNodePorts(old) && mayHaveNodePorts(next)) keepNodePorts(spec, old.spec);
  if (needsHealthCheckNodePort(old) && needsHealthCheckNodePort(next)) {
    if (!spec.healthCheckNodePort && old.spec.healthCheckNodePort) {
      spec.healthCheckNodePort = old.spec.healthCheckNodePort;
    }
  }
}

/** By the ports' names; a number that another port has taken over is not given back. */
function keepNodePorts(spec: Spec, old: Spec): void {
  const used = (ports: Spec['ports']) =>
    new Set((ports ?? []).flatMap(({ nodePort }) => (nodePort ? [nodePort] : [])));
  const both = used(old.ports).intersection(used(spec.ports));
  const before = new Map((old.ports ?? []).map(({ name, nodePort }) => [name ?? '', nodePort]));
  for (const port of spec.ports ?? []) {
    if (port.nodePort) continue;
    const nodePort = before.get(port.name ?? '');
    if (nodePort && !both.has(nodePort)) port.nodePort = nodePort;
  }
}

/** Whether `next` has no node port that `old` did not have. */
function addsNoNodePort(next: Spec, old: Spec): boolean {
  const before = new Set((old.ports ?? []).map(({ nodePort }) => nodePort));
  return (next.ports ?? []).every(({ nodePort }) => !nodePort || before.has(nodePort));
}

/**
 * Fields that the new type cannot have are dropped when the client left them as they were: changing
 * `type` alone is enough (upstream's dropTypeDependentFields).
 */
export function dropTypeDependentFields(next: Service, old: Service): void {
  const { spec } = next;
  if (!spec || !old.spec) return;
  if (needsClusterIp(old) && !needsClusterIp(next)) {
    if (spec.clusterIP === old.spec.clusterIP) delete spec.clusterIP;
    if (isDeepStrictEqual(spec.clusterIPs, old.spec.clusterIPs)) delete spec.clusterIPs;
    if (isDeepStrictEqual(spec.ipFamilies, old.spec.ipFamilies)) delete spec.ipFamilies;
    if (spec.ipFamilyPolicy === old.spec.ipFamilyPolicy) delete spec.ipFamilyPolicy;
  }
  if (mayHaveNodePorts(old) && !mayHaveNodePorts(next) && addsNoNodePort(spec, old.spec)) {
    for (const port of spec.ports ?? []) delete port.nodePort;
  }
  if (needsHealthCheckNodePort(old) && !needsHealthCheckNodePort(next)) {
    if (spec.healthCheckNodePort === old.spec.healthCheckNodePort) delete spec.healthCheckNodePort;
  }
  const wasBalanced = old.spec.type === 'LoadBalancer';
  if (wasBalanced && spec.type !== 'LoadBalancer') {
    if (spec.allocateLoadBalancerNodePorts === old.spec.allocateLoadBalancerNodePorts) {
      delete spec.allocateLoadBalancerNodePorts;
    }
    if (spec.loadBalancerClass === old.spec.loadBalancerClass) delete spec.loadBalancerClass;
  }
  if (isExternallyAccessible(old) && !isExternallyAccessible(next)) {
    if (spec.externalTrafficPolicy === old.spec.externalTrafficPolicy) {
      delete spec.externalTrafficPolicy;
    }
  }
  // The balancer goes on its own time, but nobody need see that.
  if (spec.type !== 'LoadBalancer' && next.status !== undefined) next.status.loadBalancer = {};
}
