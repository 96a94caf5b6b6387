// Addresses as they appear in names: reverse names and pods' dashed labels.
import { isIPv4, isIPv6 } from 'node:net';

/** `4.3.2.1.in-addr.arpa` and `….ip6.arpa` → the address; undefined for any other name. */
export function addressOfReverseName(name: string): string | undefined {
  if (name.endsWith('.in-addr.arpa')) {
    const address = name.slice(0, -'.in-addr.arpa'.length).split('.').reverse().join('.');
    return isIPv4(address) ? address : undefined;
  }
  if (!name.endsWith('.ip6.arpa')) return undefined;
  const digits = name.slice(0, -'.ip6.arpa'.length).split('.').reverse();
  if (digits.length !== 32 || !digits.every((digit) => /^[0-9a-f]$/.test(digit))) return undefined;
  return canonicalIPv6((digits.join('').match(/.{4}/g) ?? []).join(':'));
}

/** `1-2-3-4` or `2001-db8--1` → the address. */
export function addressOfPodLabel(label: string): string | undefined {
  const v4 = label.replaceAll('-', '.');
  if (isIPv4(v4)) return v4;
  const v6 = label.replaceAll('-', ':');
  return isIPv6(v6) ? canonicalIPv6(v6) : undefined;
}

/** The label that names an address. */
export function podLabelOfAddress(address: string): string {
  return address.replaceAll(/[.:]/g, '-');
}

/** The short form, which API objects hold. */
function canonicalIPv6(address: string): string {
  return new URL(`http://[${address}]/`).hostname.slice(1, -1);
}
