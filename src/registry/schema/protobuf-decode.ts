// Reads Kubernetes protobuf bodies into the JSON values that they stand for.
import { toJson } from './json.ts';
import type { FieldSchema, TypeRef, TypeTable } from './types.ts';

/** The body is not what its media type says. */
export class ProtobufError extends Error {}

/** `k8s\0`, before every message. */
const magic = [0x6b, 0x38, 0x73, 0x00] as const;
const depthMax = 64;
const decoder = new TextDecoder();

type Json = Record<string, unknown>;

/** Walks one message; every read checks its bounds. */
class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Number and wire type of the next field. */
  tag(): { number: number; wire: number } {
    const tag = Number(this.varint());
    return { number: Math.floor(tag / 8), wire: tag & 7 };
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new ProtobufError('unexpected EOF');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new ProtobufError('proto: integer overflow');
  }

  chunk(length = Number(this.varint())): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new ProtobufError('unexpected EOF');
    const chunk = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return chunk;
  }

  /** The value of any field, by its wire type. */
  value(wire: number): bigint | Uint8Array {
    if (wire === 0) return this.varint();
    if (wire === 2) return this.chunk();
    if (wire === 1) return this.chunk(8);
    if (wire === 5) return this.chunk(4);
    throw new ProtobufError(`proto: illegal wireType ${wire}`);
  }
}

/** One message's fields in order of appearance. */
function* fieldsOf(bytes: Uint8Array): IterableIterator<[number, bigint | Uint8Array]> {
  const reader = new Reader(bytes);
  while (!reader.done) {
    const { number, wire } = reader.tag();
    yield [number, reader.value(wire)];
  }
}

/** Where a protobuf number leads: a field, or an embedded message with fields of its own. */
type Numbers = Map<number, FieldSchema | Numbers>;

export interface ProtobufBody {
  readonly apiVersion: string;
  readonly kind: string;
  /** The object as JSON text, kind and apiVersion included where the body has them. */
  readonly json: Uint8Array;
}

