// A storage driver over one revision log: decides swaps, groups commits, reads, expires, compacts.
import type { Clock } from '../clock.ts';
import type {
  Driver,
  Entry,
  RangeOptions,
  RangeResult,
  StorageEvent,
  StorageWatch,
  SwapResult,
  WatchHandlers,
} from './driver.ts';
import { StorageClosedError, StorageUnavailableError } from './driver.ts';
import { ExpiryQueue } from './expiry.ts';
import type { LogRow, LogStore } from './log-store.ts';
import type { RevisionIndex, Version } from './revision-index.ts';
import { Watchers } from './watchers.ts';

/** Writes and bytes that share one append at most, so that one group cannot delay all others. */
const groupWritesMax = 512;
const groupBytesMax = 8 * 1024 * 1024;
/** Writes that may wait for the disk; more are refused. */
const pendingWritesMax = 16_384;
/** Log entries that compaction drops between two turns of the event loop. */
const compactionChunkMax = 500;

/** A write in the queue, or (without a row) a wait until all before it is durable. */
interface PendingWrite {
  readonly row: LogRow | undefined;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** What a fork needs to know to make a new store. */
export type ForkLog = (
  revision: number,
  rows: readonly { readonly version: Version; readonly value: Uint8Array }[],
) => Promise<Driver>;

/**
 * Swaps are decided at once against the index, which knows staged writes, and answered when their
 * group is durable. Only one append is under way at a time; all writes that arrive meanwhile make
 * the next group.
 */
export class LogDriver implements Driver {
  readonly #store: LogStore;
  readonly #index: RevisionIndex;
  readonly #clock: Clock;
  readonly #fork: ForkLog;
  readonly #watchers: Watchers;
  readonly #expiry: ExpiryQueue;
  #pending: PendingWrite[] = [];
  #flushing = false;
  #compacting: Promise<void> = Promise.resolve();
  #ended: Error | undefined;

