// Ingresses: hosts, paths, backends and TLS, and what an old one may keep that a new one may not have.
import type { Ingress } from '../../objects.ts';
import { parseIp } from '../core/ip-range.ts';
import { validateIp } from '../core/ip-validation.ts';
import { type FieldError, FieldPath, invalidValue, notSupported, required } from '../field.ts';
import {
  validateDns1123Label,
  validateDns1123Subdomain,
  validatePathSegmentName,
  validatePortName,
  validatePortNumber,
  validateWildcardDns1123Subdomain,
} from '../metadata/names.ts';
import { invalidEach } from '../metadata/object-meta.ts';

type Spec = NonNullable<Ingress['spec']>;
type Rule = NonNullable<Spec['rules']>[number];
type Path = NonNullable<Rule['http']>['paths'][number];
type Backend = NonNullable<Spec['defaultBackend']>;

export const classAnnotation = 'kubernetes.io/ingress.class';
const specPath = FieldPath.of('spec');
const pathTypes = ['Exact', 'ImplementationSpecific', 'Prefix'];
const badSequences = ['//', '/./', '/../', '%2f', '%2F'];
const badSuffixes = ['/..', '/.'];
const notAnIp = 'must be a DNS name, not an IP address';

export function validateIngress(ingress: Ingress, old: Ingress | undefined): FieldError[] {
  const errors = validateSpec(ingress.spec ?? {}, old?.spec);
  if (old !== undefined) return errors;
  const annotation = ingress.metadata?.annotations?.[classAnnotation];
  const className = ingress.spec?.ingressClassName;
  if (annotation === undefined || className === undefined || annotation === className) {
    return errors;
  }
  const why = 'must match `ingressClassName` when both are specified';
  return [...errors, invalidValue(FieldPath.of('annotations', classAnnotation), annotation, why)];
}

function validateSpec(spec: Spec, old: Spec | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const { rules = [], defaultBackend, tls = [], ingressClassName } = spec;
  if (rules.length === 0 && defaultBackend === undefined) {
    const why = 'either `defaultBackend` or `rules` must be specified';
    errors.push(invalidValue(specPath, spec.rules ?? null, why));
  }
  if (defaultBackend !== undefined) {
    errors.push(...validateBackend(defaultBackend, specPath.child('defaultBackend')));
  }
  const wildcardsPass = (old?.rules ?? []).some(
    (rule) => rule.host?.includes('*') && validateRuleValue(rule, specPath).length > 0,
  );
  rules.forEach((rule, index) => {
    errors.push(...validateRule(rule, wildcardsPass, specPath.child('rules').index(index)));
  });
  const secretsPass = (old?.tls ?? []).some(
    ({ secretName }) => secretName && validateDns1123Subdomain(secretName).length > 0,
  );
  tls.forEach((entry, index) => {
    errors.push(...validateTls(entry, secretsPass, specPath.child('tls').index(index)));
  });
  if (ingressClassName !== undefined) {
    const path = specPath.child('ingressClassName');
    errors.push(...invalidEach(path, ingressClassName, validateDns1123Subdomain(ingressClassName)));
  }
  return errors;
}

function validateHost(host: string, path: FieldPath): FieldError[] {
  const check = host.includes('*') ? validateWildcardDns1123Subdomain : validateDns1123Subdomain;
  return invalidEach(path, host, check(host));
}

function validateTls(
  { hosts = [], secretName = '' }: NonNullable<Spec['tls']>[number],
  secretsPass: boolean,
  path: FieldPath,
): FieldError[] {
  const errors = hosts.flatMap((host, index) =>
    validateHost(host, path.child('hosts').index(index)),
  );
  if (secretsPass || secretName === '') return errors;
  const wrong = validateDns1123Subdomain(secretName);
  return [...errors, ...invalidEach(path.child('secretName'), secretName, wrong)];
}

function validateRule(rule: Rule, wildcardsPass: boolean, path: FieldPath): FieldError[] {
  const { host = '' } = rule;
  const errors: FieldError[] = [];
  if (host !== '') {
    const own = path.child('host');
    if (parseIp(host) !== undefined) errors.push(invalidValue(own, host, notAnIp));
    errors.push(...validateHost(host, own));
  }
  if (host.includes('*') && wildcardsPass) return errors;
  return [...errors, ...validateRuleValue(rule, path)];
}

