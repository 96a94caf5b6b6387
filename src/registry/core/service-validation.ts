// Services: ports, type, affinity, policies, and what may not change once set.
import type { Service } from '../../objects.ts';
import {
  type FieldError,
  FieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../field.ts';
import {
  validateDns1123Subdomain,
  validatePortNumber,
  validateQualifiedName,
} from '../metadata/names.ts';
import { invalidEach, validateLabels } from '../metadata/object-meta.ts';
import { validateNonSpecialIp } from './endpoints-validation.ts';
import { parseIp } from './ip-range.ts';
import { validateCidr, validateIp } from './ip-validation.ts';
import { isExternallyAccessible } from './service-defaults.ts';
import {
  isHeadless,
  validateClusterIpChange,
  validateClusterIpFields,
} from './service-ip-validation.ts';
import { validatePortNumbers, validateServicePorts } from './service-port-validation.ts';
import { needsClusterIp, needsHealthCheckNodePort } from './service-update.ts';

const specPath = FieldPath.of('spec');
const ipModes = ['Proxy', 'VIP'];
const topologyMode = 'service.kubernetes.io/topology-mode';
const topologyHints = 'service.kubernetes.io/topology-aware-hints';
const sourceRangesAnnotation = 'service.beta.kubernetes.io/load-balancer-source-ranges';
const serviceTypes = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const affinityTimeoutMax = 86400;

type Spec = NonNullable<Service['spec']>;

/** @param old what it replaces: values that were taken once are not checked by newer rules */
export function validateService(service: Service, old: Service | undefined): FieldError[] {
  const spec = service.spec ?? {};
  return [
    ...validateTopology(service),
    ...validateTypeSpecific(spec),
    ...validateServicePorts(spec, specPath.child('ports')),
    ...validateLabels(spec.selector, specPath.child('selector')),
    ...validateAffinity(spec),
    ...validateClusterIpFields(service, old),
    ...(spec.externalIPs ?? []).flatMap((ip, index) => {
      const path = specPath.child('externalIPs').index(index);
      const errors = validateIp(ip, path, old?.spec?.externalIPs);
      return errors.length > 0 ? errors : validateNonSpecialIp(ip, path);
    }),
    ...validateType(spec.type),
    ...validatePortNumbers(spec, specPath.child('ports')),
    ...validateSourceRanges(service, old),
    ...validateLoadBalancerFields(spec),
    ...validatePolicies(service),
  ];
}

function validateTopology({ metadata }: Service): FieldError[] {
  const hints = metadata?.annotations?.[topologyHints];
  const mode = metadata?.annotations?.[topologyMode];
  if (hints === undefined || mode === undefined || hints === mode) return [];
  const why = `must match annotations[${topologyHints}] when both are specified`;
  return [invalidValue(FieldPath.of('metadata', 'annotations').key(topologyMode), mode, why)];
}

function validateTypeSpecific(spec: Spec): FieldError[] {
  const errors: FieldError[] = [];
  const headless = isHeadless(spec);
  if ((spec.ports ?? []).length === 0 && !headless && spec.type !== 'ExternalName') {
    errors.push(required(specPath.child('ports')));
  }
  if ((spec.type === 'LoadBalancer' || spec.type === 'NodePort') && headless) {
    const why = `may not be set to 'None' for ${spec.type} services`;
    errors.push(invalidValue(specPath.child('clusterIPs').index(0), 'None', why));
  }
  if (spec.type !== 'ExternalName') return errors;
  const why = 'may not be set for ExternalName services';
  const forbid = (field: string) => errors.push(forbiddenField(specPath.child(field), why));
  if ((spec.clusterIPs ?? []).length > 0) forbid('clusterIPs');
  if ((spec.ipFamilies ?? []).length > 0) forbid('ipFamilies');
  if (spec.ipFamilyPolicy !== undefined) forbid('ipFamilyPolicy');
  const namePath = specPath.child('externalName');
  const name = (spec.externalName ?? '').replace(/\.$/, '');
  if (name === '') return [...errors, required(namePath)];
  return [...errors, ...invalidEach(namePath, name, validateDns1123Subdomain(name))];
}

function validateType(type: string | undefined): FieldError[] {
  const path = specPath.child('type');
  if (!type) return [required(path)];
  return serviceTypes.includes(type) ? [] : [notSupported(path, type, serviceTypes)];
}

function validateAffinity(spec: Spec): FieldError[] {
  const path = specPath.child('sessionAffinity');
  const { sessionAffinity: affinity, sessionAffinityConfig: config } = spec;
  if (!affinity) return [required(path)];
  if (affinity !== 'ClientIP' && affinity !== 'None') {
    return [notSupported(path, affinity, ['ClientIP', 'None'])];
  }
  const configPath = specPath.child('sessionAffinityConfig');
  if (affinity === 'None') {
    if (!config) return [];
    return [forbiddenField(configPath, 'must not be set when session affinity is None')];
  }
  if (!config) return [required(configPath, 'when session affinity type is ClientIP')];
  const seconds = config.clientIP?.timeoutSeconds;
  const secondsPath = configPath.child('clientIP', 'timeoutSeconds');
  if (seconds === undefined) {
    return [required(secondsPath, 'when session affinity type is ClientIP')];
  }
  if (seconds > 0 && seconds <= affinityTimeoutMax) return [];
  const why = `must be greater than 0 and less than ${affinityTimeoutMax}`;
  return [invalidValue(secondsPath, seconds, why)];
}

function validateSourceRanges(
  { metadata, spec = {} }: Service,
  old: Service | undefined,
): FieldError[] {
  const onlyBalanced = "may only be used when `type` is 'LoadBalancer'";
  const ranges = spec.loadBalancerSourceRanges ?? [];
  const wrongType = spec.type !== 'LoadBalancer';
  if (ranges.length > 0) {
    // Upstream spells the path like this.
    const path = specPath.child('LoadBalancerSourceRanges');
    const known = (old?.spec?.loadBalancerSourceRanges ?? []).map((range) => range.trim());
    return [
      ...(wrongType ? [forbiddenField(path, onlyBalanced)] : []),
      ...ranges.flatMap((range, index) => validateCidr(range.trim(), path.index(index), known)),
    ];
  }
  const annotation = metadata?.annotations?.[sourceRangesAnnotation];
  if (annotation === undefined) return [];
  const path = FieldPath.of('metadata', 'annotations').key(sourceRangesAnnotation);
  const errors = wrongType ? [forbiddenField(path, onlyBalanced)] : [];
  if (annotation.trim() === '') return errors;
  if (old?.metadata?.annotations?.[sourceRangesAnnotation] === annotation) return errors;
  const listed = annotation.trim().split(',');
  return [...errors, ...listed.flatMap((range) => validateCidr(range.trim(), path))];
}

function validateLoadBalancerFields(spec: Spec): FieldError[] {
  const { loadBalancerClass, allocateLoadBalancerNodePorts } = spec;
  const errors: FieldError[] = [];
  const field = 'allocateLoadBalancerNodePorts';
  const classPath = specPath.child('loadBalancerClass');
  if (spec.type === 'LoadBalancer') {
    if (allocateLoadBalancerNodePorts === undefined) errors.push(required(FieldPath.of(field)));
    if (loadBalancerClass === undefined) return errors;
    const wrong = validateQualifiedName(loadBalancerClass);
    return [...errors, ...invalidEach(classPath, loadBalancerClass, wrong)];
  }
  const onlyBalanced = "may only be used when `type` is 'LoadBalancer'";
  if (allocateLoadBalancerNodePorts !== undefined) {
    errors.push(forbiddenField(specPath.child(field), onlyBalanced));
  }
  if (loadBalancerClass !== undefined) errors.push(forbiddenField(classPath, onlyBalanced));
  return errors;
}

function validatePolicies(service: Service): FieldError[] {
  const spec = service.spec ?? {};
  const errors: FieldError[] = [];
  const policies = ['Cluster', 'Local'];
  const external = spec.externalTrafficPolicy ?? '';
  const externalPath = specPath.child('externalTrafficPolicy');
  if (isExternallyAccessible(service)) {
    if (external === '') errors.push(required(externalPath));
    else if (!policies.includes(external)) {
      errors.push(notSupported(externalPath, external, policies));
    }
  } else if (external !== '') {
    const why = 'may only be set for externally-accessible services';
    errors.push(invalidValue(externalPath, external, why));
  }
  errors.push(...validateHealthPort(service));
  const internal = spec.internalTrafficPolicy;
  const internalPath = specPath.child('internalTrafficPolicy');
  if (internal === undefined) {
    if (needsClusterIp(service)) errors.push(required(internalPath));
  } else if (!policies.includes(internal)) {
    errors.push(notSupported(internalPath, internal, policies));
  }
  const distributions = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];
  const distribution = spec.trafficDistribution;
  if (distribution !== undefined && !distributions.includes(distribution)) {
    const path = specPath.child('trafficDistribution');
    errors.push(notSupported(path, distribution, distributions));
  }
  return errors;
}

