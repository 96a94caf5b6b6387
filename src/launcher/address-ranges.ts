// Picks node, pod and service ranges that nothing on this machine uses yet.

/** IPv4 ranges of one cluster, in CIDR form. They never change after its first start. */
export interface AddressRanges {
  /** A /24 for the bridge: `.1` is the machine, nodes follow. */
  readonly nodes: string;
  /** A /16 of which each node gets a /24. */
  readonly pods: string;
  readonly services: string;
}

/** How many clusters find ranges of their own on one machine. */
export const clustersMax = 60;

/**
 * The first ranges that overlap none of `used`.
 *
 * @param used CIDRs (or addresses) of routes, interfaces and other clusters
 * @throws Error when none of `clustersMax` candidates is free
 */
export function chooseRanges(used: readonly string[]): AddressRanges {
  const taken = used.map(parseCidr).filter((range) => range !== undefined);
  for (let i = 0; i < clustersMax; i++) {
    const candidate: AddressRanges = {
      nodes: `10.64.${i}.0/24`,
      pods: `10.${65 + i}.0.0/16`,
      services: `10.${128 + i}.0.0/16`,
    };
    const parts = Object.values(candidate).map(parseCidr);
    const free = parts.every(
      (part) => part !== undefined && !taken.some((range) => overlap(part, range)),
    );
    if (free) return candidate;
  }
  throw new Error('no free address ranges: 10.64.0.0/10 and 10.128.0.0/10 are in use');
}

/** The `index`-th address of `cidr`, counted from its network address. */
export function addressAt(cidr: string, index: number): string {
  const range = parseCidr(cidr);
  if (range === undefined) throw new Error(`not an IPv4 range: ${cidr}`);
  const value = range.first + index;
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

/** The prefix length of `cidr`. */
export function prefixLength(cidr: string): number {
  return Number(cidr.split('/')[1] ?? 32);
}

/** Whether two ranges have an address in common; what is no IPv4 range overlaps nothing. */
export function rangesOverlap(a: string, b: string): boolean {
  const [one, other] = [parseCidr(a), parseCidr(b)];
  return one !== undefined && other !== undefined && overlap(one, other);
}

interface Range {
  readonly first: number;
  readonly last: number;
}

function parseCidr(text: string): Range | undefined {
  const [address = '', length = '32'] = text.split('/');
  const octets = address.split('.').map(Number);
  if (octets.length !== 4 || octets.some((octet) => !(octet >= 0 && octet <= 255)))
    return undefined;
  const size = 2 ** (32 - Number(length));
  const value = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  const first = Math.floor(value / size) * size;
  return { first, last: first + size - 1 };
}

function overlap(a: Range, b: Range): boolean {
  return a.first <= b.last && b.first <= a.last;
}
