// Calls back when versions with a TTL are due: a heap by time and one timer of the cluster's clock.
import type { Clock, Timer } from '../clock.ts';
import type { Version } from './revision-index.ts';

/** Real timers hold at most 31 bits of milliseconds; a later one is armed again on the way. */
const timerDelayMsMax = 2 ** 31 - 1;

export class ExpiryQueue {
  readonly #clock: Clock;
  readonly #expire: (version: Version) => void;
  readonly #heap: { readonly atMs: number; readonly version: Version }[] = [];
  #timer: Timer | undefined;
  #armedAtMs = Number.POSITIVE_INFINITY;
  #closed = false;

  /** @param expire called for every version that is due, superseded ones included */
  constructor(clock: Clock, expire: (version: Version) => void) {
    this.#clock = clock;
    this.#expire = expire;
  }

  add(version: Version): void {
    if (version.expiresAtMs === undefined) return;
    const heap = this.#heap;
    const entry = { atMs: version.expiresAtMs, version };
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || above.atMs <= entry.atMs) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
    this.#arm();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #arm(): void {
    const atMs = this.#heap[0]?.atMs;
    if (this.#closed || atMs === undefined || atMs >= this.#armedAtMs) return;
    this.#timer?.cancel();
    this.#armedAtMs = atMs;
    const delayMs = Math.min(Math.max(0, atMs - this.#clock.nowMs()), timerDelayMsMax);
    this.#timer = this.#clock.setTimeout(() => this.#fire(), delayMs);
  }

  #fire(): void {
    this.#armedAtMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#clock.nowMs();
    for (let top = this.#heap[0]; top !== undefined && top.atMs <= nowMs; top = this.#heap[0]) {
      this.#pop();
      this.#expire(top.version);
    }
    this.#arm();
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const left = heap[child];
      if (left === undefined) break;
      const right = heap[child + 1];
      if (right !== undefined && right.atMs < left.atMs) child++;
      const smaller = heap[child];
      if (smaller === undefined || smaller.atMs >= last.atMs) break;
      heap[at] = smaller;
      at = child;
    }
    heap[at] = last;
  }
}
