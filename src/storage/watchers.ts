// Delivers the log to watchers: history first, then live, in order and without a seam.

import type { StorageEvent, StorageWatch, WatchHandlers } from './driver.ts';
import { CompactedError, StorageClosedError } from './driver.ts';
import type { RevisionIndex, Version } from './revision-index.ts';

/** Log entries that a watcher in history looks at between two turns of the event loop. */
const historyChunkMax = 500;

/** Makes events of versions; undefined when compaction took a value meanwhile. */
export type LoadEvents = (
  versions: readonly Version[],
) => readonly StorageEvent[] | undefined | Promise<readonly StorageEvent[] | undefined>;

interface Watcher {
  readonly prefix: string;
  readonly handlers: WatchHandlers;
  /** Everything up to here is delivered, or does not concern this watcher. */
  cursor: number;
  live: boolean;
  closed: boolean;
  progressWanted: boolean;
}

/**
 * All watches of one store. A watcher reads the log until it has caught up, then takes part in
 * the live delivery; both happen in microtasks after the commit, so that a handler which writes
 * cannot make another watcher see events out of order.
 */
export class Watchers {
  readonly #index: RevisionIndex;
  readonly #load: LoadEvents;
  readonly #watchers = new Set<Watcher>();
  #outbox: StorageEvent[] = [];
  /** What the live watchers have seen. */
  #delivered: number;
  #scheduled = false;

  constructor(index: RevisionIndex, load: LoadEvents) {
    this.#index = index;
    this.#load = load;
    this.#delivered = index.committed;
  }

  add(prefix: string, fromRevision: number, handlers: WatchHandlers): StorageWatch {
    const watcher: Watcher = {
      prefix,
      handlers,
      cursor: fromRevision,
      live: false,
      closed: false,
      progressWanted: false,
    };
    this.#watchers.add(watcher);
    queueMicrotask(() => void this.#catchUp(watcher));
    return {
      close: () => {
        watcher.closed = true;
        this.#watchers.delete(watcher);
      },
    };
  }

  /** Takes committed events, in order; they go out at the end of this turn's work. */
  publish(events: readonly StorageEvent[]): void {
    for (const event of events) this.#outbox.push(event);
    this.#schedule();
  }

  requestProgress(): void {
    for (const watcher of this.#watchers) watcher.progressWanted = true;
    this.#schedule();
  }

  /** Ends every watch with `error`. */
  close(error: Error = new StorageClosedError()): void {
    for (const watcher of this.#watchers) this.#fail(watcher, error);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    const events = this.#outbox;
    this.#outbox = [];
    this.#delivered = events.at(-1)?.revision ?? this.#delivered;
    for (const watcher of this.#watchers) {
      if (!watcher.live) continue;
      this.#give(watcher, events);
      this.#giveProgress(watcher);
    }
  }

  #give(watcher: Watcher, events: readonly StorageEvent[]): void {
    const wanted = events.filter(
      (event) => event.revision > watcher.cursor && event.key.startsWith(watcher.prefix),
    );
    watcher.cursor = Math.max(watcher.cursor, events.at(-1)?.revision ?? 0);
    if (wanted.length > 0 && !watcher.closed) watcher.handlers.events(wanted);
  }

  #giveProgress(watcher: Watcher): void {
    if (!watcher.progressWanted || watcher.closed) return;
    watcher.progressWanted = false;
    watcher.handlers.progress?.(Math.max(this.#delivered, watcher.cursor));
  }

  /** Reads the log until nothing is between the watcher and the live delivery. */
  async #catchUp(watcher: Watcher): Promise<void> {
    try {
      while (!watcher.closed) {
        if (watcher.cursor < this.#index.compacted) {
          return this.#fail(watcher, new CompactedError(this.#index.compacted));
        }
        // Between this check and `live` nothing is awaited: what is delivered later is later.
        if (watcher.cursor >= this.#delivered) {
          watcher.live = true;
          if (watcher.progressWanted) this.#schedule();
          return;
        }
        const chunk = this.#index.since(watcher.cursor, historyChunkMax);
        const wanted = chunk.filter((version) => version.key.startsWith(watcher.prefix));
        const loading = this.#load(wanted);
        const events = loading instanceof Promise ? await loading : loading;
        // A value that compaction took shows at the top of the loop.
        if (events === undefined) continue;
        const reached = chunk.at(-1)?.revision ?? this.#delivered;
        this.#give(watcher, events);
        watcher.cursor = Math.max(watcher.cursor, reached);
      }
    } catch (error) {
      this.#fail(watcher, error instanceof Error ? error : new Error(String(error)));
    }
  }

  #fail(watcher: Watcher, error: Error): void {
    this.#watchers.delete(watcher);
    if (watcher.closed) return;
    watcher.closed = true;
    watcher.handlers.failed(error);
  }
}
