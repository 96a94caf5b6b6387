// JSON that upstream keeps in annotations: written as Go's encoding/json writes, read as it reads.

import { canonicalQuantity } from '../../quantity.ts';
import { isJsonObject } from '../engine/json.ts';
import { fromJson, toJson } from '../schema/json.ts';

/** The JSON does not fit its type; upstream then passes over the annotation. */
export class AnnotationError extends Error {}

const escapes: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

/** With the characters escaped that Go keeps out of HTML. */
export function writeAnnotation(value: unknown): string {
  return toJson(value).replace(/[<>&\u2028\u2029]/g, (each) => escapes[each] ?? each);
}

/** Undefined where it is no JSON, or `read` does not accept it. */
export function readAnnotation<T>(
  text: string | undefined,
  read: (value: unknown) => T,
): T | undefined {
  if (text === undefined) return undefined;
  try {
    return read(fromJson(text));
  } catch {
    return undefined;
  }
}

/** One JSON object, whose fields are found whatever their case. */
export class AnnotationObject {
  readonly #fields: ReadonlyMap<string, unknown>;

  constructor(value: unknown) {
    if (value !== null && !isJsonObject(value)) throw new AnnotationError('not an object');
    const entries = Object.entries(value ?? {}).filter(([, field]) => field !== null);
    this.#fields = new Map(entries.map(([name, field]) => [name.toLowerCase(), field]));
  }

  #get(name: string): unknown {
    return this.#fields.get(name.toLowerCase());
  }

  text(name: string): string {
    const value = this.#get(name) ?? '';
    if (typeof value !== 'string') throw new AnnotationError(`${name} is no string`);
    return value;
  }

  integer(name: string): number | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (!Number.isInteger(value)) throw new AnnotationError(`${name} is no integer`);
    return Number(value);
  }

  quantity(name: string): string | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'string' && typeof value !== 'number') {
      throw new AnnotationError(`${name} is no quantity`);
    }
    return canonicalQuantity(String(value));
  }

  object<T>(name: string, read: (value: AnnotationObject) => T): T | undefined {
    const value = this.#get(name);
    return value === undefined ? undefined : read(new AnnotationObject(value));
  }

  list<T>(name: string, read: (value: AnnotationObject) => T): T[] | undefined {
    const value = this.#get(name);
    return value === undefined ? undefined : readList(value, read);
  }

  /** Taken as it is, but it must be an object. */
  raw<T extends object>(name: string): T | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (!isJsonObject(value)) throw new AnnotationError(`${name} is no object`);
    return value as T;
  }
}

export function readList<T>(value: unknown, read: (value: AnnotationObject) => T): T[] {
  if (value === null) return [];
  if (!Array.isArray(value)) throw new AnnotationError('not a list');
  return value.map((item) => read(new AnnotationObject(item)));
}
