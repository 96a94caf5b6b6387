// IP addresses and CIDRs as text: how Kubernetes reads, refuses and warns of them.
import { type FieldError, type FieldPath, invalidValue } from '../field.ts';
import { formatIp, type IpAddress, type IpRange, parseCidr, parseIp } from './ip-range.ts';

const ipMessage = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
const cidrMessage = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

/** Where IPv4 addresses lie inside IPv6: `::ffff:0:0/96`. */
const mappedBase = 0xffff_0000_0000n;

interface LooseIp {
  readonly address: IpAddress;
  readonly leadingZeros: boolean;
  /** An IPv4 address written as IPv6; `address` is the IPv4 one. */
  readonly mapped: boolean;
}

interface LooseCidr extends LooseIp {
  readonly prefix: number;
  readonly bits: number;
}

function withoutLeadingZeros(text: string): string {
  return text.replace(/\d+(?:\.\d+){3}$/, (v4) =>
    v4.replace(/\d+/g, (part) => part.replace(/^0+(?=\d)/, '')),
  );
}

/** As old Go read addresses: leading zeros of IPv4 are passed over. */
function parseLoosely(text: string): LooseIp | undefined {
  const plain = withoutLeadingZeros(text);
  const address = parseIp(plain);
  if (address === undefined) return undefined;
  const mapped = address.family === 'IPv6' && address.value >> 32n === mappedBase >> 32n;
  return {
    address: mapped ? { family: 'IPv4', value: address.value & 0xffff_ffffn } : address,
    leadingZeros: plain !== text,
    mapped,
  };
}

function parseCidrLoosely(text: string): LooseCidr | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const ip = parseLoosely(text.slice(0, slash));
  const suffix = text.slice(slash + 1);
  if (ip === undefined || !/^\d+$/.test(suffix)) return undefined;
  const written = ip.mapped ? 128 : ip.address.family === 'IPv4' ? 32 : 128;
  const given = Number(suffix);
  if (given > written) return undefined;
  const bits = ip.address.family === 'IPv4' ? 32 : 128;
  return {
    ...ip,
    leadingZeros: ip.leadingZeros || String(given) !== suffix,
    prefix: ip.mapped ? Math.max(0, given - 96) : given,
    bits,
  };
}

function networkOf({ address, prefix, bits }: LooseCidr): IpAddress {
  const host = BigInt(bits - prefix);
  return { family: address.family, value: (address.value >> host) << host };
}

function canonicalCidr(cidr: LooseCidr): string {
  return `${formatIp(networkOf(cidr))}/${cidr.prefix}`;
}

/** An address as fields that exist for long take it; `known` ones (of the old object) pass. */
export function validateIp(
  value: string | undefined,
  path: FieldPath,
  known: readonly string[] = [],
): FieldError[] {
  const text = value ?? '';
  if (known.includes(text)) return [];
  const ip = parseLoosely(text);
  if (ip === undefined) return [invalidValue(path, text, ipMessage)];
  const errors: FieldError[] = [];
  if (ip.leadingZeros) errors.push(invalidValue(path, text, 'must not have leading 0s'));
  if (ip.mapped && !ip.leadingZeros) {
    errors.push(invalidValue(path, text, 'must not be an IPv4-mapped IPv6 address'));
  }
  return errors;
}

/** An address in its one canonical form. */
export function validateCanonicalIp(value: string, path: FieldPath): FieldError[] {
  const errors = validateIp(value, path);
  if (errors.length > 0) return errors;
  const canonical = canonicalIp(value);
  if (canonical === undefined || canonical === value) return [];
  return [invalidValue(path, value, `must be in canonical form (${JSON.stringify(canonical)})`)];
}

/** The canonical text of an address however it is written. */
export function canonicalIp(value: string): string | undefined {
  const ip = parseLoosely(value);
  return ip === undefined ? undefined : formatIp(ip.address);
}

/** A CIDR as fields that exist for long take it; `known` ones (of the old object) pass. */
export function validateCidr(
  text: string,
  path: FieldPath,
  known: readonly string[] = [],
): FieldError[] {
  if (known.includes(text)) return [];
  const cidr = parseCidrLoosely(text);
  if (cidr === undefined) return [invalidValue(path, text, cidrMessage)];
  if (cidr.leadingZeros) {
    return [invalidValue(path, text, 'must not have leading 0s in IP or prefix length')];
  }
  if (cidr.mapped) return [invalidValue(path, text, 'must not have an IPv4-mapped IPv6 address')];
  if (networkOf(cidr).value !== cidr.address.value) {
    return [invalidValue(path, text, 'must not have bits set beyond the prefix length')];
  }
  return [];
}

export function validateCanonicalCidr(text: string, path: FieldPath): FieldError[] {
  const errors = validateCidr(text, path);
  const cidr = parseCidrLoosely(text);
  if (errors.length > 0 || cidr === undefined) return errors;
  const canonical = canonicalCidr(cidr);
  if (canonical === text) return [];
  return [invalidValue(path, text, `must be in canonical form (${JSON.stringify(canonical)})`)];
}

/** The range that a CIDR means, leading zeros and mapped addresses included. */
export function looseRange(text: string): IpRange | undefined {
  const cidr = parseCidrLoosely(text);
  return cidr === undefined ? undefined : parseCidr(canonicalCidr(cidr));
}

/** What is stored, or passes for old times' sake, but should be written otherwise. */
export function ipWarnings(path: FieldPath, value: string): string[] {
  const ip = parseLoosely(value);
  if (ip === undefined) return [];
  const canonical = formatIp(ip.address);
  const [shown, better] = [JSON.stringify(value), JSON.stringify(canonical)];
  if (ip.leadingZeros || ip.mapped) {
    return [`${path}: non-standard IP address ${shown} is invalid: use ${better}`];
  }
  if (ip.address.family === 'IPv4' || canonical === value) return [];
  return [`${path}: IPv6 address ${shown} should be in RFC 5952 canonical format (${better})`];
}

export function cidrWarnings(path: FieldPath, value: string): string[] {
  const cidr = parseCidrLoosely(value);
  if (cidr === undefined) return [];
  const canonical = canonicalCidr(cidr);
  const [shown, better] = [JSON.stringify(value), JSON.stringify(canonical)];
  const warnings: string[] = [];
  if (networkOf(cidr).value !== cidr.address.value) {
    const single = JSON.stringify(`${formatIp(cidr.address)}/${cidr.bits}`);
    const why = `is ambiguous in this context (should be ${better} or ${single}?)`;
    warnings.push(`${path}: CIDR value ${shown} ${why}`);
  }
  if (cidr.leadingZeros || cidr.mapped) {
    warnings.push(`${path}: non-standard CIDR value ${shown} is invalid: use ${better}`);
  }
  if (warnings.length > 0 || cidr.address.family === 'IPv4' || canonical === value) return warnings;
  return [`${path}: IPv6 CIDR value ${shown} should be in RFC 5952 canonical format (${better})`];
}
