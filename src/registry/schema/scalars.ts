// How each scalar of the API is read from JSON: its canonical value, or the error that Go gives.
import { canonicalQuantity, QuantityError } from '../../quantity.ts';
import { NumberLiteral } from './json.ts';
import type { ScalarKind } from './types.ts';

/** What a reader returns for a value that cannot be what the field holds. */
export const mismatch: unique symbol = Symbol('mismatch');

/** Reads a value that is neither null nor undefined. */
export type ScalarReader = (value: unknown) => unknown;

const int32Max = 2147483647;
const int64Max = 9223372036854775807n;

function readString(value: unknown): unknown {
  return typeof value === 'string' ? value : mismatch;
}

function readBool(value: unknown): unknown {
  return typeof value === 'boolean' ? value : mismatch;
}

function readInt32(value: unknown): unknown {
  const fits = Number.isInteger(value) && Math.abs(value as number) <= int32Max;
  return fits || value === -int32Max - 1 ? value : mismatch;
}

function readInt64(value: unknown): unknown {
  if (Number.isSafeInteger(value)) return value;
  const fits = typeof value === 'bigint' && value <= int64Max && value >= -int64Max - 1n;
  return fits ? value : mismatch;
}

function readFloat(value: unknown): unknown {
  if (typeof value === 'number') return value;
  if (value instanceof NumberLiteral) return Number.isFinite(value.value) ? value.value : mismatch;
  return typeof value === 'bigint' ? Number(value) : mismatch;
}

const canonicalBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function readBytes(value: unknown): unknown {
  if (typeof value !== 'string') return mismatch;
  const text = /[\r\n]/.test(value) ? value.replaceAll(/[\r\n]/g, '') : value;
  if (!canonicalBase64.test(text)) return mismatch;
  // Unused bits of the last character may be set; Go writes them as zero.
  return text.endsWith('=') ? Buffer.from(text, 'base64').toString('base64') : text;
}

function numberText(value: unknown): string | undefined {
  if (value instanceof NumberLiteral) return value.source;
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  return undefined;
}

function readQuantity(value: unknown): unknown {
  const text = typeof value === 'string' ? value.trim() : numberText(value);
  if (text === undefined) return mismatch;
  try {
    return canonicalQuantity(text);
  } catch (error) {
    if (error instanceof QuantityError) return mismatch;
    throw error;
  }
}

function readIntOrString(value: unknown): unknown {
  return typeof value === 'string' ? value : readInt32(value);
}

const rfc3339 =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;

interface Instant {
  /** Whole seconds, ISO without fraction and zone. */
  readonly seconds: string;
  readonly fraction: string;
}

function parseTime(text: string): Instant | undefined {
  const match = rfc3339.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', sign, hours, minutes] = match;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  const isDate = date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
  if (!isDate || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  if (Number(hours ?? 0) > 24 || Number(minutes ?? 0) > 59) return undefined;
  date.setUTCHours(Number(hour), Number(minute), Number(second));
  const offset = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * (sign === '-' ? -1 : 1);
  const utc = new Date(date.getTime() - offset * 60_000);
  const years = utc.getUTCFullYear();
  if (years < 0 || years > 9999) return undefined;
  return { seconds: utc.toISOString().slice(0, 19), fraction };
}

/** Go's zero time is no time at all. */
const zeroTime = '0001-01-01T00:00:00';

/** Times as Kubernetes writes them, in days that every month has; all else is looked at closely. */
const canonicalTime =
  /^[1-9]\d{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/;

function readTime(value: unknown): unknown {
  if (typeof value !== 'string') return mismatch;
  if (canonicalTime.test(value)) return value;
  const instant = parseTime(value);
  if (instant === undefined) return mismatch;
  const zero = instant.seconds === zeroTime && /^0*$/.test(instant.fraction);
  return zero ? null : `${instant.seconds}Z`;
}

function readMicroTime(value: unknown): unknown {
  if (typeof value !== 'string') return mismatch;
  const instant = parseTime(value);
  if (instant === undefined || instant.fraction.length !== 6) return mismatch;
  const zero = instant.seconds === zeroTime && instant.fraction === '000000';
  return zero ? null : `${instant.seconds}.${instant.fraction}Z`;
}

const durationText = /^[-+]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;

function readDuration(value: unknown): unknown {
  return typeof value === 'string' && durationText.test(value) ? value : mismatch;
}

/** Any JSON, kept as it came but for literals that only a typed integer would refuse. */
function readRaw(value: unknown): unknown {
  if (value instanceof NumberLiteral) {
    return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value.value));
  }
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(readRaw);
  const copy: Record<string, unknown> = {};
  for (const [key, child] of Object.entries(value)) setOwn(copy, key, readRaw(child));
  return copy;
}

/** Sets a key that a client chose; `__proto__` is a key like any other. */
export function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    const descriptor = { value, enumerable: true, configurable: true, writable: true };
    Object.defineProperty(target, key, descriptor);
  } else target[key] = value;
}

export const scalarReaders: Readonly<Record<ScalarKind, ScalarReader>> = {
  string: readString,
  bool: readBool,
  int32: readInt32,
  int64: readInt64,
  float64: readFloat,
  bytes: readBytes,
  quantity: readQuantity,
  intOrString: readIntOrString,
  time: readTime,
  microTime: readMicroTime,
  duration: readDuration,
  raw: readRaw,
};

/** What Go writes for a scalar that was never set and that it does not omit. */
export const scalarZeros: Readonly<Record<ScalarKind, string | number | boolean | null>> = {
  string: '',
  bool: false,
  int32: 0,
  int64: 0,
  float64: 0,
  bytes: null,
  quantity: '0',
  intOrString: 0,
  time: null,
  microTime: null,
  duration: '0s',
  raw: null,
};

/** Kinds that are structs in Go: `omitempty` never omits those. */
export const structScalars: ReadonlySet<string> = new Set<ScalarKind>([
  'quantity',
  'intOrString',
  'time',
  'microTime',
  'duration',
  'raw',
]);
