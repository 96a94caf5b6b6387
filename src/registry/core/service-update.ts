// How one written form of a Service follows another: clusterIP and clusterIPs, and fields that leave with a type.
import { isDeepStrictEqual } from 'node:util';
import type { Service } from '../../objects.ts';
import { isExternallyAccessible } from './service-defaults.ts';
import type { ServicePort } from './types.ts';

type Spec = NonNullable<Service['spec']>;

export function needsClusterIp(service: Service | undefined): boolean {
  const type = service?.spec?.type;
  return type === 'ClusterIP' || type === 'NodePort' || type === 'LoadBalancer';
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
 * and a change of one alone carries the other with it (upstream's NormalizeClusterIPs).
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
  const sameIps = isDeepStrictEqual(ips, oldIps);
  if (ip === oldIp) return;
  if (ip === '' && oldIp !== '') {
    if (sameIps) delete spec.clusterIPs;
  } else if (ip !== '' && sameIps) {
    spec.clusterIPs = [ip];
  }
}

/** Values the server chose stay when a client leaves them out (create-again manifests). */
export function patchAllocatedValues(next: Service, old: Service): void {
  const { spec } = next;
  if (!spec || !old.spec) return;
  if (needsClusterIp(old) && needsClusterIp(next)) {
    if (!spec.clusterIP && old.spec.clusterIP) spec.clusterIP = old.spec.clusterIP;
    if (!spec.clusterIPs?.length && spec.clusterIP === old.spec.clusterIP && old.spec.clusterIPs) {
      spec.clusterIPs = [...old.spec.clusterIPs];
    }
  }
  if (needsNodePort(old) && needsNodePort(next)) keepNodePorts(spec, old.spec);
  if (needsHealthCheckNodePort(old) && needsHealthCheckNodePort(next)) {
    if (!spec.healthCheckNodePort && old.spec.healthCheckNodePort) {
      spec.healthCheckNodePort = old.spec.healthCheckNodePort;
    }
  }
}

function portKey({ protocol = '', port }: ServicePort): string {
  return `${protocol}/${port}`;
}

function keepNodePorts(spec: Spec, old: Spec): void {
  const before = new Map((old.ports ?? []).map((port) => [portKey(port), port.nodePort]));
  const asked = new Set((spec.ports ?? []).map((port) => port.nodePort).filter(Boolean));
  for (const port of spec.ports ?? []) {
    const nodePort = before.get(portKey(port));
    if (port.nodePort || !nodePort || asked.has(nodePort)) continue;
    port.nodePort = nodePort;
    asked.add(nodePort);
  }
}

function sameNodePorts(a: Spec, b: Spec): boolean {
  const listed = (spec: Spec) => (spec.ports ?? []).map((port) => port.nodePort ?? 0);
  return isDeepStrictEqual(listed(a), listed(b));
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
  if (needsNodePort(old) && !needsNodePort(next) && sameNodePorts(spec, old.spec)) {
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
  dropTrafficPolicies(next, old);
}

function dropTrafficPolicies(next: Service, old: Service): void {
  const { spec } = next;
  if (!spec || !old.spec) return;
  if (isExternallyAccessible(old) && !isExternallyAccessible(next)) {
    if (spec.externalTrafficPolicy === old.spec.externalTrafficPolicy) {
      delete spec.externalTrafficPolicy;
    }
  }
  if (needsClusterIp(old) && !needsClusterIp(next)) {
    if (spec.internalTrafficPolicy === old.spec.internalTrafficPolicy) {
      delete spec.internalTrafficPolicy;
    }
  }
}
