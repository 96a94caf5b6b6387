// Where the store's keys lie in etcd: below a prefix, with one marker key of our own before them.
import type { Entry, StorageEvent } from '../driver.ts';
import type { KeyValue, WatchEvent } from './messages.ts';

/** Translates between the store's keys and etcd's. */
export class EtcdKeys {
  readonly #prefix: string;
  readonly #prefixBytes: number;
  /** Written only to move the revision; sorts before every key of the store. */
  readonly marker: Buffer;

  constructor(prefix: string) {
    this.#prefix = prefix.replace(/\/+$/, '');
    this.#prefixBytes = Buffer.byteLength(this.#prefix);
    this.marker = Buffer.from(`${this.#prefix}\u0000coracle`);
  }

  key(key: string): Buffer {
    return Buffer.from(this.#prefix + key);
  }

  /** The range of the keys that start with `prefix`, without the marker. */
  range(prefix: string, from = ''): { readonly key: Buffer; readonly range_end: Buffer } {
    const start = this.key(prefix);
    const wanted = this.key(from);
    const key = Buffer.compare(wanted, start) > 0 ? wanted : start;
    const skipsMarker = key.length === this.#prefixBytes ? this.key('\u0001') : key;
    return { key: skipsMarker, range_end: after(start) };
  }

  /** Everything of ours, the marker included. */
  everything(): { readonly key: Buffer; readonly range_end: Buffer } {
    const key = this.key('');
    return { key, range_end: after(key) };
  }

  entry({ key, value, mod_revision }: KeyValue): Entry {
    return {
      key: key.toString('utf8', this.#prefixBytes),
      value: value ?? Buffer.alloc(0),
      revision: Number(mod_revision),
    };
  }

  /** Undefined for a write of the marker. */
  event({ type, kv, prev_kv }: WatchEvent): StorageEvent | undefined {
    if (this.marker.equals(kv.key)) return undefined;
    const { key, value, revision } = this.entry(kv);
    const previous = prev_kv === undefined ? undefined : this.entry(prev_kv);
    if (type === 1) return { type: 'delete', key, revision, previous };
    return { type: 'put', key, value, revision, previous };
  }
}

/** The first key after all that start with `bytes`; UTF-8 never ends in 0xff. */
function after(bytes: Buffer): Buffer {
  if (bytes.length === 0) return Buffer.from([0]);
  const end = Buffer.from(bytes);
  end[end.length - 1] = (end[end.length - 1] ?? 0) + 1;
  return end;
}
