// Which address families a Service has: asked for, implied by its addresses, or the cluster's.
import type { Service } from '../../objects.ts';
import { type FieldError, FieldPath, invalidValue } from '../field.ts';
import { type IpFamily, parseIp } from './ip-range.ts';
import { needsClusterIp } from './service-update.ts';

const specPath = FieldPath.of('spec');

function otherFamily(family: IpFamily): IpFamily {
  return family === 'IPv4' ? 'IPv6' : 'IPv4';
}

function isHeadlessWithoutSelector(service: Service): boolean {
  const { clusterIP, clusterIPs, selector } = service.spec ?? {};
  const headless = clusterIP === 'None' || clusterIPs?.[0] === 'None';
  return headless && Object.keys(selector ?? {}).length === 0;
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
  const [primary = 'IPv4'] = families;
  if (!spec || !needsClusterIp(service)) return [];
  trimSecondary(service, old);
  const addresses = (spec.clusterIPs ?? []).map((ip) => parseIp(ip)?.family);
  const selectorless = isHeadlessWithoutSelector(service);
  if (spec.ipFamilyPolicy === undefined) {
    const two = addresses.length > 1 || (spec.ipFamilies ?? []).length > 1;
    spec.ipFamilyPolicy = two || selectorless ? 'RequireDualStack' : 'SingleStack';
  }
  const isDual = families.length > 1;
  if (spec.ipFamilyPolicy === 'RequireDualStack' && !isDual && !selectorless) {
    const why = 'this cluster is not configured for dual-stack services';
    return [invalidValue(specPath.child('ipFamilyPolicy'), spec.ipFamilyPolicy, why)];
  }
  const chosen = (spec.ipFamilies ?? []).map((family) => family as IpFamily);
  for (const [index, family] of addresses.entries()) {
    if (family !== undefined) chosen[index] ??= family;
  }
  const [first = primary] = chosen;
  const wanted = spec.ipFamilyPolicy === 'SingleStack' ? [first] : [first, otherFamily(first)];
  const served = selectorless ? wanted : wanted.filter((family) => families.includes(family));
  spec.ipFamilies = chosen.length > served.length ? chosen : served;
  if (selectorless) return [];
  return spec.ipFamilies.flatMap((family, index) =>
    families.includes(family as IpFamily)
      ? []
      : [
          invalidValue(
            specPath.child('ipFamilies').index(index),
            family,
            'not configured on this cluster',
          ),
        ],
  );
}

/** Going back to one family drops the second address without the client naming it. */
function trimSecondary(service: Service, old: Service | undefined): void {
  const { spec } = service;
  if (spec?.ipFamilyPolicy !== 'SingleStack') return;
  if (old?.spec?.ipFamilyPolicy === 'SingleStack') return;
  if ((old?.spec?.clusterIPs ?? []).length < 2) return;
  if (spec.clusterIPs) spec.clusterIPs = spec.clusterIPs.slice(0, 1);
  if (spec.ipFamilies) spec.ipFamilies = spec.ipFamilies.slice(0, 1);
}
