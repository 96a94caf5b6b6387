// One open watch: a cursor that reads a snapshot, then the ring, then takes part in live dispatch.
import { internalError, StatusError } from '../../status.ts';
import { ChunkBuffer, type ChunkWriter } from './chunk-buffer.ts';
import type { Hub, WatchRequest } from './hub.ts';
import { prefixOf } from './list.ts';
import { select } from './list-source.ts';
import { pieceBytes, pieceSize } from './representation.ts';
import { tooOldResourceVersion } from './storage-history.ts';
import type { CacheEvent, Selection } from './types.ts';
import { seenThrough } from './watch-frames.ts';

const initialEventsEnd = { 'k8s.io/initial-events-end': 'true' };

/**
 * Owns no queue: what it has not sent yet is in the ring, and it is cut when the ring has moved
 * on. It is live while it has sent everything it was offered; then events come by `offer` and go
 * out by `flush`. A writer that makes it wait takes it out of the live ones until it caught up.
 */
export class Watcher {
  readonly request: WatchRequest;
  readonly #hub: Hub;
  readonly #write: ChunkWriter;
  readonly #startRevision: number;
  /** Events up to here are not for this watcher. */
  #afterRevision: number;
  #cursor = 0;
  #sentRevision: number;
  #live = false;
  #ended = false;
  #first = true;
  #batch: Uint8Array[] = [];
  #batchBytes = 0;
  #setEnded: () => void = () => undefined;

  constructor(hub: Hub, request: WatchRequest, revision: number, write: ChunkWriter) {
    this.#hub = hub;
    this.request = request;
    this.#write = write;
    this.#startRevision = revision;
    this.#afterRevision = revision;
    this.#sentRevision = revision;
  }

  get selection(): Selection {
    return this.request.selection;
  }

