// Addresses and ranges as text: which family they are of, and what lies in a range.
import { BlockList, isIP } from 'node:net';
import type { Node } from '../../objects.ts';

/** An IP family as the rest of the node's network names it. */
export type Family = 'IPv4' | 'IPv6';

/** The family of an address or of a range (`address/prefix`); undefined when it is neither. */
export function familyOf(text: string): Family | undefined {
  const version = isIP(text.split('/')[0] ?? '');
  return version === 4 ? 'IPv4' : version === 6 ? 'IPv6' : undefined;
}

/** Whether an address lies in any of `ranges`; addresses that cannot be read lie nowhere. */
export function rangeMatcher(ranges: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const range of ranges) {
    const [base = '', prefix] = range.split('/');
    const family = familyOf(base);
    if (family === undefined) continue;
    const bits = prefix === undefined ? (family === 'IPv4' ? 32 : 128) : Number(prefix);
    list.addSubnet(base, bits, family === 'IPv4' ? 'ipv4' : 'ipv6');
  }
  return (address) => {
    const family = familyOf(address);
    return family !== undefined && list.check(address, family === 'IPv4' ? 'ipv4' : 'ipv6');
  };
}

/** A node's InternalIPs. */
export function internalAddresses(node: Node): readonly string[] {
  return (node.status?.addresses ?? [])
    .filter(({ type, address }) => type === 'InternalIP' && isIP(address) !== 0)
    .map(({ address }) => address);
}

/** A node's pod ranges; `podCIDRs` where it is set, else `podCIDR`. */
export function podRanges(node: Node): readonly string[] {
  const { podCIDR, podCIDRs } = node.spec ?? {};
  if (podCIDRs !== undefined && podCIDRs.length > 0) return podCIDRs;
  return podCIDR === undefined || podCIDR === '' ? [] : [podCIDR];
}
