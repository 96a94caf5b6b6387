// Addresses and CIDR ranges as numbers, for allocation.
import { isIP } from 'node:net';

export type IpFamily = 'IPv4' | 'IPv6';

export interface IpAddress {
  readonly family: IpFamily;
  readonly value: bigint;
}

export interface IpRange {
  readonly family: IpFamily;
  readonly cidr: string;
  /** The network's own address. */
  readonly base: bigint;
  /** How many addresses, the network's own and a broadcast address included. */
  readonly size: bigint;
}

/** Undefined for what is no address; zones (`fe80::1%eth0`) have no place in the API. */
export function parseIp(text: string): IpAddress | undefined {
  if (text.includes('%')) return undefined;
  switch (isIP(text)) {
    case 4:
      return { family: 'IPv4', value: parseV4(text) };
    case 6:
      return { family: 'IPv6', value: parseV6(text) };
    default:
      return undefined;
  }
}

function parseV4(text: string): bigint {
  return text.split('.').reduce((value, part) => value * 256n + BigInt(part), 0n);
}

function parseV6(text: string): bigint {
  const embedded = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  let hex = text;
  if (embedded !== null) {
    const v4 = parseV4(embedded[2] ?? '');
    hex = `${embedded[1]}${(v4 >> 16n).toString(16)}:${(v4 & 0xffffn).toString(16)}`;
  }
  const [head = '', tail] = hex.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = new Array<string>(8 - left.length - right.length).fill('0');
  const groups = tail === undefined ? left : [...left, ...zeros, ...right];
  return groups.reduce((value, group) => value * 65536n + BigInt(`0x${group}`), 0n);
}

/** The canonical text of an address (RFC 5952 for IPv6). */
export function formatIp({ family, value }: IpAddress): string {
  if (family === 'IPv4') {
    return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.');
  }
  const groups = Array.from({ length: 8 }, (_, index) =>
    Number((value >> BigInt(112 - 16 * index)) & 0xffffn),
  );
  const [start, length] = longestZeros(groups);
  const hex = groups.map((group) => group.toString(16));
  if (length < 2) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}

function longestZeros(groups: readonly number[]): readonly [start: number, length: number] {
  let best: readonly [number, number] = [0, 0];
  let run = 0;
  groups.forEach((group, index) => {
    run = group === 0 ? run + 1 : 0;
    if (run > best[1]) best = [index - run + 1, run];
  });
  return best;
}

/** Undefined for what is no CIDR; host bits are cleared. */
export function parseCidr(cidr: string): IpRange | undefined {
  const slash = cidr.indexOf('/');
  const address = parseIp(cidr.slice(0, slash));
  const suffix = cidr.slice(slash + 1);
  if (slash < 0 || address === undefined || !/^\d{1,3}$/.test(suffix)) return undefined;
  const bits = address.family === 'IPv4' ? 32 : 128;
  const prefix = Number(suffix);
  if (prefix > bits) return undefined;
  const size = 1n << BigInt(bits - prefix);
  return { family: address.family, cidr, base: (address.value / size) * size, size };
}

/** Whether a host may have the address: in the range and neither network nor broadcast. */
export function rangeHolds(range: IpRange, address: IpAddress): boolean {
  if (range.family !== address.family) return false;
  const offset = address.value - range.base;
  return offset >= 1n && offset <= lastOffset(range);
}

/** The largest offset that can be handed out. */
export function lastOffset(range: IpRange): bigint {
  return range.family === 'IPv4' ? range.size - 2n : range.size - 1n;
}
