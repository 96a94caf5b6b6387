// Fans one etcd watch over the whole prefix out to all watches of the driver.

import type { Timer } from '../../clock.ts';
import { systemClock } from '../../clock.ts';
import type { Logger } from '../../logger.ts';
import type { StorageEvent, StorageWatch, WatchHandlers } from '../driver.ts';
import { CompactedError, StorageClosedError } from '../driver.ts';
import type { EtcdConnection } from './connection.ts';
import type { EtcdKeys } from './keys.ts';
import type { WatchEvent } from './messages.ts';
import { WatchStream } from './watch-stream.ts';

/** Recent events kept so that a watch which starts a little behind needs no stream of its own. */
const recentEventsMax = 10_000;
const recentBytesMax = 32 * 1024 * 1024;
const reconnectMsMin = 100;
const reconnectMsMax = 5_000;
/** How often an unanswered wish for progress is repeated; etcd may drop one. */
const progressRetryMs = 100;

interface Watcher {
  readonly prefix: string;
  readonly handlers: WatchHandlers;
  cursor: number;
  live: boolean;
  closed: boolean;
  history: WatchStream | undefined;
  /** Wants a progress once everything up to here is delivered. */
  progressAt: number;
}

export interface EtcdWatchesOptions {
  readonly connection: EtcdConnection;
  readonly keys: EtcdKeys;
  readonly logger: Logger;
  /** A revision that is a write below the prefix: the stream starts after it. */
  readonly startRevision: number;
  /** Whether this etcd answers progress requests rightly. */
  readonly asksProgress: boolean;
}

/**
 * A watch whose start lies in the recent events takes them and is live. An older one reads a
 * stream of its own until it has reached the recent events. These start at a revision that is an
 * event of the stream, so the two always meet, and nothing is missed or repeated in between.
 */
export class EtcdWatches {
  readonly #options: EtcdWatchesOptions;
  readonly #watchers = new Set<Watcher>();
  #recent: { readonly event: StorageEvent | undefined; readonly revision: number }[] = [];
  #recentBytes = 0;
  /** Every event above this revision is among the recent ones. */
  #recentFrom: number;
  #delivered: number;
  #stream: WatchStream | undefined;
  #reconnectMs = reconnectMsMin;
  #reconnect: Timer | undefined;
  #progressTimer: Timer | undefined;
  #closed = false;

  constructor(options: EtcdWatchesOptions) {
    this.#options = options;
    this.#recentFrom = options.startRevision;
    this.#delivered = options.startRevision;
    this.#connect();
  }