  constructor(options: {
    readonly store: LogStore;
    readonly index: RevisionIndex;
    readonly clock: Clock;
    readonly fork: ForkLog;
  }) {
    this.#store = options.store;
    this.#index = options.index;
    this.#clock = options.clock;
    this.#fork = options.fork;
    this.#watchers = new Watchers(this.#index, (versions) => this.#load(versions));
    this.#expiry = new ExpiryQueue(this.#clock, (version) => this.#expire(version));
    for (const version of this.#index.live()) this.#expiry.add(version);
  }

  async range(prefix: string, options: RangeOptions = {}): Promise<RangeResult> {
    for (;;) {
      this.#assertOpen();
      const compacted = this.#index.compacted;
      const revision = this.#index.readable(options.revision);
      const { versions, more, count } = this.#index.scan(prefix, revision, options);
      const entries = await this.#entries(versions, compacted);
      if (entries === undefined) continue;
      return { revision, entries, more, ...(count === undefined ? {} : { count }) };
    }
  }

  async get(
    key: string,
    options: { readonly revision?: number } = {},
  ): Promise<{ readonly revision: number; readonly entry: Entry | undefined }> {
    for (;;) {
      this.#assertOpen();
      const compacted = this.#index.compacted;
      const revision = this.#index.readable(options.revision);
      const version = this.#index.at(key, revision);
      if (version === undefined) return { revision, entry: undefined };
      const entries = await this.#entries([version], compacted);
      if (entries !== undefined) return { revision, entry: entries[0] };
    }
  }

  async compareAndSwap(
    key: string,
    expected: number,
    value: Uint8Array | undefined,
    options: { readonly ttlMs?: number } = {},
  ): Promise<SwapResult> {
    this.#assertOpen();
    const head = this.#index.head(key);
    const current = head === undefined || head.deleted ? undefined : head;
    if ((current?.revision ?? 0) !== expected) return this.#lose(head, current);
    if (current === undefined && value === undefined) {
      return { ok: true, revision: this.#index.committed };
    }
    if (this.#pending.length >= pendingWritesMax) {
      throw new StorageUnavailableError(`more than ${pendingWritesMax} writes wait for the disk`);
    }
    const { ttlMs } = options;
    const expiresAtMs = ttlMs === undefined ? undefined : this.#clock.nowMs() + ttlMs;
    const version = this.#index.stage(key, value === undefined, expiresAtMs);
    await this.#enqueue({ version, value });
    return { ok: true, revision: version.revision };
  }

  watch(prefix: string, fromRevision: number, handlers: WatchHandlers): StorageWatch {
    const watch = this.#watchers.add(prefix, fromRevision, handlers);
    if (this.#ended !== undefined) this.#watchers.close(this.#ended);
    return watch;
  }

  async currentRevision(): Promise<number> {
    this.#assertOpen();
    return this.#index.committed;
  }

  async requestProgress(): Promise<void> {
    this.#assertOpen();
    this.#watchers.requestProgress();
  }

  get compacted(): number {
    return this.#index.compacted;
  }

  async compact(revision: number): Promise<void> {
    this.#assertOpen();
    if (revision <= this.#index.compacted) return;
    this.#index.compact(revision);
    this.#compacting = this.#compacting
      .catch(() => undefined)
      .then(() => this.#dropCompacted(revision));
    await this.#compacting;
  }

  async fork(): Promise<Driver> {
    for (;;) {
      this.#assertOpen();
      const compacted = this.#index.compacted;
      const revision = this.#index.committed;
      const versions = this.#index.live();
      const entries = await this.#entries(versions, compacted);
      if (entries === undefined) continue;
      const rows = versions.flatMap((version, at) => {
        const value = entries[at]?.value;
        return value === undefined ? [] : [{ version, value }];
      });
      return this.#fork(revision, rows);
    }
  }

  /** Refuses new calls, finishes the writes that wait, then lets go of the store. */
  async close(): Promise<void> {
    if (this.#ended !== undefined) return;
    const idle = this.#flushing || this.#pending.length > 0 ? this.#barrier() : undefined;
    this.#ended = new StorageClosedError();
    this.#expiry.close();
    await idle?.catch(() => undefined);
    await this.#compacting.catch(() => undefined);
    this.#watchers.close();
    await this.#store.close();
  }

  #assertOpen(): void {
    if (this.#ended !== undefined) throw this.#ended;
  }

  /** What was seen may still be on its way to the disk: nobody hears of it before it is there. */
  async #lose(head: Version | undefined, current: Version | undefined): Promise<SwapResult> {
    if (head !== undefined && head.revision > this.#index.committed) await this.#barrier();
    if (current === undefined) return { ok: false, current: undefined };
    const entries = await this.#entries([current], this.#index.compacted);
    if (entries !== undefined) return { ok: false, current: entries[0] };
    // Compaction has just dropped it because it is no longer the newest.
    return { ok: false, current: (await this.get(current.key)).entry };
  }

  #enqueue(row: LogRow): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ row, resolve, reject });
      this.#schedule();
    });
  }

  #barrier(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ row: undefined, resolve, reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    // Requests that one turn of the loop has read from their sockets make one group.
    if (this.#store.groups) setImmediate(() => this.#flush());
    else this.#flush();
  }

  #flush(): void {
    const group = this.#takeGroup();
    const rows = group.flatMap(({ row }) => (row === undefined ? [] : [row]));
    try {
      const appending = rows.length === 0 ? undefined : this.#store.append(rows);
      const own = new Map(rows.map(({ version, value }) => [version, value]));
      const versions = rows.map(({ version }) => version);
      const events = this.#events(versions, own, this.#index.compacted);
      if (appending === undefined && !(events instanceof Promise)) {
        this.#commit(group, rows, events);
        return;
      }
      Promise.all([events, appending]).then(
        ([ready]) => this.#commit(group, rows, ready),
        (error: unknown) => this.#break(group, error),
      );
    } catch (error) {
      this.#break(group, error);
    }
  }

  #takeGroup(): PendingWrite[] {
    let bytes = 0;
    let size = 0;
    for (const { row } of this.#pending) {
      bytes += row?.value?.byteLength ?? 0;
      if (size > 0 && (size >= groupWritesMax || bytes > groupBytesMax)) break;
      size++;
    }
    return this.#pending.splice(0, size);
  }

  #commit(
    group: readonly PendingWrite[],
    rows: readonly LogRow[],
    events: readonly StorageEvent[] | undefined,
  ): void {
    const last = rows.at(-1)?.version.revision;
    if (last !== undefined) this.#index.commit(last);
    for (const { version } of rows) this.#expiry.add(version);
    if (events !== undefined) this.#watchers.publish(events);
    this.#flushing = false;
    for (const write of group) write.resolve();
    if (this.#pending.length > 0 && !this.#flushing) {
      this.#flushing = true;
      this.#flush();
    }
  }

