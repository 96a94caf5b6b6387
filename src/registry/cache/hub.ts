// Brings the events of one watch cache to its watchers: indexed dispatch, bookmarks, limits.
import type { Timer } from '../../clock.ts';
import { describeError } from '../../logger.ts';
import { type ResourceName, tooManyRequests } from '../../status.ts';
import type { ChunkWriter } from './chunk-buffer.ts';
import {
  checkWatchOptions,
  plainRevision,
  type VersionOptions,
  watchDefaults,
} from './list-options.ts';
import type { View } from './representation.ts';
import type { CacheEvent, Selection } from './types.ts';
import type { WatchCache } from './watch-cache.ts';
import { WatchFrames } from './watch-frames.ts';
import { Watcher } from './watcher.ts';
import { WatcherIndex } from './watcher-index.ts';

export interface WatchRequest extends VersionOptions {
  readonly resource: ResourceName;
  readonly selection: Selection;
  readonly view: View;
  readonly allowBookmarks: boolean;
  /** Cluster time until the watch ends by itself; undefined: never. */
  readonly timeoutMs?: number | undefined;
  /** Called once the watch has sent all that it starts with. */
  readonly started?: (() => void) | undefined;
  /** Called for each event that is sent, with its bytes. */
  readonly sent?: ((bytes: number) => void) | undefined;
}

/** Writes the stream; resolves when it has ended, whoever ended it. Never rejects. */
export type WatchStream = (write: ChunkWriter, signal: AbortSignal) => Promise<void>;

export class Hub {
  readonly cache: WatchCache;
  readonly frames: WatchFrames;
  readonly #index: WatcherIndex<Watcher>;
  readonly #watchers = new Set<Watcher>();
  readonly #unsubscribe: () => void;
  #dispatched: number;
  #scheduled = false;
  #bookmarkTimer: Timer | undefined;
  #closed = false;

  /** @param triggerField the selectable field that watchers are indexed by */
  constructor(cache: WatchCache, triggerField?: string) {
    this.cache = cache;
    this.frames = new WatchFrames(cache.limits.frameBytesMax);
    this.#index = new WatcherIndex(triggerField);
    this.#dispatched = cache.ring.next;
    this.#unsubscribe = cache.subscribe(() => this.#schedule());
  }

  /** How many watches are open. */
  get size(): number {
    return this.#watchers.size;
  }

  /** Whether all events that the cache has seen have been offered to the watchers. */
  get idle(): boolean {
    return !this.#scheduled;
  }

  /**
   * Checks a watch; what can go wrong later becomes an ERROR event of the stream.
   *
   * @throws StatusError 422 for bad options, 429 when too many are open
   */
  open(given: WatchRequest): WatchStream {
    const request = watchDefaults(given);
    checkWatchOptions(request);
    const revision = plainRevision(request.resourceVersion);
    if (this.#watchers.size >= this.cache.limits.watchersMax) {
      throw tooManyRequests('too many watches are open, please try again later', 1);
    }
    return async (write, signal) => {
      if (this.#closed || signal.aborted) return;
      const watcher = new Watcher(this, request, revision, write);
      this.#watchers.add(watcher);
      this.#index.add(watcher);
      if (request.allowBookmarks) this.#startBookmarks();
      const end = () => watcher.end();
      signal.addEventListener('abort', end, { once: true });
      await watcher.run();
      signal.removeEventListener('abort', end);
      this.#index.delete(watcher);
      this.#watchers.delete(watcher);
    };
  }

  /** Ends every watch and takes no more. */
  close(): void {
    this.#closed = true;
    this.#unsubscribe();
    this.#bookmarkTimer?.cancel();
    for (const watcher of this.#watchers) watcher.end();
  }

  /** Offers everything new; watchers that wait for their writer go on from the ring later. */
  dispatch(): void {
    const { ring } = this.cache;
    const touched = new Set<Watcher>();
    if (ring.first > this.#dispatched) {
      // More came at once than the ring holds: who has kept up so far has missed some too.
      for (const watcher of this.#watchers) watcher.miss(this.#dispatched);
    }
    for (let at = Math.max(this.#dispatched, ring.first); at < ring.next; at++) {
      const event = ring.at(at);
      if (event !== undefined) this.#offer(at, event, touched);
    }
    this.#dispatched = ring.next;
    for (const watcher of touched) watcher.flush();
    this.frames.forget();
  }

  #offer(sequence: number, event: CacheEvent, touched: Set<Watcher>): void {
    this.#index.candidates(event, (watcher) => {
      if (watcher.offer(sequence, event)) touched.add(watcher);
    });
  }

  /**
   * All events of a commit, or of a turn, reach a watcher in one write. With few watchers they go
   * out before the answers to the writes that made them, so that a controller which has written
   * finds its own write in its informer; many watchers must not hold those answers up.
   */
  #schedule(): void {
    if (this.#closed) return;
    const { ring, limits } = this.cache;
    if (ring.next - this.#dispatched >= limits.ringEventsMax / 2) this.dispatch();
    if (this.#scheduled) return;
    this.#scheduled = true;
    const defer = this.#watchers.size > limits.promptWatchersMax ? setImmediate : queueMicrotask;
    defer(() => {
      this.#scheduled = false;
      if (!this.#closed) this.dispatch();
    });
  }

  #startBookmarks(): void {
    this.#bookmarkTimer ??= this.cache.clock.setTimeout(() => {
      this.#bookmarkTimer = undefined;
      void this.#bookmarkAll();
    }, this.cache.limits.bookmarkIntervalMs);
  }

  async #bookmarkAll(): Promise<void> {
    // A quiet resource learns here how far the others have taken the store.
    await this.cache.consistent().catch((error: unknown) => {
      this.cache.logger.debug('a bookmark may be old', { error: describeError(error) });
    });
    if (this.#closed) return;
    let wanted = false;
    for (const watcher of this.#watchers) {
      if (!watcher.request.allowBookmarks) continue;
      wanted = true;
      watcher.bookmark();
    }
    if (wanted) this.#startBookmarks();
  }
}