function validateHealthPort(service: Service): FieldError[] {
  const port = service.spec?.healthCheckNodePort ?? 0;
  const path = specPath.child('healthCheckNodePort');
  if (needsHealthCheckNodePort(service)) {
    return port === 0 ? [required(path)] : invalidEach(path, port, validatePortNumber(port));
  }
  if (port === 0) return [];
  const why =
    "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
  return [invalidValue(path, port, why)];
}

/** What may not change. */
export function validateServiceUpdate(next: Service, old: Service): FieldError[] {
  const errors = validateClusterIpChange(next, old);
  const balanced = old.spec?.type === 'LoadBalancer' && next.spec?.type === 'LoadBalancer';
  const loadBalancerClass = next.spec?.loadBalancerClass;
  if (balanced && old.spec?.loadBalancerClass !== loadBalancerClass) {
    const path = specPath.child('loadBalancerClass');
    errors.push(invalidValue(path, loadBalancerClass ?? null, 'may not change once set'));
  }
  if (needsHealthCheckNodePort(old) && needsHealthCheckNodePort(next)) {
    if (next.spec?.healthCheckNodePort !== old.spec?.healthCheckNodePort) {
      const path = specPath.child('healthCheckNodePort');
      errors.push(forbiddenField(path, 'field is immutable'));
    }
  }
  return errors;
}

