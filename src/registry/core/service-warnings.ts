// What the author of a Service should hear of, though it is allowed.
import type { Service } from '../../objects.ts';
import { FieldPath } from '../field.ts';
import { cidrWarnings, ipWarnings } from './ip-validation.ts';
import { isHeadless } from './service-ip-validation.ts';

const specPath = FieldPath.of('spec');
const topologyMode = 'service.kubernetes.io/topology-mode';
const topologyHints = 'service.kubernetes.io/topology-aware-hints';

function headlessWarnings(spec: NonNullable<Service['spec']>): string[] {
  if (!isHeadless(spec)) return [];
  const { loadBalancerIP, externalIPs = [], sessionAffinity } = spec;
  return [
    ...(loadBalancerIP ? ['spec.loadBalancerIP is ignored for headless services'] : []),
    ...(externalIPs.length > 0 ? ['spec.externalIPs is ignored for headless services'] : []),
    ...(sessionAffinity === 'None'
      ? []
      : ['spec.SessionAffinity is ignored for headless services']),
  ];
}

/** As upstream's GetWarningsForService, or for what the status door brings. */
export function serviceWarnings(
  { metadata, spec = {}, status }: Service,
  _old: Service | undefined,
  subresource = '',
): readonly string[] {
  if (subresource === 'status') {
    const path = FieldPath.of('status', 'loadBalancer', 'ingress');
    return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }, index) =>
      ip ? ipWarnings(path.index(index), ip) : [],
    );
  }
  const { externalIPs = [], externalName, trafficDistribution, type } = spec;
  const warnings: string[] = [];
  if (metadata?.annotations?.[topologyHints] !== undefined) {
    warnings.push(`annotation ${topologyHints} is deprecated, please use ${topologyMode} instead`);
  }
  const headless = isHeadless(spec);
  const each = (field: string, ips: readonly string[]) =>
    ips.flatMap((ip, index) => ipWarnings(specPath.child(field).index(index), ip));
  if (!headless) warnings.push(...each('clusterIPs', spec.clusterIPs ?? []));
  warnings.push(...headlessWarnings(spec), ...each('externalIPs', externalIPs));
  const isName = type === 'ExternalName';
  if (externalIPs.length > 0 && !headless && !isName) {
    const why = 'is deprecated and may no longer be implemented in some clusters';
    warnings.push(`spec.externalIPs ${why}`);
  }
  if (spec.loadBalancerIP) {
    warnings.push(...ipWarnings(specPath.child('loadBalancerIP'), spec.loadBalancerIP));
  }
  for (const [index, cidr] of (spec.loadBalancerSourceRanges ?? []).entries()) {
    warnings.push(...cidrWarnings(specPath.child('loadBalancerSourceRanges').index(index), cidr));
  }
  if (isName && externalIPs.length > 0) {
    warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  }
  if (!isName && externalName) {
    warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  }
  if (trafficDistribution === 'PreferClose') {
    const use = 'is deprecated; use "PreferSameZone"';
    warnings.push(`spec.trafficDistribution: "PreferClose" ${use}`);
  }
  return warnings;
}
