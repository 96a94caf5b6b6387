// Exponential back-off per key, as the kubelet uses it for restarts and for image pulls.

export interface BackoffOptions {
  readonly initialMs: number;
  readonly maxMs: number;
  /** A key idle for longer than this starts anew; upstream: twice the maximum. */
  readonly resetMs: number;
  /** How many keys are remembered; the oldest go first. */
  readonly keysMax: number;
}

interface Entry {
  delayMs: number;
  updatedMs: number;
}

/** Delays that double with every `next`; times are given in, so that it is pure. */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: Partial<BackoffOptions> = {}) {
    this.#options = {
      initialMs: 10_000,
      maxMs: 300_000,
      resetMs: 600_000,
      keysMax: 4096,
      ...options,
    };
  }

  /** The delay in force for `key`, 0 when there is none. */
  delayMs(key: string): number {
    return this.#entries.get(key)?.delayMs ?? 0;
  }

  /** How long from now the key must still wait, counted from `eventMs` (when it last failed). */
  remainingMs(key: string, eventMs: number, nowMs: number): number {
    const entry = this.#entries.get(key);
    if (entry === undefined || eventMs - entry.updatedMs > this.#options.resetMs) return 0;
    return Math.max(0, eventMs + entry.delayMs - nowMs);
  }

  /** Starts or doubles the delay after an event at `eventMs`. */
  next(key: string, eventMs: number, nowMs: number): void {
    const { initialMs, maxMs, resetMs, keysMax } = this.#options;
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    const fresh = entry === undefined || eventMs - entry.updatedMs > resetMs;
    const delayMs = fresh ? initialMs : Math.min(entry.delayMs * 2, maxMs);
    this.#entries.set(key, { delayMs, updatedMs: nowMs });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= keysMax) break;
      this.#entries.delete(oldest);
    }
  }

  /** Forgets every key that starts with `prefix`. */
  forget(prefix: string): void {
    for (const key of this.#entries.keys()) {
      if (key.startsWith(prefix)) this.#entries.delete(key);
    }
  }
}

/** A duration as Go prints it, for messages: `10s`, `1m20s`, `5m0s`, `1.5s`, `250ms`. */
export function goDuration(durationMs: number): string {
  if (durationMs === 0) return '0s';
  if (durationMs < 1000) return `${Number(durationMs.toFixed(3))}ms`;
  const seconds = Number(((durationMs % 60_000) / 1000).toFixed(3));
  const minutes = Math.floor(durationMs / 60_000) % 60;
  const hours = Math.floor(durationMs / 3_600_000);
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}
