// Says in Go's words, and in the order of the text, what in a JSON text does not fit its type.
import { parseQuantity, QuantityError } from '../../quantity.ts';
import { base64Error, timeError } from './go-errors.ts';
import { closingQuote } from './json.ts';
import { mismatch, scalarReaders } from './scalars.ts';
import type { ScalarKind, TypeRef, TypeTable } from './types.ts';

/** More problems than this are not listed. */
const problemsMax = 100;

export interface Diagnosis {
  /** The error that Go's decoder would return; undefined when every value fits. */
  readonly error: string | undefined;
  /** Unknown and duplicate fields. */
  readonly problems: readonly string[];
}

/** Where a value stands. */
interface Place {
  /** `PodSpec`: the innermost struct; empty outside any. */
  readonly struct: string;
  /** `spec.containers`: as type errors show it, without indices and map keys. */
  readonly field: string;
  /** `spec.containers[0].image`: as strict errors show it. */
  readonly path: string;
}

/** Ends the walk where upstream's own unmarshallers (Time, Quantity) end Go's decoding. */
class Abort extends Error {}

function lastName(type: string): string {
  return type.slice(type.lastIndexOf('.') + 1);
}

/** A type as Go's reflection prints it. */
function goType(type: TypeRef): string {
  switch (type.kind) {
    case 'object':
      return type.type.split('.').slice(-2).join('.');
    case 'list':
      return `[]${goType(type.item)}`;
    case 'map':
      return type.value.kind === 'quantity'
        ? 'v1.ResourceList'
        : `map[string]${goType(type.value)}`;
    case 'bytes':
      return '[]uint8';
    case 'intOrString':
      return 'int32';
    case 'time':
    case 'microTime':
    case 'duration':
      return 'string';
    default:
      return type.kind;
  }
}

function literalValue(literal: string, exact: boolean): string {
  if (literal.startsWith('"')) return 'string';
  if (literal === 'true' || literal === 'false') return 'bool';
  return exact ? `number ${literal}` : 'number';
}

class Walk {
  readonly #table: TypeTable;
  readonly #text: string;
  #at = 0;
  #error: string | undefined;
  readonly #problems = new Set<string>();
  /** Nothing is known of the types: every field may stand once wherever it likes. */
  readonly #untyped: boolean;

  constructor(table: TypeTable, text: string, untyped = false) {
    this.#table = table;
    this.#text = text;
    this.#untyped = untyped;
  }

  runUntyped(): readonly string[] {
    this.#value(undefined, { struct: '', field: '', path: '' });
    return [...this.#problems];
  }

  run(typeName: string): Diagnosis {
    try {
      this.#value({ kind: 'object', type: typeName }, { struct: '', field: '', path: '' });
    } catch (error) {
      if (!(error instanceof Abort)) throw error;
      this.#error = error.message;
    }
    return { error: this.#error, problems: [...this.#problems] };
  }

  #next(): string {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at += 1;
    return this.#text[this.#at] ?? '';
  }

  #problem(text: string): void {
    if (this.#problems.size < problemsMax) this.#problems.add(text);
  }

  #typeError(value: string, type: string, place: Place): string {
    const target =
      place.struct === '' && place.field === ''
        ? 'Go value'
        : `Go struct field ${place.struct}.${place.field}`;
    return `json: cannot unmarshal ${value} into ${target} of type ${type}`;
  }

