// One stored resource in memory, fed only by storage's event stream: state, recent events, waits.
import type { Clock, Timer } from '../../clock.ts';
import { describeError, type Logger } from '../../logger.ts';
import {
  CompactedError,
  type Driver,
  StorageClosedError,
  type StorageEvent,
  type StorageWatch,
} from '../../storage/driver.ts';
import { BTree, type BTreeView } from './btree.ts';
import { EventRing } from './event-ring.ts';
import { type CacheLimits, defaultCacheLimits } from './limits.ts';
import { differences } from './relist.ts';
import { RevisionWaiters } from './revision-waiters.ts';
import { KeptSnapshots, TreeSnapshot } from './snapshot.ts';
import { readHistory } from './storage-history.ts';
import type { CachedObject, CacheEvent, ObjectHeader } from './types.ts';

export interface WatchCacheOptions {
  readonly driver: Driver;
  /** Ends with `/`; keys are `${prefix}${namespace}/${name}`, or `${prefix}${name}`. */
  readonly prefix: string;
  /** See `objectHeaders`. */
  readonly header: (key: string, body: Uint8Array) => ObjectHeader;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits?: Partial<CacheLimits>;
}

/**
 * The state of everything under one prefix, and the events that led to it. It knows that it is
 * complete up to `revision`, a revision of the whole store: by its own events, and by storage's
 * progress when others were written.
 */
export class WatchCache {
  readonly prefix: string;
  readonly limits: CacheLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly driver: Driver;
  /** Reads the header of a body that the cache may not have seen. */
  readonly header: (key: string, body: Uint8Array) => ObjectHeader;
  readonly #waiters: RevisionWaiters;
  readonly #kept: KeptSnapshots;
  readonly #listeners = new Set<(firstSequence: number) => void>();
  readonly #ready: Promise<void>;
  #setReady: () => void = () => undefined;
  #tree = new BTree<CachedObject>();
  #view: BTreeView<CachedObject> | undefined;
  #ring: EventRing;
  #listed = false;
  #bytes = 0;
  #revision = 0;
  /** Revision of the newest event; the state has not changed since. */
  #changed = 0;
  /** Events before it may stand for several (a relist), so no state can be undone to. */
  #exactFrom = 0;
  #watch: StorageWatch | undefined;
  #retryMs: number;
  #retryTimer: Timer | undefined;
  #progressTimer: Timer | undefined;
  #reading: Promise<unknown> = Promise.resolve();
  #nextRead: Promise<number> | undefined;
  #closed = false;