  /** Resolves when the watch has ended. */
  async run(): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      this.#setEnded = resolve;
    });
    const { clock, limits } = this.#hub.cache;
    const { timeoutMs, allowBookmarks } = this.request;
    const timers = timeoutMs === undefined ? [] : [clock.setTimeout(() => this.end(), timeoutMs)];
    if (timeoutMs !== undefined && allowBookmarks && timeoutMs > limits.lastBookmarkMs) {
      timers.push(clock.setTimeout(() => this.bookmark(), timeoutMs - limits.lastBookmarkMs));
    }
    this.#guard(this.#start());
    await ended;
    for (const timer of timers) timer.cancel();
  }

  end(): void {
    this.#ended = true;
    this.#live = false;
    this.#batch = [];
    this.#setEnded();
  }

  /** Takes an event if this watcher is live and sees it; true when there is something to flush. */
  offer(sequence: number, event: CacheEvent): boolean {
    if (!this.#live || sequence < this.#cursor) return false;
    const seen = this.#see(event);
    if (seen === undefined) return false;
    try {
      const frame = this.#hub.frames.frame(this.request.view, sequence, seen, this.#first);
      if (frame instanceof Promise) {
        // It is taken up again, from the ring, once what was gathered before it is out.
        frame.catch(() => undefined);
        this.#live = false;
        this.#cursor = sequence;
        if (this.#batch.length === 0) this.#guard(this.#catchUp());
        return this.#batch.length > 0;
      }
      this.#cursor = sequence + 1;
      this.#gather(frame, event.revision);
      if (this.#batchBytes >= this.#hub.cache.limits.chunkBytesMax) this.flush();
      return true;
    } catch (error) {
      this.flush();
      this.#guard(this.#fail(error));
      return false;
    }
  }

  /** Events from `sequence` on were never offered; a live watcher must look for them itself. */
  miss(sequence: number): void {
    if (!this.#live) return;
    this.#live = false;
    this.#cursor = Math.max(this.#cursor, sequence);
    this.#guard(this.#catchUp());
  }

  /** Writes what was offered in this turn. */
  flush(): void {
    if (this.#batch.length === 0 || this.#ended) return;
    const wasLive = this.#live;
    const waiting = this.#send();
    if (waiting === undefined && wasLive) return;
    this.#live = false;
    this.#guard(Promise.resolve(waiting).then(() => this.#catchUp()));
  }

  /** Says how far the watch has come, if it has sent all there is; else there is no need. */
  bookmark(annotations?: Readonly<Record<string, string>>): void {
    this.#hub.dispatch();
    if (!this.#live || this.#ended) return;
    const { revision } = this.#hub.cache;
    // A watch that starts in the future must not say that it is behind its start.
    if (revision < this.#startRevision) return;
    const { view } = this.request;
    const frame = view.frame('BOOKMARK', view.bookmark(revision, annotations));
    this.#gather(pieceBytes(frame), revision);
    this.flush();
  }

  #see(event: CacheEvent) {
    if (event.revision <= this.#afterRevision) return undefined;
    return seenThrough(this.request.selection, event);
  }

  #gather(frame: Uint8Array, revision: number): void {
    this.#batch.push(frame);
    this.request.sent?.(frame.byteLength);
    this.#batchBytes += frame.byteLength;
    this.#sentRevision = revision;
    this.#first = false;
  }

  #send(): Promise<void> | undefined {
    const bytes = this.#hub.frames.join(this.#batch);
    this.#batch = [];
    this.#batchBytes = 0;
    try {
      return this.#write(bytes);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Where the watch begins, by resourceVersion and sendInitialEvents. */
  async #start(): Promise<void> {
    const { cache } = this.#hub;
    const { resourceVersion, sendInitialEvents } = this.request;
    await cache.ready();
    const anyRevision = this.#startRevision === 0;
    if (resourceVersion === '') await cache.consistent();
    if (sendInitialEvents === true || (anyRevision && sendInitialEvents === undefined)) {
      await this.#sendState();
    } else if (anyRevision || this.#startRevision >= cache.revision) {
      this.#cursor = cache.ring.next;
    } else {
      this.#cursor = cache.ring.after(this.#startRevision) ?? (await this.#sendHistory());
    }
    await this.#catchUp();
    this.request.started?.();
    if (sendInitialEvents === true && this.request.allowBookmarks) {
      await cache.passed(this.#startRevision);
      // Someone else's wait for the writer is over soon: the end is said once all before it is.
      while (!this.#live && !this.#ended) await this.#liveAgain();
      this.bookmark(initialEventsEnd);
    }
  }

  async #sendState(): Promise<void> {
    const { cache } = this.#hub;
    const { selection, view } = this.request;
    const snapshot = cache.snapshot();
    this.#cursor = cache.ring.next;
    // The state may be older than the asked-for revision: what lies between must not be lost.
    this.#afterRevision = snapshot.revision;
    const buffer = new ChunkBuffer(cache.limits.chunkBytesMax);
    for (const object of select(snapshot, selection, prefixOf(cache, selection))) {
      if (this.#ended) return;
      const found = view.alone(object, this.#first);
      const frame = view.frame('ADDED', found instanceof Promise ? await found : found);
      buffer.piece(frame);
      this.request.sent?.(pieceSize(frame));
      this.#first = false;
      if (buffer.full) await buffer.drain(this.#write);
    }
    const rest = buffer.rest();
    if (rest.byteLength > 0 && !this.#ended) await this.#write(rest);
    this.#sentRevision = Math.max(this.#sentRevision, snapshot.revision);
  }

  /** Sends what only storage still knows; returns where the ring goes on. */
  async #sendHistory(): Promise<number> {
    const { cache } = this.#hub;
    const { view, selection } = this.request;
    const next = cache.ring.next;
    for (const event of await cache.storageHistory(this.#startRevision)) {
      if (this.#ended) break;
      const seen = seenThrough(selection, event);
      if (seen === undefined) continue;
      const piece = await view.alone(seen.object, this.#first);
      this.#gather(pieceBytes(view.frame(seen.type, piece)), event.revision);
      if (this.#batchBytes >= cache.limits.chunkBytesMax) await this.#send();
    }
    if (this.#batch.length > 0) await this.#send();
    return next;
  }

  /** Sends from the ring until nothing is left there; from then on the watcher is live. */
  async #catchUp(): Promise<void> {
    const { cache, frames } = this.#hub;
    for (;;) {
      if (this.#ended) return;
      const { ring } = cache;
      while (this.#cursor < ring.next && this.#batchBytes < cache.limits.chunkBytesMax) {
        const event = ring.at(this.#cursor);
        if (event === undefined) {
          throw tooOldResourceVersion(this.#sentRevision, ring.floor);
        }
        const seen = this.#see(event);
        if (seen !== undefined) {
          const frame = frames.frame(this.request.view, this.#cursor, seen, this.#first);
          this.#gather(frame instanceof Promise ? await frame : frame, event.revision);
        }
        this.#cursor++;
      }
      if (this.#batch.length === 0) break;
      await this.#send();
      if (this.#cursor < ring.next) await new Promise((resolve) => setImmediate(resolve));
    }
    this.#live = true;
    this.#becameLive?.();
  }

  #becameLive: (() => void) | undefined;
  #liveAgain(): Promise<void> {
    return new Promise((resolve) => {
      this.#becameLive = resolve;
    });
  }

  #guard(work: Promise<void>): void {
    work.catch((error: unknown) => this.#fail(error)).catch(() => this.end());
  }

  /** A failure that the client should know ends as an ERROR event; a lost client just ends. */
  async #fail(error: unknown): Promise<void> {
    if (this.#ended) return;
    this.#live = false;
    const { status } = error instanceof StatusError ? error : internalError(error);
    const { view } = this.request;
    try {
      await this.#write(pieceBytes(view.frame('ERROR', view.failure(status))));
    } finally {
      this.end();
    }
  }
}