  /** Walks one value; `type` is undefined where anything goes (raw and unknown fields). */
  #value(type: TypeRef | undefined, place: Place): void {
    const first = this.#next();
    if (first === '{') this.#object(type, place);
    else if (first === '[') this.#array(type, place);
    else this.#literal(type, place);
  }

  /** Notes a collection that a scalar or another collection should be. */
  #misplaced(value: 'object' | 'array', type: TypeRef, place: Place): void {
    if (type.kind === 'quantity') throw new Abort(quantityError('{}'));
    const message = this.#typeError(value, goType(type), place);
    if (['time', 'microTime', 'duration', 'intOrString'].includes(type.kind)) {
      throw new Abort(message);
    }
    this.#error ??= message;
  }

  #key(): string {
    const open = this.#at;
    this.#at = closingQuote(this.#text, open) + 1;
    const key = JSON.parse(this.#text.slice(open, this.#at)) as string;
    this.#next();
    this.#at += 1; // the colon
    return key;
  }

  #object(type: TypeRef | undefined, place: Place): void {
    const fits = type === undefined || ['object', 'map', 'raw'].includes(type.kind);
    if (!fits) this.#misplaced('object', type, place);
    const schema = type?.kind === 'object' ? this.#table(type.type) : undefined;
    const values = type?.kind === 'map' ? type.value : undefined;
    const seen = new Set<string>();
    this.#at += 1;
    while (this.#next() !== '}') {
      if (this.#next() === ',') this.#at += 1;
      this.#next();
      const key = this.#key();
      const path = place.path === '' ? key : `${place.path}.${key}`;
      const field = schema?.fields.find((each) => each.name === key);
      const isKnown = field !== undefined || values !== undefined || this.#untyped;
      if (schema !== undefined && !isKnown) this.#problem(`unknown field ${JSON.stringify(path)}`);
      if (isKnown && seen.has(key)) this.#problem(`duplicate field ${JSON.stringify(path)}`);
      seen.add(key);
      if (schema === undefined || field === undefined) {
        this.#value(values, { ...place, path });
      } else {
        const name = place.field === '' ? key : `${place.field}.${key}`;
        this.#value(field.type, { struct: lastName(schema.name), field: name, path });
      }
    }
    this.#at += 1;
  }

  #array(type: TypeRef | undefined, place: Place): void {
    const fits = type === undefined || type.kind === 'list' || type.kind === 'raw';
    if (!fits) this.#misplaced('array', type, place);
    const item = type?.kind === 'list' ? type.item : undefined;
    this.#at += 1;
    for (let index = 0; this.#next() !== ']'; index += 1) {
      if (this.#next() === ',') this.#at += 1;
      this.#value(item, { ...place, path: `${place.path}[${index}]` });
    }
    this.#at += 1;
  }

  #literal(type: TypeRef | undefined, place: Place): void {
    const start = this.#at;
    if (this.#text[start] === '"') this.#at = closingQuote(this.#text, start) + 1;
    else while (/[-+.\w]/.test(this.#text[this.#at] ?? '')) this.#at += 1;
    const literal = this.#text.slice(start, this.#at);
    if (type === undefined || literal === 'null') return;
    if (type.kind === 'object' || type.kind === 'list' || type.kind === 'map') {
      this.#error ??= this.#typeError(literalValue(literal, false), goType(type), place);
      return;
    }
    const value: unknown = JSON.parse(literal);
    const whole = typeof value !== 'number' || /^-?\d+$/.test(literal);
    const exact = typeof value === 'number' && whole ? BigInt(literal) : value;
    const small = typeof exact === 'bigint' && Number.isSafeInteger(value) ? value : exact;
    const isInteger = ['int32', 'int64', 'intOrString'].includes(type.kind);
    if (scalarReaders[type.kind](small) !== mismatch && (whole || !isInteger)) return;
    this.#scalar(type.kind, literal, value, place);
  }

  #scalar(kind: ScalarKind, literal: string, value: unknown, place: Place): void {
    const isInteger = kind === 'int32' || kind === 'int64' || kind === 'intOrString';
    const shown = literalValue(literal, isInteger);
    const message = this.#typeError(shown, goType({ kind }), place);
    switch (kind) {
      case 'quantity':
        throw new Abort(quantityError(typeof value === 'string' ? value : literal));
      case 'time':
      case 'microTime':
      case 'duration':
        throw new Abort(typeof value === 'string' ? timeError(kind, value) : message);
      case 'intOrString':
        throw new Abort(message);
      case 'bytes':
        this.#error ??= typeof value === 'string' ? base64Error(value) : message;
        return;
      default:
        this.#error ??= message;
    }
  }
}

function quantityError(text: string): string {
  try {
    parseQuantity(text.trim());
  } catch (error) {
    if (error instanceof QuantityError) return error.message;
    throw error;
  }
  return '';
}

/** Walks a valid JSON text beside the type that it should be. Slow: only for what went wrong. */
export function diagnose(table: TypeTable, typeName: string, text: string): Diagnosis {
  return new Walk(table, text).run(typeName);
}

/** `duplicate field "spec.a"` for every field that a valid JSON text has twice. */
export function duplicateFields(text: string): readonly string[] {
  const none: TypeTable = () => ({ name: '', fields: [] });
  return new Walk(none, text, true).runUntyped();
}
