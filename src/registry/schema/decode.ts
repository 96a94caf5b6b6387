// Decodes parsed JSON into the canonical object: exactly what Go would hold and write again.
import type { ApiObject } from '../resource.ts';
import { fieldRules, isEmpty } from './canonical.ts';
import { diagnose } from './diagnose.ts';
import type { JsonDocument } from './json.ts';
import { countKeys, toJson } from './json.ts';
import { mismatch, scalarReaders, scalarZeros, setOwn } from './scalars.ts';
import type { FieldSchema, TypeRef, TypeTable } from './types.ts';

/** The value does not fit its type; the message is Go's (`json: cannot unmarshal …`). */
export class DecodeError extends Error {}

export interface Decoded {
  /** Fields in Go's order; empty ones dropped or written as Go does. Fresh: share it freely. */
  readonly object: ApiObject;
  /** `unknown field "spec.foo"`, `duplicate field "spec.x"`, in the order of the text. */
  readonly problems: readonly string[];
}

/**
 * Decodes a value as the type named by its definition.
 *
 * @param source a parsed value, or a document, whose text also shows duplicate fields
 * @throws DecodeError when a value does not fit
 */
export type Decode = (typeName: string, source: DecodeSource) => Decoded;

/** Give a document where duplicates matter; a bare value only shows unknown fields. */
export type DecodeSource = { readonly value: unknown } | JsonDocument;

/** What one decoding has met. */
interface Pass {
  unknown: boolean;
}

/** Decodes a value that is neither null nor undefined; `mismatch` ends the pass. */
type Reader = (value: unknown, pass: Pass) => unknown;

interface CompiledField {
  readonly name: string;
  readonly read: Reader;
  /** Whether an empty value is left out. */
  readonly omitEmpty: boolean;
  /** Makes what stands for an absent value; undefined: nothing does. */
  readonly absent: (() => unknown) | undefined;
}

interface CompiledType {
  readonly read: Reader;
  readonly zero: () => unknown;
}

function readStruct(fields: readonly CompiledField[], value: unknown, pass: Pass): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return mismatch;
  const source = value as Record<string, unknown>;
  const out: Record<string, unknown> = {};
  let known = 0;
  for (const field of fields) {
    const input = source[field.name];
    if (input === undefined || input === null) {
      if (input === null) known += 1;
      if (field.absent !== undefined) out[field.name] = field.absent();
      continue;
    }
    known += 1;
    const read = field.read(input, pass);
    if (read === mismatch) return mismatch;
    if (!field.omitEmpty || !isEmpty(read)) out[field.name] = read;
  }
  if (known !== Object.keys(source).length) pass.unknown = true;
  return out;
}

function readList(item: CompiledType, value: unknown, pass: Pass): unknown {
  if (!Array.isArray(value)) return mismatch;
  const out: unknown[] = [];
  for (const each of value as readonly unknown[]) {
    const read = each === null || each === undefined ? item.zero() : item.read(each, pass);
    if (read === mismatch) return mismatch;
    out.push(read);
  }
  return out;
}

/** Go writes maps in the order of their keys. */
function readMap(item: CompiledType, value: unknown, pass: Pass): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return mismatch;
  const source = value as Record<string, unknown>;
  const keys = Object.keys(source);
  if (keys.length > 1) keys.sort();
  const out: Record<string, unknown> = {};
  for (const key of keys) {
    const each = source[key];
    const read = each === null || each === undefined ? item.zero() : item.read(each, pass);
    if (read === mismatch) return mismatch;
    setOwn(out, key, read);
  }
  return out;
}

/** Compiles each type once, when it is first met; a type may contain itself. */
class Compiler {
  readonly #table: TypeTable;
  readonly #types = new Map<string, CompiledType>();

  constructor(table: TypeTable) {
    this.#table = table;
  }

  type(name: string): CompiledType {
    const known = this.#types.get(name);
    if (known !== undefined) return known;
    const fields: CompiledField[] = [];
    const compiled: CompiledType = {
      read: (value, pass) => readStruct(fields, value, pass),
      zero: () => readStruct(fields, {}, { unknown: false }),
    };
    this.#types.set(name, compiled);
    for (const field of this.#table(name).fields) fields.push(this.#field(field));
    return compiled;
  }

  #field(field: FieldSchema): CompiledField {
    const { name, type } = field;
    const compiled = this.#reference(type);
    const { omitEmpty, nullWhenEmpty, absent } = fieldRules(field);
    const absents = { nothing: undefined, null: () => null, zero: compiled.zero };
    let { read } = compiled;
    // Other empty lists are told from absent ones until their fields have an owner.
    if (nullWhenEmpty && type.kind === 'bytes') {
      read = (value, pass) => {
        const list = compiled.read(value, pass);
        return list === '' ? null : list;
      };
    }
    return { name, read, omitEmpty, absent: absents[absent] };
  }

  #reference(type: TypeRef): CompiledType {
    if (type.kind === 'object') return this.type(type.type);
    if (type.kind === 'list') {
      const item = this.#reference(type.item);
      return { read: (value, pass) => readList(item, value, pass), zero: () => null };
    }
    if (type.kind === 'map') {
      const item = this.#reference(type.value);
      return { read: (value, pass) => readMap(item, value, pass), zero: () => null };
    }
    // An absent []byte inside a map comes back from storage as an empty one.
    const zero = type.kind === 'bytes' ? '' : scalarZeros[type.kind];
    return { read: scalarReaders[type.kind], zero: () => zero };
  }
}

/** Makes the decoder of a table's types; types are compiled when first decoded. */
export function createDecoder(table: TypeTable): Decode {
  const compiler = new Compiler(table);
  return (typeName, source) => {
    const pass: Pass = { unknown: false };
    const object = compiler.type(typeName).read(source.value, pass);
    const document = 'text' in source ? source : undefined;
    const duplicates = document !== undefined && document.keys !== countKeys(document.value);
    if (object !== mismatch && !pass.unknown && !duplicates) {
      return { object: object as ApiObject, problems: [] };
    }
    const found = diagnose(table, typeName, document?.text ?? toJson(source.value));
    if (object === mismatch) {
      throw new DecodeError(found.error ?? `json: cannot unmarshal into ${typeName}`);
    }
    return { object: object as ApiObject, problems: found.problems };
  };
}