/** Makes the reader for the types of `table`. */
export function createProtobufDecoder(
  table: TypeTable,
): (bytes: Uint8Array, schema: string) => ProtobufBody {
  const known = new Map<string, Numbers>();

  const numbersOf = (type: string): Numbers => {
    let numbers = known.get(type);
    if (numbers !== undefined) return numbers;
    numbers = new Map();
    for (const field of table(type).fields) {
      let at = numbers;
      for (const via of field.protoVia ?? []) {
        const next = at.get(via);
        const inner: Numbers = next instanceof Map ? next : new Map();
        at.set(via, inner);
        at = inner;
      }
      if (field.proto > 0) at.set(field.proto, field);
    }
    known.set(type, numbers);
    return numbers;
  };

  const message = (bytes: Uint8Array, numbers: Numbers, into: Json, depth: number): Json => {
    if (depth > depthMax) throw new ProtobufError('proto: exceeded max depth');
    for (const [number, value] of fieldsOf(bytes)) {
      const target = numbers.get(number);
      if (target === undefined) continue;
      if (target instanceof Map) message(chunkOf(value), target, into, depth + 1);
      else add(into, target, value, depth + 1);
    }
    return into;
  };

  const add = (into: Json, field: FieldSchema, value: bigint | Uint8Array, depth: number): void => {
    const { name, type } = field;
    if (type.kind === 'list') {
      if (into[name] === undefined) into[name] = [];
      (into[name] as unknown[]).push(read(type.item, value, depth));
    } else if (type.kind === 'map') {
      if (into[name] === undefined) into[name] = {};
      const [key, entry] = mapEntry(chunkOf(value));
      Object.defineProperty(into[name] as Json, key, {
        value: mapValue(type.value, entry, depth),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    } else {
      into[name] = read(type, value, depth);
    }
  };

  const mapValue = (type: TypeRef, value: bigint | Uint8Array | undefined, depth: number) => {
    if (type.kind !== 'list') return value === undefined ? emptyOf(type) : read(type, value, depth);
    // A list in a map is a message of its own, with its items under 1.
    const items: unknown[] = [];
    for (const [, item] of fieldsOf(value === undefined ? new Uint8Array(0) : chunkOf(value))) {
      items.push(read(type.item, item, depth));
    }
    return items;
  };

  const read = (type: TypeRef, value: bigint | Uint8Array, depth: number): unknown => {
    if (type.kind !== 'object') return scalar(type.kind, value);
    return message(chunkOf(value), numbersOf(type.type), {}, depth);
  };

  return (bytes, schema) => {
    const { apiVersion, kind, raw } = envelope(bytes);
    const typeMeta = {
      ...(kind === '' ? {} : { kind }),
      ...(apiVersion === '' ? {} : { apiVersion }),
    };
    // Another kind than expected is refused by its name; its bytes would only confuse.
    const ownKind = kind === '' || schema.endsWith(`.${kind}`);
    const object = ownKind ? message(raw, numbersOf(schema), {}, 0) : {};
    return { apiVersion, kind, json: Buffer.from(toJson({ ...typeMeta, ...object })) };
  };
}

/** runtime.Unknown: type meta and the object's own bytes. */
function envelope(bytes: Uint8Array): { apiVersion: string; kind: string; raw: Uint8Array } {
  if (!magic.every((byte, index) => bytes[index] === byte)) {
    throw new ProtobufError(
      'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]',
    );
  }
  let apiVersion = '';
  let kind = '';
  let raw: Uint8Array = new Uint8Array(0);
  for (const [number, value] of fieldsOf(bytes.subarray(magic.length))) {
    if (number === 2) raw = chunkOf(value);
    if (number !== 1) continue;
    for (const [inner, text] of fieldsOf(chunkOf(value))) {
      if (inner === 1) apiVersion = decoder.decode(chunkOf(text));
      if (inner === 2) kind = decoder.decode(chunkOf(text));
    }
  }
  return { apiVersion, kind, raw };
}

function chunkOf(value: bigint | Uint8Array): Uint8Array {
  if (typeof value === 'bigint') throw new ProtobufError('proto: wrong wireType = 0');
  return value;
}

function mapEntry(bytes: Uint8Array): [string, bigint | Uint8Array | undefined] {
  let key = '';
  let entry: bigint | Uint8Array | undefined;
  for (const [number, value] of fieldsOf(bytes)) {
    if (number === 1) key = decoder.decode(chunkOf(value));
    if (number === 2) entry = value;
  }
  return [key, entry];
}

function emptyOf(type: TypeRef): unknown {
  return type.kind === 'string' || type.kind === 'bytes' ? '' : null;
}

function integer(value: bigint): number | bigint {
  const signed = BigInt.asIntN(64, value);
  const plain = Number(signed);
  return Number.isSafeInteger(plain) ? plain : signed;
}

/** Types of apimachinery that have a message of their own, and plain scalars. */
function scalar(kind: Exclude<TypeRef['kind'], 'object'>, value: bigint | Uint8Array): unknown {
  if (typeof value === 'bigint') {
    return kind === 'bool' ? value !== 0n : integer(value);
  }
  switch (kind) {
    case 'string':
      return decoder.decode(value);
    case 'bytes':
      return Buffer.from(value).toString('base64');
    case 'float64':
      return Buffer.from(value).readDoubleLE(0);
    case 'quantity':
      return textIn(value, 1);
    case 'intOrString':
      return intOrString(value);
    case 'time':
    case 'microTime':
      return time(value, kind);
    case 'duration': {
      const nanoseconds = numberIn(value, 1);
      return `${Number(nanoseconds) / 1e9}s`;
    }
    case 'raw':
      return raw(value);
    default:
      throw new ProtobufError('proto: wrong wireType = 2');
  }
}

function textIn(bytes: Uint8Array, wanted: number): string {
  for (const [number, value] of fieldsOf(bytes)) {
    if (number === wanted) return decoder.decode(chunkOf(value));
  }
  return '';
}

function numberIn(bytes: Uint8Array, wanted: number): bigint {
  for (const [number, value] of fieldsOf(bytes)) {
    if (number === wanted && typeof value === 'bigint') return BigInt.asIntN(64, value);
  }
  return 0n;
}

function intOrString(bytes: Uint8Array): number | string {
  return numberIn(bytes, 1) === 0n ? Number(numberIn(bytes, 2)) : textIn(bytes, 3);
}

function time(bytes: Uint8Array, kind: 'time' | 'microTime'): string | null {
  const seconds = numberIn(bytes, 1);
  const nanoseconds = numberIn(bytes, 2);
  // Go's zero time has no bytes at all, and is null in JSON.
  if (bytes.length === 0) return null;
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) throw new ProtobufError('proto: time out of range');
  const whole = date.toISOString().slice(0, 19);
  if (kind === 'time') return `${whole}Z`;
  return `${whole}.${String(nanoseconds / 1000n).padStart(6, '0')}Z`;
}

function raw(bytes: Uint8Array): unknown {
  for (const [number, value] of fieldsOf(bytes)) {
    if (number !== 1) continue;
    try {
      return JSON.parse(decoder.decode(chunkOf(value)));
    } catch {
      throw new ProtobufError('an embedded object is not JSON');
    }
  }
  return null;
}
