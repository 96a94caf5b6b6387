// Which address families a Service has: asked for, implied by its addresses, or the cluster's.
import { isDeepStrictEqual } from 'node:util';
import type { Service } from '../../objects.ts';
import { type FieldError, FieldPath, invalidValue } from '../field.ts';
import { type IpFamily, parseIp } from './ip-range.ts';
import { validateClusterIpFields } from './service-ip-validation.ts';
import { needsClusterIp } from './service-update.ts';

type Spec = NonNullable<Service['spec']>;

const specPath = FieldPath.of('spec');
const policyPath = specPath.child('ipFamilyPolicy');

/** A PreferDualStack Service whose addresses are not touched is not up- or downgraded by the way. */
export function keepsPreferredFamilies(next: Service, old: Service | undefined): boolean {
  if (next.spec === undefined || old?.spec === undefined || !needsClusterIp(next)) return false;
  if (next.spec.type !== old.spec.type) return false;
  if (next.spec.ipFamilyPolicy !== 'PreferDualStack') return false;
  if ((old.spec.ipFamilyPolicy ?? 'PreferDualStack') !== 'PreferDualStack') return false;
  return same(next.spec, old.spec, 'clusterIPs') && same(next.spec, old.spec, 'ipFamilies');
}

function same(a: Spec, b: Spec, field: 'clusterIPs' | 'ipFamilies'): boolean {
  return isDeepStrictEqual(a[field] ?? [], b[field] ?? []);
}

/**
 * Fills spec.ipFamilyPolicy and spec.ipFamilies in place (upstream's initIPFamilyFields).
 *
 * @param families the cluster's, primary first
 */
export function assignIpFamilies(
  service: Service,
  old: Service | undefined,
  families: readonly IpFamily[],
): FieldError[] {
  const { spec } = service;
  if (!spec || spec.type === 'ExternalName' || keepsPreferredFamilies(service, old)) return [];
  const bare = spec.clusterIP === 'None' && Object.keys(spec.selector ?? {}).length === 0;
  spec.ipFamilyPolicy ??= old?.spec?.ipFamilyPolicy ?? (bare ? 'RequireDualStack' : 'SingleStack');
  const errors = validateClusterIpFields(service, old);
  if (errors.length > 0) return errors;
  if (old?.spec !== undefined) errors.push(...release(spec, old.spec));
  errors.push(...checkPolicy(spec), ...inferFamilies(spec, families));
  if (errors.length > 0) return errors;
  if (bare) {
    // Nobody knows what its endpoints will be, so even a cluster of one family lets it have both.
    spec.ipFamilies = wanted(spec, families[0] ?? 'IPv4');
    return [];
  }
  errors.push(...checkConfigured(spec, families));
  if (errors.length > 0) return errors;
  const all = wanted(spec, families[0] ?? 'IPv4');
  spec.ipFamilies = families.length > 1 ? all : all.slice(0, spec.ipFamilies?.length || 1);
  return [];
}

/** The families asked for, and the other one unless the policy is SingleStack. */
function wanted({ ipFamilies = [], ipFamilyPolicy }: Spec, primary: IpFamily): string[] {
  const [first = primary, second] = ipFamilies;
  if (second !== undefined) return [...ipFamilies];
  if (ipFamilyPolicy === 'SingleStack') return [first];
  return [first, first === 'IPv4' ? 'IPv6' : 'IPv4'];
}

/** To say SingleStack is enough to lose the second address; to lose it one has to say so. */
function release(spec: Spec, old: Spec): FieldError[] {
  if (spec.ipFamilyPolicy === 'SingleStack') {
    if (same(spec, old, 'clusterIPs') && spec.clusterIPs) {
      spec.clusterIPs = spec.clusterIPs.slice(0, 1);
    }
    if (same(spec, old, 'ipFamilies') && spec.ipFamilies) {
      spec.ipFamilies = spec.ipFamilies.slice(0, 1);
    }
    return [];
  }
  const reduced = (field: 'clusterIPs' | 'ipFamilies') => {
    const count = spec[field]?.length ?? 0;
    return count > 0 && count < (old[field]?.length ?? 0);
  };
  const errors: FieldError[] = [];
  const refuse = (what: string) => {
    const why = `must be 'SingleStack' to release the secondary ${what}`;
    errors.push(invalidValue(policyPath, spec.ipFamilyPolicy, why));
  };
  if (reduced('clusterIPs')) refuse('cluster IP');
  if (reduced('ipFamilies')) refuse('IP family');
  return errors;
}

function checkPolicy({ ipFamilyPolicy, clusterIPs, ipFamilies }: Spec): FieldError[] {
  if (ipFamilyPolicy !== 'SingleStack') return [];
  const errors: FieldError[] = [];
  const refuse = (what: string) => {
    const why = `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`;
    errors.push(invalidValue(policyPath, ipFamilyPolicy, why));
  };
  if (clusterIPs?.length === 2) refuse('cluster IPs');
  if (ipFamilies?.length === 2) refuse('IP families');
  return errors;
}

function inferFamilies(spec: Spec, families: readonly IpFamily[]): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, ip] of (spec.clusterIPs ?? []).entries()) {
    if (ip === 'None') break;
    if (index < (spec.ipFamilies?.length ?? 0)) continue;
    const family = parseIp(ip)?.family ?? 'unknown';
    if (family === 'unknown' || !families.includes(family)) {
      const why = `${family} is not configured on this cluster`;
      errors.push(invalidValue(specPath.child('clusterIPs').index(index), spec.clusterIPs, why));
    } else spec.ipFamilies = [...(spec.ipFamilies ?? []), family];
  }
  return errors;
}

function checkConfigured(spec: Spec, families: readonly IpFamily[]): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.ipFamilyPolicy === 'RequireDualStack' && families.length < 2) {
    const why = 'this cluster is not configured for dual-stack services';
    errors.push(invalidValue(policyPath, spec.ipFamilyPolicy, why));
  }
  for (const [index, family] of (spec.ipFamilies ?? []).entries()) {
    if (families.some((each) => each === family)) continue;
    const path = specPath.child('ipFamilies').index(index);
    errors.push(invalidValue(path, family, 'not configured on this cluster'));
  }
  return errors;
}
