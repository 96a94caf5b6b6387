// The ranges that cluster IPs are taken from, as the ServiceCIDRs say it now.
import type { ServiceCIDR } from '../../objects.ts';
import {
  type IpFamily,
  type IpRange,
  parseCidr,
  parseIp,
  rangeHolds,
} from '../../registry/core/ip-range.ts';
import type { ObjectReader } from '../object-reader.ts';

export const networking = 'networking.k8s.io';

/** Without a condition it counts as ready: perhaps nobody is there who would say so. */
function isReady({ metadata, status }: ServiceCIDR): boolean {
  if (metadata?.deletionTimestamp !== undefined) return false;
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return ready === undefined || ready.status === 'True';
}

/** Each CIDR once, whether or not it may be taken from. */
export function allRanges(objects: ObjectReader): IpRange[] {
  return rangesOf([...objects.list<ServiceCIDR>(networking, 'servicecidrs')]);
}

/** Those of one family that addresses may be taken from. */
export function readyRanges(objects: ObjectReader, family: IpFamily): IpRange[] {
  const ready = [...objects.list<ServiceCIDR>(networking, 'servicecidrs')].filter(isReady);
  return rangesOf(ready).filter((range) => range.family === family);
}

function rangesOf(cidrs: readonly ServiceCIDR[]): IpRange[] {
  const texts = new Set(cidrs.flatMap(({ spec }) => spec?.cidrs ?? []));
  return [...texts].flatMap((text) => parseCidr(text) ?? []);
}

/** Whether one of `ranges` could have given the address. */
export function holding(ranges: readonly IpRange[], ip: string): IpRange | undefined {
  const address = parseIp(ip);
  return address && ranges.find((range) => rangeHolds(range, address));
}
