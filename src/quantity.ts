// Kubernetes quantities ("500m", "1Gi", "1e3"): parsing, exact arithmetic and the canonical form.

/** How a quantity is written: by powers of ten, of two, or with an exponent. */
export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

/** An exact amount: `mantissa * 10^-scale`, where `scale` is at most 9 (nano). */
export interface Quantity {
  readonly mantissa: bigint;
  readonly scale: number;
  readonly format: QuantityFormat;
}

/** A text that is no quantity; messages are upstream's. */
export class QuantityError extends Error {}

const wrongFormat =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const wrongSuffix = "unable to parse quantity's suffix";

const decimalExponents: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const decimalSuffixes = new Map(Object.entries(decimalExponents).map(([s, e]) => [e, s]));
const binaryShifts: Readonly<Record<string, bigint>> = {
  Ki: 10n,
  Mi: 20n,
  Gi: 30n,
  Ti: 40n,
  Pi: 50n,
  Ei: 60n,
};
const binarySuffixes: readonly string[] = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const nanoScale = 9;
/** 2^63 - 1: the largest amount there is; more is capped to it, as upstream does. */
const maxAmount = 9223372036854775807n;
/** An exponent past this can only mean zero or the cap, so no larger power is computed. */
const exponentMax = 100;

function power(exponent: number): bigint {
  return 10n ** BigInt(exponent);
}

/** Splits off what upstream's hand-written scanner takes as number and suffix. */
function split(text: string): { negative: boolean; whole: string; part: string; suffix: string } {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[-+]?\d*)$/.exec(text);
  if (match === null || text === '') throw new QuantityError(wrongFormat);
  const [, sign = '', whole = '', part = '', suffix = ''] = match;
  if (whole === '' && part === '') throw new QuantityError(wrongFormat);
  return { negative: sign === '-', whole, part, suffix };
}

interface Suffix {
  readonly format: QuantityFormat;
  readonly exponent: number;
  readonly shift: bigint;
}

function parseSuffix(suffix: string): Suffix {
  const shift = Object.hasOwn(binaryShifts, suffix) ? binaryShifts[suffix] : undefined;
  if (shift !== undefined) return { format: 'BinarySI', exponent: 0, shift };
  if (Object.hasOwn(decimalExponents, suffix)) {
    return { format: 'DecimalSI', exponent: decimalExponents[suffix] ?? 0, shift: 0n };
  }
  if (!/^[eE][-+]?\d+$/.test(suffix)) throw new QuantityError(wrongSuffix);
  const exponent = Number(suffix.slice(1));
  if (Math.abs(exponent) > 2147483647) throw new QuantityError(wrongSuffix);
  return { format: 'DecimalExponent', exponent, shift: 0n };
}

/** Drops trailing decimal zeros from the fraction, so that equal amounts have one scale. */
function reduce(mantissa: bigint, scale: number, format: QuantityFormat): Quantity {
  let reduced = mantissa;
  let left = scale;
  while (left > 0 && reduced % 10n === 0n) {
    reduced /= 10n;
    left -= 1;
  }
  return { mantissa: reduced, scale: left, format };
}

/** Rounds away from zero to nano, as upstream does with finer amounts. */
function roundUp(mantissa: bigint, scale: number): bigint {
  const divisor = power(scale - nanoScale);
  const quotient = mantissa / divisor;
  return mantissa % divisor === 0n ? quotient : quotient + 1n;
}

/**
 * Parses a quantity such as `100m`, `1.5Gi` or `2e3`.
 *
 * @throws QuantityError with upstream's message
 */
export function parseQuantity(text: string): Quantity {
  const { negative, whole, part, suffix } = split(text);
  const { format: stated, exponent, shift } = parseSuffix(suffix);
  const digits = BigInt(whole + part || '0');
  const sign = negative ? -1n : 1n;
  if (digits === 0n) return { mantissa: 0n, scale: 0, format: stated };
  const digitCount = whole.length + part.length;
  let scale = part.length - exponent;
  let mantissa = digits << shift;
  // Finer than the smallest amount there is: that amount, since nothing rounds to zero.
  if (scale - digitCount > exponentMax) return { mantissa: sign, scale: nanoScale, format: stated };
  const tooLarge = -scale > exponentMax || mantissa > maxAmount * power(Math.max(scale, 0));
  if (tooLarge) return { mantissa: sign * maxAmount, scale: 0, format: stated };
  if (scale < 0) {
    mantissa *= power(-scale);
    scale = 0;
  }
  if (scale > nanoScale) {
    mantissa = roundUp(mantissa, scale);
    scale = nanoScale;
  }
  if (mantissa > maxAmount * power(scale)) {
    mantissa = maxAmount;
    scale = 0;
  }
  return reduce(sign * mantissa, scale, stated);
}