  constructor(options: WatchCacheOptions) {
    this.driver = options.driver;
    this.prefix = options.prefix;
    this.clock = options.clock;
    this.logger = options.logger;
    this.header = options.header;
    this.limits = { ...defaultCacheLimits, ...options.limits };
    this.#waiters = new RevisionWaiters(options.clock);
    this.#kept = new KeptSnapshots(options.clock, this.limits);
    this.#ring = new EventRing(this.limits, 0);
    this.#retryMs = this.limits.retryMinMs;
    this.#ready = new Promise((resolve) => {
      this.#setReady = resolve;
    });
    void this.#relist();
  }

  /** Resolves once the first state is there. */
  ready(): Promise<void> {
    return this.#ready;
  }

  /** The cache is complete up to this revision of the store. */
  get revision(): number {
    return this.#revision;
  }

  /** The latest events by sequence number. */
  get ring(): EventRing {
    return this.#ring;
  }

  get size(): number {
    return this.#tree.size;
  }

  /** Bytes of all bodies together. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The newest state that the cache knows of one object; see `consistent`. */
  get(key: string): CachedObject | undefined {
    return this.#tree.get(key);
  }

  /**
   * The newest state, or the exact one at `revision`: undefined when it is neither kept nor can
   * be made from recent events (`driver.range` with the revision may still know it), or compacted:
   * tokens expire then although nothing may have changed since, as upstream's do.
   */
  snapshot(): TreeSnapshot;
  snapshot(revision: number): TreeSnapshot | undefined;
  snapshot(exact?: number): TreeSnapshot | undefined {
    const revision = exact ?? this.#revision;
    if (revision > this.#revision) return undefined;
    if (exact !== undefined && exact < this.driver.compacted) return undefined;
    this.#view ??= this.#tree.snapshot();
    if (revision >= this.#changed) return new TreeSnapshot(revision, this.#view);
    return this.#kept.get(revision) ?? this.#undo(this.#view, revision);
  }

  /** Keeps a snapshot, within the limits, for the pages that follow the first. */
  keep(snapshot: TreeSnapshot): void {
    this.#kept.keep(snapshot);
  }

  /** The events after `fromRevision` in order; undefined when the oldest are gone. */
  history(fromRevision: number): readonly CacheEvent[] | undefined {
    const first = this.#ring.after(fromRevision);
    if (first === undefined) return undefined;
    const events: CacheEvent[] = [];
    for (let at = first; at < this.#ring.next; at++) {
      const event = this.#ring.at(at);
      if (event !== undefined) events.push(event);
    }
    return events;
  }

  /**
   * The events after `fromRevision` and up to the newest one that the cache knows, from storage.
   *
   * @throws StatusError 410 when storage has compacted them or they are too many
   */
  storageHistory(fromRevision: number): Promise<readonly CacheEvent[]> {
    return readHistory(this, fromRevision, this.#revision);
  }

  /** Calls `listener` after each batch with the sequence number of its first event. */
  subscribe(listener: (firstSequence: number) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Resolves once the cache has seen `revision`.
   *
   * @param timeoutMs default 3 s, as upstream
   * @throws StatusError 504 'Too large resource version'
   */
  waitFor(revision: number, timeoutMs: number = this.limits.waitMs): Promise<void> {
    if (this.#listed && revision <= this.#revision) return Promise.resolve();
    if (this.#closed) return Promise.reject(new StorageClosedError());
    const waiting = this.#waiters.wait(revision, timeoutMs, () => this.#revision);
    this.#askProgress();
    return waiting;
  }

  /** Like `waitFor` without an end; only events and other reads' progress count. */
  passed(revision: number): Promise<void> {
    if (this.#listed && revision <= this.#revision) return Promise.resolve();
    if (this.#closed) return Promise.reject(new StorageClosedError());
    return this.#waiters.wait(revision, undefined, () => this.#revision);
  }

  /**
   * Waits until the cache holds every write that was done before the call, and returns the
   * revision that this is certain of. Callers that wait for the same answer share one question.
   */
  consistent(): Promise<number> {
    this.#nextRead ??= this.#readAfter(this.#reading);
    return this.#nextRead;
  }

  /** Ends the stream; waits are rejected. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch?.close();
    this.#retryTimer?.cancel();
    this.#progressTimer?.cancel();
    this.#waiters.rejectAll(new StorageClosedError());
    this.#kept.clear();
  }

  /** A stored value with its header. One that cannot be read is named in the log and kept. */
  cached(key: string, revision: number, body: Uint8Array): CachedObject {
    try {
      return { key, revision, body, header: this.header(key, body) };
    } catch (error) {
      this.logger.error(`cannot read the stored object ${key}`, error);
      const [name = '', namespace = ''] = key.slice(this.prefix.length).split('/').reverse();
      const rest = { uid: '', labels: undefined, fields: undefined, ownerUids: undefined };
      return { key, revision, body, header: { name, namespace, ...rest } };
    }
  }

  async #readAfter(previous: Promise<unknown>): Promise<number> {
    await previous;
    // Who comes from here on may have seen a later write than this question will.
    this.#nextRead = undefined;
    const asking = this.driver.currentRevision();
    this.#reading = asking.catch(() => undefined);
    const revision = await asking;
    await this.#ready;
    await this.waitFor(revision);
    return revision;
  }

  #askProgress(): void {
    this.driver.requestProgress().catch((error: unknown) => {
      this.logger.debug('cannot ask storage for progress', { error: describeError(error) });
    });
    this.#progressTimer ??= this.clock.setTimeout(() => {
      this.#progressTimer = undefined;
      if (this.#waiters.timed > 0) this.#askProgress();
    }, this.limits.progressIntervalMs);
  }

  /** Makes the state at `revision` from a newer one, last event first. */
  #undo(view: BTreeView<CachedObject>, revision: number): TreeSnapshot | undefined {
    const first = this.#ring.after(revision);
    if (first === undefined || revision < this.#exactFrom) return undefined;
    if (this.#ring.next - first > this.limits.undoEventsMax) return undefined;
    const tree = view.edit();
    for (let at = this.#ring.next - 1; at >= first; at--) {
      const event = this.#ring.at(at);
      if (event === undefined) return undefined;
      if (event.previous === undefined) tree.delete(event.object.key);
      else tree.set(event.object.key, event.previous);
    }
    const snapshot = new TreeSnapshot(revision, tree.snapshot());
    this.keep(snapshot);
    return snapshot;
  }

  /** Reads the whole prefix; what changed since the last state becomes events. */
  async #relist(): Promise<void> {
    try {
      const tree = new BTree<CachedObject>();
      const revision = await this.#readAll(tree);
      if (this.#closed) return;
      const next = tree.snapshot();
      this.#bytes = 0;
      for (const { body } of next.range(this.prefix)) this.#bytes += body.byteLength;
      if (this.#listed) {
        const events = differences(this.#tree.snapshot(), next, revision);
        this.#exactFrom = revision;
        this.#tree = tree;
        this.#view = next;
        this.#revision = revision;
        this.#publish(events);
      } else {
        this.#tree = tree;
        this.#view = next;
        this.#ring = new EventRing(this.limits, revision);
        this.#changed = revision;
      }
      this.#listed = true;
      this.#advance(revision);
      this.#setReady();
      this.#follow();
    } catch (error) {
      this.#recover(error, () => void this.#relist());
    }
  }

  async #readAll(tree: BTree<CachedObject>): Promise<number> {
    let revision: number | undefined;
    for (let from = this.prefix; ; ) {
      const page = await this.driver.range(this.prefix, {
        from,
        limit: this.limits.pageEntries,
        ...(revision === undefined ? {} : { revision }),
      });
      revision ??= page.revision;
      for (const entry of page.entries) {
        const known = this.#tree.get(entry.key);
        const same = known?.revision === entry.revision;
        tree.set(entry.key, same ? known : this.cached(entry.key, entry.revision, entry.value));
      }
      const last = page.entries.at(-1);
      if (!page.more || last === undefined) return revision;
      from = `${last.key}\0`;
    }
  }

  #follow(): void {
    this.#watch = this.driver.watch(this.prefix, this.#revision, {
      events: (events) => this.#apply(events),
      progress: (revision) => this.#advance(revision),
      failed: (error) => {
        if (error instanceof CompactedError) void this.#relist();
        else this.#recover(error, () => this.#follow());
      },
    });
  }

  #recover(error: unknown, again: () => void): void {
    if (this.#closed || error instanceof StorageClosedError) return;
    this.logger.warn('the stream from storage broke', {
      prefix: this.prefix,
      retryMs: this.#retryMs,
      error: describeError(error),
    });
    this.#retryTimer = this.clock.setTimeout(again, this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, this.limits.retryMaxMs);
  }

  #apply(events: readonly StorageEvent[]): void {
    if (this.#closed) return;
    this.#retryMs = this.limits.retryMinMs;
    const applied: CacheEvent[] = [];
    for (const event of events) {
      if (event.revision <= this.#revision) continue;
      this.#revision = event.revision;
      const change = this.#change(event);
      if (change !== undefined) applied.push(change);
    }
    this.#view = undefined;
    this.#publish(applied);
    this.#waiters.reached(this.#revision);
  }

  #change(event: StorageEvent): CacheEvent | undefined {
    const { key, revision } = event;
    if (event.type === 'put') {
      const object = this.cached(key, revision, event.value);
      const previous = this.#tree.set(key, object);
      this.#bytes += object.body.byteLength - (previous?.body.byteLength ?? 0);
      return { type: 'put', object, previous, revision };
    }
    const previous = this.#tree.delete(key);
    if (previous === undefined) return undefined;
    this.#bytes -= previous.body.byteLength;
    return { type: 'delete', object: { ...previous, revision }, previous, revision };
  }

  #publish(events: readonly CacheEvent[]): void {
    const last = events.at(-1);
    if (last === undefined) return;
    const first = this.#ring.next;
    const nowMs = this.clock.nowMs();
    for (const event of events) this.#ring.push(event, nowMs);
    this.#changed = last.revision;
    for (const listener of this.#listeners) listener(first);
  }

  #advance(revision: number): void {
    if (this.#closed || revision < this.#revision) return;
    this.#retryMs = this.limits.retryMinMs;
    this.#revision = revision;
    this.#waiters.reached(revision);
  }
}
