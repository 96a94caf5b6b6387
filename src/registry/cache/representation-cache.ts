// Objects in versions other than the stored one: made on demand, kept within a limit of bytes.
import { ByteLru } from './byte-lru.ts';
import type { ServedForm } from './representation.ts';
import type { CachedObject } from './types.ts';

export const representationBytesMaxDefault = 64 * 1024 * 1024;

/** Shared by the resources of a server. Storage's own JSON never comes here. */
export class RepresentationCache {
  readonly #bodies: ByteLru<string, Uint8Array>;
  /** Conversions under way; no more than objects being written at this moment. */
  readonly #pending = new Map<string, Promise<Uint8Array>>();

  constructor(bytesMax: number = representationBytesMaxDefault) {
    this.#bodies = new ByteLru(bytesMax);
  }

  get bytes(): number {
    return this.#bodies.bytes;
  }

  /** `form` with each of its conversions done once per revision of an object. */
  cached(form: ServedForm): ServedForm {
    const { convert } = form;
    if (convert === undefined) return form;
    return { ...form, convert: (object) => this.#take(form, object) };
  }

  #take(form: ServedForm, object: CachedObject): Uint8Array | Promise<Uint8Array> {
    // Keys and kinds hold no blank; a body's uid need not be told apart within one revision.
    const key = `${object.revision} ${form.apiVersion} ${form.kind} ${object.key}`;
    const known = this.#bodies.get(key) ?? this.#pending.get(key);
    if (known !== undefined) return known;
    const body = form.convert?.(object) ?? object.body;
    if (!(body instanceof Promise)) return this.#keep(key, body);
    const pending = body
      .then((done) => this.#keep(key, done))
      .finally(() => this.#pending.delete(key));
    this.#pending.set(key, pending);
    return pending;
  }

  #keep(key: string, body: Uint8Array): Uint8Array {
    this.#bodies.set(key, body, body.byteLength + key.length * 2);
    return body;
  }
}
