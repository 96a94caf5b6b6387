// The port that every store implements: an append log of revisions with one key per write.

/** One key's value at a revision. `revision` is that of the write that made this value. */
export interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
  readonly revision: number;
}

export interface RangeOptions {
  /** Read the state as of this revision; default: the newest. */
  readonly revision?: number;
  /** First key to return (inclusive); default: the prefix itself. */
  readonly from?: string;
  /** At most this many entries; default: all. */
  readonly limit?: number;
  /** Also count what the whole prefix holds from `from` on (costs a key scan). */
  readonly count?: boolean;
}

export interface RangeResult {
  /** The revision that the read is a view of. */
  readonly revision: number;
  /** In ascending byte order of their keys. */
  readonly entries: readonly Entry[];
  /** Whether `limit` left entries out. */
  readonly more: boolean;
  /** Only when asked for with `count`. */
  readonly count?: number;
}

/** Outcome of a compare-and-swap; `current` is what stood there when it lost (absent: no key). */
export type SwapResult =
  | { readonly ok: true; readonly revision: number }
  | { readonly ok: false; readonly current: Entry | undefined };

/**
 * One write, as watchers see it. A delete carries the key's last value in `previous`; `revision`
 * is always that of this write. Expiry of a TTL is a delete like any other.
 */
export type StorageEvent =
  | {
      readonly type: 'put';
      readonly key: string;
      readonly value: Uint8Array;
      readonly revision: number;
      readonly previous: Entry | undefined;
    }
  | {
      readonly type: 'delete';
      readonly key: string;
      readonly revision: number;
      readonly previous: Entry | undefined;
    };

export interface StorageWatch {
  /** Ends the stream; idempotent. No callback runs after it returns. */
  close(): void;
}

export interface WatchHandlers {
  /** Events in revision order, without gaps or repeats; several of one turn come together. */
  events(events: readonly StorageEvent[]): void;
  /** The stream is complete up to `revision` although nothing new may have been written. */
  progress?(revision: number): void;
  /** The stream ended by itself (`CompactedError`, a lost connection). Nothing follows. */
  failed(error: Error): void;
}

/**
 * A store of revisions. Revisions are positive integers that grow by each write over the whole
 * store; revision 0 means "no such key" in a swap. Nothing above may rely on a transaction over
 * several keys, on being the only writer, or on knowing a revision before the commit.
 *
 * All methods reject with `StorageClosedError` once closed and `StorageUnavailableError` when the
 * store cannot be reached; reads of a compacted revision reject with `CompactedError`, of one not
 * yet written with `FutureRevisionError`.
 */
export interface Driver {
  range(prefix: string, options?: RangeOptions): Promise<RangeResult>;
  get(
    key: string,
    options?: { readonly revision?: number },
  ): Promise<{ readonly revision: number; readonly entry: Entry | undefined }>;
  /**
   * Writes `value` (or deletes, when undefined) if the key's newest revision is `expected`
   * (0: the key must not exist). Resolves only once the write is durable.
   *
   * @param options.ttlMs the value is deleted this long (cluster time) after the write
   */
  compareAndSwap(
    key: string,
    expected: number,
    value: Uint8Array | undefined,
    options?: { readonly ttlMs?: number },
  ): Promise<SwapResult>;
  /** Every event with a revision above `fromRevision`, history first, then live. */
  watch(prefix: string, fromRevision: number, handlers: WatchHandlers): StorageWatch;
  /** The newest committed revision; linearizable over every writer. */
  currentRevision(): Promise<number>;
  /**
   * Asks for a `progress` on every open watch once it has delivered all up to now. Stores that
   * cannot be asked make the stream move by other means.
   */
  requestProgress(): Promise<void>;
  /**
   * No older revision is to be read: the highest that this driver has compacted to. Other writers
   * may have gone further.
   */
  readonly compacted: number;
  /** Drops history below `revision`; what is newest at it stays readable. */
  compact(revision: number): Promise<void>;
  /** An independent copy that starts with this store's newest state and revision. */
  fork(): Promise<Driver>;
  close(): Promise<void>;
}

/** The asked-for revision has been compacted away; the oldest readable one is `compacted`. */
export class CompactedError extends Error {
  readonly code = 'ERR_STORAGE_COMPACTED';
  readonly compacted: number;
  constructor(compacted: number) {
    super(`the required revision has been compacted: the oldest kept is ${compacted}`);
    this.compacted = compacted;
  }
}

/** The asked-for revision lies above the newest one, `current`. */
export class FutureRevisionError extends Error {
  readonly code = 'ERR_STORAGE_FUTURE';
  readonly current: number;
  constructor(revision: number, current: number) {
    super(`revision ${revision} is not there yet: the newest is ${current}`);
    this.current = current;
  }
}

export class StorageClosedError extends Error {
  readonly code = 'ERR_STORAGE_CLOSED';
  constructor() {
    super('the store is closed');
  }
}

export class StorageUnavailableError extends Error {
  readonly code = 'ERR_STORAGE_UNAVAILABLE';
}
