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
import { validateDns1123Subdomain } from '../metadata/names.ts';
import { invalidEach, validateLabels } from '../metadata/object-meta.ts';
import { parseCidr, parseIp } from './ip-range.ts';
import { validateIp } from './ip-validation.ts';
import { isExternallyAccessible } from './service-defaults.ts';
import { validateServicePorts } from './service-port-validation.ts';
import { needsClusterIp, needsHealthCheckNodePort } from './service-update.ts';

const specPath = FieldPath.of('spec');
const serviceTypes = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const affinityTimeoutMax = 86400;

type Spec = NonNullable<Service['spec']>;

export function isHeadless({ clusterIP, clusterIPs }: Spec): boolean {
  return clusterIP === 'None' || clusterIPs?.[0] === 'None';
}

export function validateService(service: Service): FieldError[] {
  const spec = service.spec ?? {};
  return [
    ...validateTypeSpecific(spec),
    ...validateServicePorts(spec, specPath.child('ports')),
    ...validateLabels(spec.selector, specPath.child('selector')),
    ...validateAffinity(spec),
    ...validateClusterIps(service),
    ...(spec.externalIPs ?? []).flatMap((ip, index) =>
      validateIp(ip, specPath.child('externalIPs').index(index)),
    ),
    ...validateType(spec.type),
    ...validateSourceRanges(spec),
    ...validateLoadBalancerFields(spec),
    ...validatePolicies(service),
  ];
}