  /** The store cannot write: what it holds is unknown now, so nothing more is read or written. */
  #break(group: readonly PendingWrite[], cause: unknown): void {
    const why = cause instanceof Error ? cause.message : String(cause);
    const error = new StorageUnavailableError(`cannot write to the store: ${why}`, { cause });
    this.#ended = error;
    this.#expiry.close();
    for (const write of [...group, ...this.#pending]) write.reject(error);
    this.#pending = [];
    this.#watchers.close(error);
  }

  #expire(version: Version): void {
    if (this.#ended !== undefined || this.#index.head(version.key) !== version) return;
    const tombstone = this.#index.stage(version.key, true, undefined);
    // A failed append ends the driver and is reported there.
    this.#enqueue({ version: tombstone, value: undefined }).catch(() => undefined);
  }

  #load(versions: readonly Version[]) {
    return this.#events(versions, new Map(), this.#index.compacted);
  }

  /** Undefined when compaction took one of the values since it stood at `compacted`. */
  #entries(
    versions: readonly Version[],
    compacted: number,
  ): readonly Entry[] | undefined | Promise<readonly Entry[] | undefined> {
    if (versions.length === 0) return [];
    const loading = this.#store.values(versions.map((version) => version.revision));
    const build = (values: readonly (Uint8Array | undefined)[]) => {
      const entries: Entry[] = [];
      for (const [at, { key, revision }] of versions.entries()) {
        const value = values[at];
        if (value !== undefined) entries.push({ key, value, revision });
        else if (this.#index.compacted > compacted) return undefined;
        else throw new StorageUnavailableError(`the value of revision ${revision} is missing`);
      }
      return entries;
    };
    return loading instanceof Promise ? loading.then(build) : build(loading);
  }

  #events(
    versions: readonly Version[],
    own: ReadonlyMap<Version, Uint8Array | undefined>,
    compacted: number,
  ): readonly StorageEvent[] | undefined | Promise<readonly StorageEvent[] | undefined> {
    const involved = new Set<Version>();
    const involve = (version: Version | undefined) => {
      if (version !== undefined && !version.deleted && !own.has(version)) involved.add(version);
    };
    // Compaction cuts the chain while values load; what came before is noted now.
    const writes = versions.map((version) => ({ version, previous: version.previous }));
    for (const { version, previous } of writes) {
      involve(version);
      involve(previous);
    }
    const build = (loaded: readonly Entry[] | undefined) => {
      if (loaded === undefined) return undefined;
      const values = new Map([...own].map(([version, value]) => [version.revision, value]));
      for (const entry of loaded) values.set(entry.revision, entry.value);
      return writes.map(({ version, previous }) => eventOf(version, previous, values));
    };
    const loading = this.#entries([...involved], compacted);
    return loading instanceof Promise ? loading.then(build) : build(loading);
  }

  async #dropCompacted(revision: number): Promise<void> {
    await this.#store.compacted(revision);
    for (let done = false; !done && this.#ended === undefined; ) {
      const step = this.#index.dropSome(compactionChunkMax);
      done = step.done;
      if (step.dropped.length > 0) await this.#store.drop(step.dropped);
      if (!done) await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

function eventOf(
  { key, revision, deleted }: Version,
  before: Version | undefined,
  values: ReadonlyMap<number, Uint8Array | undefined>,
): StorageEvent {
  const last = before === undefined ? undefined : values.get(before.revision);
  const previous =
    before === undefined || last === undefined
      ? undefined
      : { key, value: last, revision: before.revision };
  const value = values.get(revision);
  if (deleted || value === undefined) return { type: 'delete', key, revision, previous };
  return { type: 'put', key, value, revision, previous };
}
