// The queue between "something changed" and "make it so": each key once, delays, retries, limits.
import type { Clock, Timer } from '../clock.ts';

/** Keys that may wait at once; more are dropped and reported, and their owner must resync. */
export const queueKeysMax = 1_000_000;

export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly keysMax?: number;
  /** Retry delays of one key: `baseMs`, doubled each time, up to `maxMs`; 5 ms and 1,000 s. */
  readonly retryBaseMs?: number;
  readonly retryMaxMs?: number;
  /**
   * A bucket over all retries. client-go's 10 a second (burst 100) guards a remote API server
   * without fairness; ours has fairness and sits next door, so retries of many keys (conflicts
   * while 1,000 replicas start) need not queue for minutes: 100 a second, burst 1,000.
   */
  readonly retriesPerSecond?: number;
  readonly retriesBurst?: number;
  /** Called when keys were dropped for want of room, once the queue has become empty again. */
  readonly onOverflow?: () => void;
}

/** Semantics of client-go's rate-limiting queue; a key is worked on by one worker at a time. */
export interface WorkQueue {
  /** A key that waits is not added twice; one being worked on is queued again when it is done. */
  add(key: string): void;
  /** Of two delays of one key the earlier holds. */
  addAfter(key: string, delayMs: number): void;
  /** After the back-off that the key has come to. */
  addRateLimited(key: string): void;
  /** The key's back-off starts anew. */
  forget(key: string): void;
  /** Failed tries since `forget`. */
  retries(key: string): number;
  /** The next key; undefined when the queue is closed. */
  get(): Promise<string | undefined>;
  /** Must follow each `get`. */
  done(key: string): void;
  close(): void;
  /** Keys ready to be worked on. */
  readonly length: number;
  /** Keys ready or being worked on; those delayed are not counted. */
  pending(): number;
  /** Keys whose time has not come. */
  readonly delayed: number;
}

export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const { clock, keysMax = queueKeysMax, retryBaseMs = 5, retryMaxMs = 1_000_000 } = options;
  const takeToken = createBucket(options);
  const ready = new Set<string>();
  const processing = new Set<string>();
  /** Keys added again while being worked on. */
  const dirty = new Set<string>();
  const timers = new Map<string, { readonly atMs: number; readonly timer: Timer }>();
  const failures = new Map<string, number>();
  const waiters: ((key: string | undefined) => void)[] = [];
  let closed = false;
  let dropped = false;

  const hand = (waiter: (key: string | undefined) => void, key: string) => {
    processing.add(key);
    waiter(key);
  };
  const add = (key: string) => {
    if (closed || ready.has(key)) return;
    if (processing.has(key)) {
      dirty.add(key);
      return;
    }
    const waiter = waiters.shift();
    if (waiter !== undefined) return hand(waiter, key);
    if (ready.size >= keysMax) dropped = true;
    else ready.add(key);
  };
  const addAfter = (key: string, delayMs: number) => {
    if (closed) return;
    if (delayMs <= 0) return add(key);
    const atMs = clock.nowMs() + delayMs;
    const known = timers.get(key);
    if (known !== undefined && known.atMs <= atMs) return;
    if (known === undefined && timers.size >= keysMax) {
      dropped = true;
      return;
    }
    known?.timer.cancel();
    const timer = clock.setTimeout(() => {
      timers.delete(key);
      add(key);
    }, delayMs);
    timers.set(key, { atMs, timer });
  };

  return {
    add,
    addAfter,
    addRateLimited(key) {
      const failed = failures.get(key) ?? 0;
      failures.set(key, failed + 1);
      const backoffMs = Math.min(retryBaseMs * 2 ** Math.min(failed, 60), retryMaxMs);
      addAfter(key, Math.max(backoffMs, takeToken()));
    },
    forget: (key) => void failures.delete(key),
    retries: (key) => failures.get(key) ?? 0,
    get() {
      if (closed) return Promise.resolve(undefined);
      const [key] = ready;
      if (key === undefined) return new Promise((resolve) => waiters.push(resolve));
      ready.delete(key);
      processing.add(key);
      return Promise.resolve(key);
    },
    done(key) {
      processing.delete(key);
      if (dirty.delete(key)) add(key);
      if (dropped && ready.size === 0) {
        dropped = false;
        options.onOverflow?.();
      }
    },
    close() {
      closed = true;
      for (const { timer } of timers.values()) timer.cancel();
      timers.clear();
      ready.clear();
      for (const waiter of waiters.splice(0)) waiter(undefined);
    },
    get length() {
      return ready.size;
    },
    get delayed() {
      return timers.size;
    },
    pending: () => ready.size + processing.size,
  };
}

/** How long to wait for the next token of a bucket that fills over time. */
function createBucket(options: WorkQueueOptions): () => number {
  const { clock, retriesPerSecond = 100, retriesBurst = 1000 } = options;
  let tokens = retriesBurst;
  let lastMs = clock.nowMs();
  return () => {
    const nowMs = clock.nowMs();
    tokens = Math.min(retriesBurst, tokens + ((nowMs - lastMs) / 1000) * retriesPerSecond);
    lastMs = nowMs;
    tokens -= 1;
    return tokens >= 0 ? 0 : (-tokens / retriesPerSecond) * 1000;
  };
}