export function validateServiceStatusUpdate(next: Service, old: Service): FieldError[] {
  const path = FieldPath.of('status', 'loadBalancer', 'ingress');
  const ingress = next.status?.loadBalancer?.ingress ?? [];
  if (next.spec?.type !== 'LoadBalancer' && ingress.length > 0) {
    const why = "may only be used when `spec.type` is 'LoadBalancer'";
    return [forbiddenField(path, why)];
  }
  const known = (old.status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip ? [ip] : []));
  return ingress.flatMap((each, index) => validateBalancer(each, known, path.index(index)));
}

function validateBalancer(
  { ip, ipMode, hostname }: { ip?: string; ipMode?: string; hostname?: string },
  known: readonly string[],
  path: FieldPath,
): FieldError[] {
  const errors = ip ? validateIp(ip, path.child('ip'), known) : [];
  const modePath = path.child('ipMode');
  if (ipMode === undefined) {
    if (ip) errors.push(required(modePath, 'must be specified when `ip` is set'));
  } else if (!ip)
    errors.push(forbiddenField(modePath, 'may not be specified when `ip` is not set'));
  else if (!ipModes.includes(ipMode)) errors.push(notSupported(modePath, ipMode, ipModes));
  if (!hostname) return errors;
  const hostPath = path.child('hostname');
  errors.push(...invalidEach(hostPath, hostname, validateDns1123Subdomain(hostname)));
  if (parseIp(hostname) !== undefined) {
    errors.push(invalidValue(hostPath, hostname, 'must be a DNS name, not an IP address'));
  }
  return errors;
}
