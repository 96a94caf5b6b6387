// Time as an input: the system's clock for real clusters, a virtual one that tests and embedders move.

/** A pending call; `cancel` is idempotent and a no-op once it has run. */
export interface Timer {
  cancel(): void;
}

/**
 * Cluster time: everything stored, leased, backed off or expired is measured with it. Sockets,
 * TLS, fsync, etcd and containerd use wall time instead and never take a Clock.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number;
  /** Calls `callback` once, `delayMs` from now. A real timer never keeps the process alive. */
  setTimeout(callback: () => void, delayMs: number): Timer;
}

/** The system's timers count in 31 bits: 24 days. */
const delayMsMax = 2 ** 31 - 1;

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  setTimeout(callback, delayMs) {
    // What is due in a month is due never; the system would take it for due at once.
    const handle = setTimeout(callback, Math.min(delayMs, delayMsMax));
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
};

/** Resolves after `delayMs` of `clock`'s time, or at once when `signal` aborts. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const done = () => {
      timer.cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.setTimeout(done, delayMs);
    signal?.addEventListener('abort', done, { once: true });
  });
}

/** `nowMs` as metav1.Time: RFC 3339 in UTC with whole seconds. */
export function timestamp(clock: Clock): string {
  return `${new Date(clock.nowMs()).toISOString().slice(0, 19)}Z`;
}

/** `nowMs` as metav1.MicroTime: RFC 3339 in UTC with six decimals. */
export function microTimestamp(clock: Clock): string {
  return `${new Date(clock.nowMs()).toISOString().slice(0, 23)}000Z`;
}

interface VirtualTimer {
  atMs: number;
  sequence: number;
  callback: () => void;
}

/**
 * A clock that stands still until it is moved. Timers fire in order of their due time, ties in
 * the order they were set, and each sees `nowMs()` equal to the time it was due.
 */
export class VirtualClock implements Clock {
  #nowMs: number;
  #sequence = 0;
  readonly #timers = new Set<VirtualTimer>();

  constructor(startMs: number = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  setTimeout(callback: () => void, delayMs: number): Timer {
    const timer = {
      atMs: this.#nowMs + Math.max(0, delayMs),
      sequence: this.#sequence++,
      callback,
    };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  /** When the next timer is due, in milliseconds since the epoch; undefined when none is set. */
  nextTimerMs(): number | undefined {
    return this.#next(Number.POSITIVE_INFINITY)?.atMs;
  }

  /**
   * Moves time forward by `durationMs`, firing each timer on the way. `settle` runs after each
   * distinct due time, so that work which a timer started is done before time goes on.
   */
  async advance(durationMs: number, settle: () => Promise<void> = yieldToLoop): Promise<void> {
    const targetMs = this.#nowMs + durationMs;
    await settle();
    for (let timer = this.#next(targetMs); timer !== undefined; timer = this.#next(targetMs)) {
      this.#nowMs = timer.atMs;
      const due = [...this.#timers]
        .filter((each) => each.atMs <= this.#nowMs)
        .sort((a, b) => a.sequence - b.sequence);
      for (const each of due) {
        if (this.#timers.delete(each)) each.callback();
      }
      await settle();
    }
    this.#nowMs = targetMs;
  }

  #next(untilMs: number): VirtualTimer | undefined {
    let next: VirtualTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.atMs > untilMs) continue;
      if (next === undefined || timer.atMs < next.atMs) next = timer;
    }
    return next;
  }
}

function yieldToLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
