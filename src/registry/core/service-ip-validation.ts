// Cluster IPs and IP families of Services: whether they agree, and how they may change.
import type { Service } from '../../objects.ts';
import {
  duplicate,
  type FieldError,
  FieldPath,
  invalidValue,
  notSupported,
  required,
} from '../field.ts';
import { parseIp } from './ip-range.ts';
import { validateIp } from './ip-validation.ts';

type Spec = NonNullable<Service['spec']>;

const specPath = FieldPath.of('spec');
const ipsPath = specPath.child('clusterIPs');
const familiesPath = specPath.child('ipFamilies');
const policyPath = specPath.child('ipFamilyPolicy');
const policies = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
const unchangeable = 'may not change once set';

export function isHeadless({ clusterIPs }: Spec): boolean {
  return clusterIPs?.length === 1 && clusterIPs[0] === 'None';
}

/** Upstream's ValidateServiceClusterIPsRelatedFields; it also runs before addresses are given. */
export function validateClusterIpFields(
  { spec = {} }: Service,
  old: Service | undefined,
): FieldError[] {
  if (spec.type === 'ExternalName') return [];
  const ips = spec.clusterIPs ?? [];
  const errors = [...validateSingular(spec, ips), ...validateFamilyNames(spec)];
  const bad: FieldError[] = [];
  ips.forEach((ip, index) => {
    if (index > 0 || ip !== 'None') {
      bad.push(...validateIp(ip, ipsPath.index(index), old?.spec?.clusterIPs));
    } else if (ips.length > 1) {
      bad.push(invalidValue(ipsPath, ips, "'None' must be the first and only value"));
    }
  });
  errors.push(...bad);
  if (ips.length > 2) errors.push(invalidValue(ipsPath, ips, 'may only hold up to 2 values'));
  if (bad.length > 0) return errors;
  if (ips.length > 1 && new Set(ips.map((ip) => parseIp(ip)?.family)).size < 2) {
    errors.push(invalidValue(ipsPath, ips, 'may specify no more than one IP for each IP family'));
  }
  return isHeadless(spec) ? errors : [...errors, ...validateMatch(ips, spec.ipFamilies ?? [])];
}

function validateSingular({ clusterIP }: Spec, ips: readonly string[]): FieldError[] {
  if (!clusterIP) {
    if (ips.length === 0) return [];
    return [invalidValue(ipsPath, ips, 'must be empty when `clusterIP` is not specified')];
  }
  if (ips.length === 0) return [required(ipsPath)];
  if (ips[0] === clusterIP) return [];
  return [invalidValue(ipsPath, ips, 'first value must match `clusterIP`')];
}

function validateFamilyNames({ ipFamilies = [], ipFamilyPolicy: policy }: Spec): FieldError[] {
  const errors: FieldError[] = [];
  ipFamilies.forEach((family, index) => {
    const path = familiesPath.index(index);
    if (family !== 'IPv4' && family !== 'IPv6') {
      errors.push(notSupported(path, family, ['IPv4', 'IPv6']));
    }
    if (ipFamilies.indexOf(family) < index) errors.push(duplicate(path, family));
  });
  if (policy !== undefined && !policies.includes(policy)) {
    errors.push(notSupported(policyPath, policy, policies));
  }
  return errors;
}

function validateMatch(ips: readonly string[], families: readonly string[]): FieldError[] {
  return ips.flatMap((ip, index) => {
    const family = families[index];
    const is = parseIp(ip)?.family;
    if (is === undefined || is === family || (family !== 'IPv4' && family !== 'IPv6')) return [];
    const why = `expected an ${family} value as indicated by \`ipFamilies[${index}]\``;
    return [invalidValue(ipsPath.index(index), ip, why)];
  });
}

/** A second address may come or go, the first stays; to and from ExternalName all may change. */
export function validateClusterIpChange(next: Service, old: Service): FieldError[] {
  const [after, before] = [next.spec ?? {}, old.spec ?? {}];
  if (after.type === 'ExternalName' || before.type === 'ExternalName') return [];
  const headless = [isHeadless(after), isHeadless(before)];
  const errors = headless.every(Boolean) ? [] : validateIpsChange(after, before);
  return headless.some(Boolean) ? errors : [...errors, ...validateFamiliesChange(after, before)];
}

function validateIpsChange(after: Spec, before: Spec): FieldError[] {
  const [ips, old] = [after.clusterIPs ?? [], before.clusterIPs ?? []];
  const shown = after.clusterIPs ?? null;
  if (ips.length === old.length) {
    return ips.flatMap((ip, index) =>
      ip === old[index] ? [] : [invalidValue(ipsPath.index(index), shown, unchangeable)],
    );
  }
  const errors: FieldError[] = [];
  const path = ipsPath.index(0);
  if (ips.length === 0)
    errors.push(invalidValue(path, shown, 'primary clusterIP can not be unset'));
  else if (old.length > 0 && ips[0] !== old[0]) {
    errors.push(invalidValue(path, shown, unchangeable));
  }
  if (ips.length === 1 && old.length > 1 && after.ipFamilyPolicy !== 'SingleStack') {
    const why = "must be set to 'SingleStack' when releasing the secondary clusterIP";
    errors.push(invalidValue(policyPath, after.ipFamilyPolicy ?? null, why));
  }
  return errors;
}

function validateFamiliesChange(after: Spec, before: Spec): FieldError[] {
  const [families, old] = [after.ipFamilies ?? [], before.ipFamilies ?? []];
  const path = familiesPath.index(0);
  if (families.length === old.length) {
    return families.flatMap((family, index) =>
      family === old[index] ? [] : [invalidValue(path, families, unchangeable)],
    );
  }
  const errors: FieldError[] = [];
  const fewer = families.length < old.length;
  if (fewer && (after.clusterIPs ?? []).length === 0) {
    const why = 'primary ipFamily can not be unset';
    errors.push(invalidValue(path, after.ipFamilies ?? null, why));
  }
  if (families.length > 0 && old.length > 0 && families[0] !== old[0]) {
    errors.push(invalidValue(path, after.clusterIPs ?? null, unchangeable));
  }
  if (fewer && families.length === 1 && after.ipFamilyPolicy !== 'SingleStack') {
    const why = "must be set to 'SingleStack' when releasing the secondary ipFamily";
    errors.push(invalidValue(policyPath, after.ipFamilyPolicy ?? null, why));
  }
  return errors;
}