function decimalText(quantity: Quantity): { digits: bigint; exponent: number } {
  let { mantissa } = quantity;
  let exponent = -quantity.scale;
  while (mantissa !== 0n && mantissa % 10n === 0n) {
    mantissa /= 10n;
    exponent += 1;
  }
  const over = ((exponent % 3) + 3) % 3;
  return { digits: mantissa * power(over), exponent: exponent - over };
}

/** The canonical text: the largest suffix without a fraction, `1` rather than `1000m`. */
export function formatQuantity(quantity: Quantity): string {
  if (quantity.mantissa === 0n) return '0';
  // Below 1024, and where there is a fraction, upstream writes binary amounts in decimal.
  const large = quantity.scale === 0 && absolute(quantity.mantissa) >= 1024n;
  if (quantity.format === 'BinarySI' && large) {
    let value = quantity.mantissa;
    let step = 0;
    while (step < binarySuffixes.length - 1 && value % 1024n === 0n) {
      value /= 1024n;
      step += 1;
    }
    return `${value}${binarySuffixes[step]}`;
  }
  const { digits, exponent } = decimalText(quantity);
  if (quantity.format === 'DecimalExponent') {
    return exponent === 0 ? `${digits}` : `${digits}e${exponent}`;
  }
  const suffix = decimalSuffixes.get(exponent);
  return suffix === undefined ? `${digits}e${exponent}` : `${digits}${suffix}`;
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/** The amount in units of `10^-scale`, rounded away from zero. */
function scaledUp(quantity: Quantity, scale: number): bigint {
  if (quantity.scale <= scale) return quantity.mantissa * power(scale - quantity.scale);
  const divisor = power(quantity.scale - scale);
  const quotient = quantity.mantissa / divisor;
  if (quantity.mantissa % divisor === 0n) return quotient;
  return quantity.mantissa < 0n ? quotient - 1n : quotient + 1n;
}

/** Most quantities are plain whole numbers or already canonical; those need no bigint. */
const canonicalAlready = /^(?:0|[1-9]\d{0,2}[mkMGT]?|[1-9]\d{0,2}[MG]i)$/;

/**
 * The canonical form of a quantity's text.
 *
 * @throws QuantityError
 */
export function canonicalQuantity(text: string): string {
  return canonicalAlready.test(text) ? text : formatQuantity(parseQuantity(text));
}

/** Negative, zero or positive, as for sorting. */
export function compareQuantities(a: Quantity, b: Quantity): number {
  const scale = Math.max(a.scale, b.scale);
  const difference = scaledUp(a, scale) - scaledUp(b, scale);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** The sum in the first one's format (the second's where the first is zero, as upstream). */
export function addQuantities(a: Quantity, b: Quantity): Quantity {
  const scale = Math.max(a.scale, b.scale);
  const format = a.mantissa === 0n ? b.format : a.format;
  return reduce(scaledUp(a, scale) + scaledUp(b, scale), scale, format);
}

export function subtractQuantities(a: Quantity, b: Quantity): Quantity {
  return addQuantities(a.mantissa === 0n ? { ...a, format: b.format } : a, {
    ...b,
    mantissa: -b.mantissa,
  });
}

/** The amount rounded away from zero to units of `10^-scale`, where it is finer than that. */
export function roundQuantityUp(quantity: Quantity, scale: number): Quantity {
  if (quantity.scale <= scale) return quantity;
  return reduce(scaledUp(quantity, scale), scale, quantity.format);
}

/** Whole units, rounded up: bytes of memory. Exact below 2^53. */
export function quantityValue(quantity: Quantity): number {
  return Number(scaledUp(quantity, 0));
}

/** Thousandths, rounded up: millicores of CPU. Exact below 2^53. */
export function quantityMilliValue(quantity: Quantity): number {
  return Number(scaledUp(quantity, 3));
}

export const zeroQuantity: Quantity = { mantissa: 0n, scale: 0, format: 'DecimalSI' };

/** A whole amount, such as bytes: BinarySI by default. */
export function quantityOf(value: number | bigint, format: QuantityFormat = 'BinarySI'): Quantity {
  return { mantissa: BigInt(value), scale: 0, format };
}

/** Thousandths, such as millicores. */
export function quantityOfMilli(value: number | bigint): Quantity {
  return reduce(BigInt(value), 3, 'DecimalSI');
}