function validateTypeSpecific(spec: Spec): FieldError[] {
  const errors: FieldError[] = [];
  const portsPath = specPath.child('ports');
  const headless = isHeadless(spec);
  if ((spec.ports ?? []).length === 0 && !headless && spec.type !== 'ExternalName') {
    errors.push(required(portsPath));
  }
  if (spec.type === 'LoadBalancer') {
    for (const [index, { port }] of (spec.ports ?? []).entries()) {
      if (port !== 10250) continue;
      const why = 'may not expose port 10250 externally since it is used by kubelet';
      errors.push(invalidValue(portsPath.index(index), port, why));
    }
  }
  if ((spec.type === 'LoadBalancer' || spec.type === 'NodePort') && headless) {
    const why = `may not be set to 'None' for ${spec.type} services`;
    errors.push(invalidValue(specPath.child('clusterIPs').index(0), 'None', why));
  }
  if (spec.type !== 'ExternalName') return errors;
  if (spec.clusterIPs?.length || spec.clusterIP) {
    const why = 'may not be set for ExternalName services';
    errors.push(forbiddenField(specPath.child('clusterIPs'), why));
  }
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

function validateClusterIps(service: Service): FieldError[] {
  const spec = service.spec ?? {};
  const path = specPath.child('clusterIPs');
  const errors: FieldError[] = [];
  if (!needsClusterIp(service)) {
    if ((spec.ipFamilies ?? []).length > 0) {
      const why = 'may not be set for ExternalName services';
      errors.push(forbiddenField(specPath.child('ipFamilies'), why));
    }
    if (spec.ipFamilyPolicy !== undefined) {
      const why = 'may not be set for ExternalName services';
      errors.push(forbiddenField(specPath.child('ipFamilyPolicy'), why));
    }
    return errors;
  }
  const ips = spec.clusterIPs ?? [];
  if (spec.clusterIP && ips.length === 0) {
    errors.push(required(path));
  } else if (ips.length > 0 && spec.clusterIP !== ips[0]) {
    errors.push(invalidValue(path, ips, 'first value must match `clusterIP`'));
  }
  ips.forEach((ip, index) => {
    if (ip === 'None') {
      if (ips.length > 1) {
        const why = "must have no more than one entry when set to 'None'";
        errors.push(invalidValue(path.index(index), ip, why));
      }
    } else errors.push(...validateIp(ip, path.index(index)));
  });
  if (ips.length > 2) {
    const why = 'may only hold up to 2 values';
    errors.push(invalidValue(path, ips, why));
  } else if (ips.length === 2 && parseIp(ips[0] ?? '')?.family === parseIp(ips[1] ?? '')?.family) {
    const why = 'may specify no more than one IP for each IP family';
    errors.push(invalidValue(path, ips, why));
  }
  return [...errors, ...validateFamilies(spec)];
}

function validateFamilies(spec: Spec): FieldError[] {
  const errors: FieldError[] = [];
  const policies = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
  if (spec.ipFamilyPolicy !== undefined && !policies.includes(spec.ipFamilyPolicy)) {
    errors.push(notSupported(specPath.child('ipFamilyPolicy'), spec.ipFamilyPolicy, policies));
  }
  const families = spec.ipFamilies ?? [];
  families.forEach((family, index) => {
    const path = specPath.child('ipFamilies').index(index);
    if (family !== 'IPv4' && family !== 'IPv6') {
      errors.push(notSupported(path, family, ['IPv4', 'IPv6']));
    }
    const ip = parseIp(spec.clusterIPs?.[index] ?? '');
    if (ip !== undefined && ip.family !== family) {
      const why = `expected an ${family} value as indicated by \`ipFamilies[${index}]\``;
      const ipPath = specPath.child('clusterIPs').index(index);
      errors.push(invalidValue(ipPath, spec.clusterIPs?.[index], why));
    }
  });
  return errors;
}

function validateSourceRanges(spec: Spec): FieldError[] {
  const ranges = spec.loadBalancerSourceRanges ?? [];
  if (ranges.length === 0) return [];
  const path = specPath.child('loadBalancerSourceRanges');
  if (spec.type !== 'LoadBalancer') {
    return [forbiddenField(path, "may only be used when `type` is 'LoadBalancer'")];
  }
  const why = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';
  return ranges.flatMap((range, index) =>
    parseCidr(range.trim()) === undefined ? [invalidValue(path.index(index), range, why)] : [],
  );
}

function validateLoadBalancerFields(spec: Spec): FieldError[] {
  const errors: FieldError[] = [];
  const onlyBalanced = "may only be used when `type` is 'LoadBalancer'";
  const allocatePath = specPath.child('allocateLoadBalancerNodePorts');
  if (spec.type === 'LoadBalancer') {
    if (spec.allocateLoadBalancerNodePorts === undefined) errors.push(required(allocatePath));
  } else {
    if (spec.allocateLoadBalancerNodePorts !== undefined) {
      errors.push(forbiddenField(allocatePath, onlyBalanced));
    }
    if (spec.loadBalancerClass !== undefined) {
      errors.push(forbiddenField(specPath.child('loadBalancerClass'), onlyBalanced));
    }
  }
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
  const healthPort = spec.healthCheckNodePort ?? 0;
  if (healthPort !== 0 && !needsHealthCheckNodePort(service)) {
    const why =
      "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    errors.push(invalidValue(specPath.child('healthCheckNodePort'), healthPort, why));
  }
  const internal = spec.internalTrafficPolicy;
  const internalPath = specPath.child('internalTrafficPolicy');
  if (spec.type !== 'ExternalName') {
    if (internal === undefined) errors.push(required(internalPath));
    else if (!policies.includes(internal)) {
      errors.push(notSupported(internalPath, internal, policies));
    }
  }
  const distributions = ['PreferClose', 'PreferSameNode', 'PreferSameZone'];
  const distribution = spec.trafficDistribution;
  if (distribution !== undefined && !distributions.includes(distribution)) {
    const path = specPath.child('trafficDistribution');
    errors.push(notSupported(path, distribution, distributions));
  }
  return errors;
}

export function validateServiceUpdate(next: Service, old: Service): FieldError[] {
  const errors: FieldError[] = [];
  const path = specPath.child('clusterIPs');
  const before = old.spec?.clusterIPs ?? [];
  const after = next.spec?.clusterIPs ?? [];
  if (needsClusterIp(old) && needsClusterIp(next) && before.length > 0) {
    if (after.length === 0) {
      const why = 'primary clusterIP can not be unset';
      errors.push(invalidValue(path.index(0), next.spec?.clusterIPs ?? null, why));
    } else if (before[0] !== after[0]) {
      errors.push(invalidValue(path.index(0), after, 'may not change once set'));
    }
    const family = old.spec?.ipFamilies?.[0];
    if (family !== undefined && next.spec?.ipFamilies?.[0] !== family) {
      const familyPath = specPath.child('ipFamilies').index(0);
      errors.push(invalidValue(familyPath, next.spec?.ipFamilies, 'may not change once set'));
    }
  }
  const wasBalanced = old.spec?.type === 'LoadBalancer' && next.spec?.type === 'LoadBalancer';
  if (wasBalanced && old.spec?.loadBalancerClass !== next.spec?.loadBalancerClass) {
    const classPath = specPath.child('loadBalancerClass');
    errors.push(invalidValue(classPath, next.spec?.loadBalancerClass, 'may not change once set'));
  }
  return errors;
}

export function validateServiceStatusUpdate(next: Service): FieldError[] {
  const path = FieldPath.of('status', 'loadBalancer', 'ingress');
  const ingress = next.status?.loadBalancer?.ingress ?? [];
  if (next.spec?.type !== 'LoadBalancer' && ingress.length > 0) {
    const why = "may only be used when `spec.type` is 'LoadBalancer'";
    return [forbiddenField(path, why)];
  }
  return ingress.flatMap(({ ip, ipMode, hostname }, index) => {
    const own = path.index(index);
    const errors: FieldError[] = ip ? validateIp(ip, own.child('ip')) : [];
    if (ip && ipMode === undefined) {
      errors.push(required(own.child('ipMode'), 'must be specified when `ip` is set'));
    }
    if (!ip && ipMode !== undefined) {
      const why = 'may not be specified when `ip` is not set';
      errors.push(forbiddenField(own.child('ipMode'), why));
    } else if (ipMode !== undefined && ipMode !== 'VIP' && ipMode !== 'Proxy') {
      errors.push(notSupported(own.child('ipMode'), ipMode, ['VIP', 'Proxy']));
    }
    if (hostname) {
      errors.push(
        ...invalidEach(own.child('hostname'), hostname, validateDns1123Subdomain(hostname)),
      );
    }
    return errors;
  });
}

export function serviceWarnings(service: Service): readonly string[] {
  const warnings: string[] = [];
  const { externalIPs = [], externalName } = service.spec ?? {};
  if (externalIPs.length > 0) {
    warnings.push(
      'spec.externalIPs is deprecated in v1.36+ and will be removed in a future release',
    );
  }
  if (externalName && service.spec?.type !== 'ExternalName') {
    warnings.push(`spec.externalName is ignored when spec.type is not "ExternalName"`);
  }
  return warnings;
}
