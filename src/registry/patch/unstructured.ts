// Says what in a patched map does not fit its type, in the words of upstream's map converter.
import { isJsonObject } from '../engine/json.ts';
import { diagnose } from '../schema/diagnose.ts';
import { NumberLiteral, toJson } from '../schema/json.ts';
import type { ScalarKind, TypeRef, TypeTable } from '../schema/types.ts';

/** The first error in the order of Go's fields; undefined when the map fits. */
export function unstructuredError(
  table: TypeTable,
  schema: string,
  value: unknown,
): string | undefined {
  return struct(table, schema, value);
}

function struct(table: TypeTable, schema: string, value: unknown): string | undefined {
  if (!isJsonObject(value)) return `cannot restore struct from: ${kindOf(value)}`;
  for (const field of table(schema).fields) {
    const child = value[field.name];
    const error = Object.hasOwn(value, field.name) ? any(table, field.type, child) : undefined;
    if (error !== undefined) return error;
  }
  return undefined;
}

function any(table: TypeTable, type: TypeRef, value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  switch (type.kind) {
    case 'object':
      return struct(table, type.type, value);
    case 'list':
      if (!Array.isArray(value)) return `cannot restore slice from ${kindOf(value)}`;
      return first(value, (item) => any(table, type.item, item));
    case 'map':
      if (!isJsonObject(value)) return `cannot restore map from ${kindOf(value)}`;
      return first(Object.values(value), (item) => any(table, type.value, item));
    default:
      return scalar(type.kind, value);
  }
}

function first(
  values: readonly unknown[],
  check: (value: unknown) => string | undefined,
): string | undefined {
  for (const value of values) {
    const error = check(value);
    if (error !== undefined) return error;
  }
  return undefined;
}

function scalar(kind: ScalarKind, value: unknown): string | undefined {
  switch (kind) {
    case 'string':
    case 'bool':
    case 'int32':
    case 'int64':
    case 'float64':
      return plain(kind, value);
    case 'raw':
      return undefined;
    case 'bytes':
      if (typeof value !== 'string') return `cannot restore slice from ${kindOf(value)}`;
      return decoded(kind, value, 'error decoding from json: ');
    default:
      return decoded(kind, value, '');
  }
}

/** Numbers become numbers of other types where nothing is lost; all else must be the type. */
function plain(kind: ScalarKind, value: unknown): string | undefined {
  const isNumber = isAnyNumber(value);
  if (kind === 'string' && isNumber) return `cannot convert ${numberType(value)} to string`;
  if (kind === 'string' || kind === 'bool') {
    const wanted = kind === 'string' ? 'string' : 'boolean';
    return typeof value === wanted ? undefined : `unrecognized type: ${kind}`;
  }
  if (!isNumber) return `unrecognized type: ${kind}`;
  const whole = kind === 'float64' || typeof value !== 'number' || Number.isInteger(value);
  return whole ? undefined : `cannot convert float64 to ${kind}`;
}

function isAnyNumber(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'bigint' || value instanceof NumberLiteral;
}

/** Types with a JSON form of their own are decoded from it. */
function decoded(kind: ScalarKind, value: unknown, prefix: string): string | undefined {
  const type = { name: '', fields: [{ name: 'v', type: { kind }, proto: 0 }] };
  const { error } = diagnose(() => type, '', toJson({ v: value }));
  const named = error?.replace('Go struct field .v of', 'Go value of');
  return named === undefined ? undefined : prefix + named;
}

/**
 * The map with its numbers as the type's integers hold them: `1e3` is a whole number here, and what
 * is too large wraps around, as in Go. For maps that fit.
 */
export function withIntegers(table: TypeTable, type: TypeRef, value: unknown): unknown {
  switch (type.kind) {
    case 'object': {
      if (!isJsonObject(value)) return value;
      const out: Record<string, unknown> = { ...value };
      for (const field of table(type.type).fields) {
        if (!Object.hasOwn(value, field.name)) continue;
        out[field.name] = withIntegers(table, field.type, value[field.name]);
      }
      return out;
    }
    case 'list':
      return Array.isArray(value)
        ? value.map((each) => withIntegers(table, type.item, each))
        : value;
    case 'map': {
      if (!isJsonObject(value)) return value;
      const entries = Object.entries(value);
      return Object.fromEntries(
        entries.map(([key, each]) => [key, withIntegers(table, type.value, each)]),
      );
    }
    case 'int32':
    case 'int64':
      return integer(value, type.kind === 'int32' ? 32 : 64);
    default:
      return value;
  }
}

function integer(value: unknown, bits: 32 | 64): unknown {
  const number = value instanceof NumberLiteral ? value.value : value;
  if (typeof number !== 'number' && typeof number !== 'bigint') return value;
  if (typeof number === 'number' && !Number.isInteger(number)) return value;
  const exact = BigInt(number);
  // A double that no int64 holds becomes the smallest one.
  const fits = BigInt.asIntN(64, exact) === exact;
  const wrapped = BigInt.asIntN(bits, fits ? exact : -(2n ** 63n));
  const short = Number(wrapped);
  return Number.isSafeInteger(short) ? short : wrapped;
}

/** Go's reflect.Kind of a parsed value. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'slice';
  if (value instanceof NumberLiteral) return 'float64';
  if (typeof value === 'object') return 'map';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'string' ? 'string' : numberType(value);
}

function numberType(value: unknown): string {
  return typeof value === 'bigint' || Number.isInteger(value) ? 'int64' : 'float64';
}