  add(prefix: string, fromRevision: number, handlers: WatchHandlers): StorageWatch {
    const watcher: Watcher = {
      prefix,
      handlers,
      cursor: fromRevision,
      live: false,
      closed: false,
      history: undefined,
      progressAt: 0,
    };
    this.#watchers.add(watcher);
    queueMicrotask(() => {
      if (this.#closed) this.#fail(watcher, new StorageClosedError());
      else this.#join(watcher);
    });
    return { close: () => this.#remove(watcher) };
  }

  /** Every watch open now tells its progress once it has delivered all up to `revision`. */
  requestProgress(revision: number): void {
    for (const watcher of this.#watchers) watcher.progressAt = revision;
    this.#giveProgress();
    this.#askProgress();
  }

  /** Forgets recent events that etcd has compacted too, so that watches of them fail. */
  compacted(revision: number): void {
    const kept = this.#recent.findIndex((each) => each.revision > revision);
    this.#forgetRecent(kept === -1 ? this.#recent.length : kept);
  }

  close(): void {
    this.#closed = true;
    this.#stream?.close();
    this.#reconnect?.cancel();
    this.#progressTimer?.cancel();
    for (const watcher of this.#watchers) this.#fail(watcher, new StorageClosedError());
  }

  #connect(): void {
    const { connection, keys } = this.#options;
    this.#stream = new WatchStream(connection, keys.everything(), this.#delivered + 1, {
      events: (events) => this.#receive(events),
      progress: (revision) => {
        this.#reconnectMs = reconnectMsMin;
        this.#delivered = Math.max(this.#delivered, revision);
        this.#giveProgress();
      },
      ended: (error) => this.#lost(error),
    });
  }

  #lost(error: Error): void {
    const { connection, logger, startRevision } = this.#options;
    this.#stream = undefined;
    if (error instanceof CompactedError) {
      // Nobody can be told what was missed; whoever watches lists again.
      for (const watcher of this.#watchers) this.#fail(watcher, error);
      this.#recent = [];
      this.#recentBytes = 0;
      this.#delivered = Math.max(error.compacted, startRevision);
      this.#recentFrom = this.#delivered;
    } else {
      logger.warn('lost the etcd watch', { error: error.message, retryMs: this.#reconnectMs });
      connection.rotate();
    }
    this.#reconnect = systemClock.setTimeout(() => this.#connect(), this.#reconnectMs);
    this.#reconnectMs = Math.min(this.#reconnectMs * 2, reconnectMsMax);
  }

  #receive(raw: readonly WatchEvent[]): void {
    this.#reconnectMs = reconnectMsMin;
    const events: StorageEvent[] = [];
    for (const each of raw) {
      const revision = Number(each.kv.mod_revision);
      if (revision <= this.#delivered) continue;
      const event = this.#options.keys.event(each);
      if (event !== undefined) events.push(event);
      this.#recent.push({ event, revision });
      this.#recentBytes += eventBytes(event);
    }
    this.#delivered = Math.max(this.#delivered, this.#recent.at(-1)?.revision ?? 0);
    this.#trimRecent();
    for (const watcher of this.#watchers) if (watcher.live) this.#give(watcher, events);
    this.#giveProgress();
  }

  #trimRecent(): void {
    let bytes = this.#recentBytes;
    let gone = 0;
    while (this.#recent.length - gone > recentEventsMax || bytes > recentBytesMax) {
      const oldest = this.#recent[gone];
      if (oldest === undefined) break;
      bytes -= eventBytes(oldest.event);
      gone++;
    }
    this.#forgetRecent(gone);
  }

  #forgetRecent(count: number): void {
    for (const { event, revision } of this.#recent.splice(0, count)) {
      this.#recentBytes -= eventBytes(event);
      this.#recentFrom = revision;
    }
  }

  #join(watcher: Watcher): void {
    if (watcher.closed) return;
    if (watcher.cursor < this.#recentFrom) {
      this.#readHistory(watcher);
      return;
    }
    watcher.history?.close();
    watcher.history = undefined;
    const { cursor } = watcher;
    const missed = this.#recent.flatMap(({ event, revision }) =>
      event !== undefined && revision > cursor ? [event] : [],
    );
    // Live before giving: a handler that throws must not leave it out.
    watcher.live = true;
    this.#give(watcher, missed);
    watcher.cursor = Math.max(watcher.cursor, this.#delivered);
    this.#giveProgress();
  }

  /** From the cursor itself on, since etcd refuses that exactly when our contract does. */
  #readHistory(watcher: Watcher): void {
    const { connection, keys } = this.#options;
    watcher.history = new WatchStream(connection, keys.everything(), Math.max(1, watcher.cursor), {
      events: (raw) => {
        const events = raw.flatMap((each) => keys.event(each) ?? []);
        const reached = Number(raw.at(-1)?.kv.mod_revision ?? 0);
        const cut = Math.max(this.#delivered, watcher.cursor);
        // What lies above is live's to deliver.
        this.#give(
          watcher,
          events.filter((event) => event.revision <= cut),
        );
        watcher.cursor = Math.max(watcher.cursor, Math.min(reached, cut));
        if (watcher.cursor >= this.#recentFrom) this.#join(watcher);
      },
      progress: () => {},
      ended: (error) => {
        if (error instanceof CompactedError) {
          this.#fail(watcher, error);
          return;
        }
        connection.rotate();
        watcher.history = undefined;
        systemClock.setTimeout(() => this.#join(watcher), reconnectMsMin);
      },
    });
  }

  #give(watcher: Watcher, events: readonly StorageEvent[]): void {
    const wanted = events.filter(
      (event) => event.revision > watcher.cursor && event.key.startsWith(watcher.prefix),
    );
    watcher.cursor = Math.max(watcher.cursor, events.at(-1)?.revision ?? 0);
    if (wanted.length > 0 && !watcher.closed) watcher.handlers.events(wanted);
  }

  #giveProgress(): void {
    for (const watcher of this.#watchers) {
      const { live, closed, progressAt } = watcher;
      if (!live || closed || progressAt === 0 || progressAt > this.#delivered) continue;
      watcher.progressAt = 0;
      watcher.handlers.progress?.(this.#delivered);
    }
  }

  /** Where etcd cannot be asked, the marker that the driver has written brings it. */
  #askProgress(): void {
    if (!this.#options.asksProgress || this.#progressTimer !== undefined || this.#closed) return;
    if (![...this.#watchers].some((watcher) => watcher.progressAt > this.#delivered)) return;
    this.#stream?.requestProgress();
    this.#progressTimer = systemClock.setTimeout(() => {
      this.#progressTimer = undefined;
      this.#askProgress();
    }, progressRetryMs);
  }

  #remove(watcher: Watcher): void {
    watcher.closed = true;
    watcher.history?.close();
    this.#watchers.delete(watcher);
  }

  #fail(watcher: Watcher, error: Error): void {
    if (watcher.closed) return;
    this.#remove(watcher);
    watcher.handlers.failed(error);
  }
}

function eventBytes(event: StorageEvent | undefined): number {
  if (event === undefined) return 0;
  const value = event.type === 'put' ? event.value.byteLength : 0;
  return value + (event.previous?.value.byteLength ?? 0) + event.key.length;
}