function validateRuleValue({ http }: Rule, path: FieldPath): FieldError[] {
  if (http === undefined) return [];
  const own = path.child('http', 'paths');
  const paths = http.paths ?? [];
  if (paths.length === 0) return [required(own)];
  return paths.flatMap((each, index) => validatePath(each, own.index(index)));
}

function validatePath({ path = '', pathType, backend }: Path, at: FieldPath): FieldError[] {
  if (pathType === undefined || pathType === null) {
    return [required(at.child('pathType'), 'pathType must be specified')];
  }
  const own = at.child('path');
  const errors: FieldError[] = [];
  const absolute = path.startsWith('/');
  switch (pathType) {
    case 'Exact':
    case 'Prefix':
      if (!absolute) errors.push(invalidValue(own, path, 'must be an absolute path'));
      for (const bad of badSequences) {
        if (path.includes(bad)) errors.push(invalidValue(own, path, `must not contain '${bad}'`));
      }
      for (const bad of badSuffixes) {
        if (path.endsWith(bad)) errors.push(invalidValue(own, path, `cannot end with '${bad}'`));
      }
      break;
    case 'ImplementationSpecific':
      if (path !== '' && !absolute) {
        errors.push(invalidValue(own, path, 'must be an absolute path'));
      }
      break;
    default:
      errors.push(notSupported(at.child('pathType'), pathType, pathTypes));
  }
  return [...errors, ...validateBackend(backend ?? {}, at.child('backend'))];
}

function validateBackend({ service, resource }: Backend, path: FieldPath): FieldError[] {
  if (service !== undefined && resource !== undefined) {
    return [invalidValue(path, '', 'cannot set both resource and service backends')];
  }
  if (resource !== undefined) return validateReference(resource, path.child('resource'));
  if (service === undefined) {
    return [invalidValue(path, '', 'resource or service backend is required')];
  }
  const namePath = path.child('service', 'name');
  const { name = '', port } = service;
  const errors =
    name === '' ? [required(namePath)] : invalidEach(namePath, name, validateDns1123Label(name));
  return [...errors, ...validateBackendPort(port?.name ?? '', port?.number ?? 0, path)];
}

function validateBackendPort(name: string, number: number, path: FieldPath): FieldError[] {
  if (name !== '' && number !== 0) {
    return [invalidValue(path, '', 'cannot set both port name & port number')];
  }
  const own = path.child('service', 'port');
  if (name !== '') return invalidEach(own.child('name'), name, validatePortName(name));
  if (number !== 0) return invalidEach(own.child('number'), number, validatePortNumber(number));
  return [required(path, 'port name or number is required')];
}

/** What refers to an object of any kind: group, kind and name, each fit for a URL path. */
export function validateReference(
  reference: { readonly apiGroup?: string | null; readonly kind?: string; readonly name?: string },
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  const { apiGroup } = reference;
  if (apiGroup !== undefined && apiGroup !== null) {
    const wrong = validateDns1123Subdomain(apiGroup);
    errors.push(...invalidEach(path.child('apiGroup'), apiGroup, wrong));
  }
  for (const field of ['kind', 'name'] as const) {
    const value = reference[field] ?? '';
    const own = path.child(field);
    if (value === '') errors.push(required(own));
    else errors.push(...invalidEach(own, value, validatePathSegmentName(value)));
  }
  return errors;
}

export function validateIngressStatusUpdate(next: Ingress, old: Ingress): FieldError[] {
  const path = FieldPath.of('status', 'loadBalancer', 'ingress');
  const known = (old.status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip ? [ip] : []));
  return (next.status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }, index) => {
    const own = path.index(index);
    const errors = ip ? validateIp(ip, own.child('ip'), known) : [];
    if (!hostname) return errors;
    const hostPath = own.child('hostname');
    errors.push(...invalidEach(hostPath, hostname, validateDns1123Subdomain(hostname)));
    if (parseIp(hostname) !== undefined) errors.push(invalidValue(hostPath, hostname, notAnIp));
    return errors;
  });
}
