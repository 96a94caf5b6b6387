// Objects in forms other than the stored one: made on demand, kept within a limit of bytes.
import { ByteLru } from './byte-lru.ts';
import type { CachedObject } from './types.ts';

export const representationBytesMaxDefault = 96 * 1024 * 1024;
/**
 * A full cache takes one in so many. Lists larger than the cache come round and round: if each item
 * pushed out the oldest, none would be there when it is asked for again.
 */
const admittedOneIn = 8;

export type MakeBytes = (object: CachedObject) => Uint8Array | Promise<Uint8Array>;

interface Made {
  /** The stored body it was made of: a selector's DELETED event shows an older one at a revision. */
  readonly of: Uint8Array;
  readonly bytes: Uint8Array;
}

/** Shared by the resources of a server. Storage's own JSON never comes here. */
export class RepresentationCache {
  readonly #made: ByteLru<string, Made>;
  readonly #bytesMax: number;
  #refused = 0;
  /** Conversions under way; no more than objects being written at this moment. */
  readonly #pending = new Map<string, Promise<Made>>();

  constructor(bytesMax: number = representationBytesMaxDefault) {
    this.#made = new ByteLru(bytesMax);
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#made.bytes;
  }

  /**
   * `make`, done once per revision of an object.
   *
   * @param form tells it from other forms of the same objects: group-version and kind, media type
   */
  once(form: string, make: MakeBytes): MakeBytes {
    return (object) => {
      // Keys hold no blank.
      const key = `${object.revision} ${object.key} ${form}`;
      const known = this.#made.get(key);
      if (known !== undefined) return known.of === object.body ? known.bytes : make(object);
      const pending = this.#pending.get(key);
      if (pending === undefined) return this.#make(key, object, make);
      return pending.then(({ of, bytes }) => (of === object.body ? bytes : make(object)));
    };
  }

  #make(key: string, object: CachedObject, make: MakeBytes): Uint8Array | Promise<Uint8Array> {
    const made = make(object);
    if (!(made instanceof Promise)) return this.#keep(key, object, made).bytes;
    const pending = made
      .then((bytes) => this.#keep(key, object, bytes))
      .finally(() => this.#pending.delete(key));
    this.#pending.set(key, pending);
    return pending.then(({ bytes }) => bytes);
  }

  #keep(key: string, object: CachedObject, bytes: Uint8Array): Made {
    const made = { of: object.body, bytes };
    const size = bytes.byteLength + key.length * 2;
    // What a dry run would write has no revision, and is shown once.
    if (object.revision !== 0 && this.#admits(size)) this.#made.set(key, made, size);
    return made;
  }

  #admits(size: number): boolean {
    if (this.#made.bytes + size <= this.#bytesMax) return true;
    this.#refused = (this.#refused + 1) % admittedOneIn;
    return this.#refused === 0;
  }
}
