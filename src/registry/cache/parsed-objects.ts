// Stored objects as JavaScript values: parsed once, deep-frozen, kept within a limit of bytes.
import type { ApiObject } from '../resource.ts';
import { decodeStored, encodeStored, storedForm } from '../schema/encode.ts';
import { readAgain } from '../schema/read-again.ts';
import { ByteLru } from './byte-lru.ts';
import type { CachedObject } from './types.ts';

/** What a parsed object weighs, as a multiple of its JSON. */
const parsedBytesPerByte = 3;
export const parsedBytesMaxDefault = 64 * 1024 * 1024;

interface Parsed {
  readonly object: ApiObject;
  frozen: boolean;
}

/**
 * Shared by the resources of a server. Keyed by the body itself, so that the one parse which the
 * header needs also serves the first reader. Objects are in their stored version and without
 * resourceVersion, kind and apiVersion, as in storage.
 */
export class ParsedObjects {
  readonly #objects: ByteLru<Uint8Array, Parsed>;

  constructor(bytesMax: number = parsedBytesMaxDefault) {
    this.#objects = new ByteLru(bytesMax);
  }

  get bytes(): number {
    return this.#objects.bytes;
  }

  /** The bytes to store of an object that the caller may go on changing; nobody need parse them. */
  encode(object: ApiObject): Uint8Array {
    const body = encodeStored(object);
    const copy = readAgain(storedForm(object));
    if (copy !== undefined) this.#keep(body, copy);
    return body;
  }

  /** The object, deep-frozen. */
  parse(object: Pick<CachedObject, 'body'>): ApiObject {
    const parsed = this.#take(object.body);
    if (!parsed.frozen) {
      deepFreeze(parsed.object);
      parsed.frozen = true;
    }
    return parsed.object;
  }

  /** The object for a look at it that neither changes nor keeps it: not frozen, so it costs less. */
  peek(body: Uint8Array): Readonly<ApiObject> {
    return this.#take(body).object;
  }

  /** The same for one pass over many objects, which must not push out those in use. */
  glance(body: Uint8Array): Readonly<ApiObject> {
    return this.#objects.get(body)?.object ?? decodeStored(body);
  }

  #take(body: Uint8Array): Parsed {
    const known = this.#objects.get(body);
    if (known !== undefined) return known;
    return this.#keep(body, decodeStored(body));
  }

  #keep(body: Uint8Array, object: ApiObject): Parsed {
    const parsed = { object, frozen: false };
    this.#objects.set(body, parsed, body.byteLength * parsedBytesPerByte);
    return parsed;
  }
}

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const child of Object.values(value)) deepFreeze(child);
}
