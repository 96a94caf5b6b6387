// Exponential delays with jitter, for everything that tries again.
import type { Random } from '../random.ts';

export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
  readonly factor?: number;
  /** Each delay is stretched by up to this part of itself. */
  readonly jitter?: number;
}

export interface Backoff {
  /** The delay before the next try; each one longer until `maxMs`. */
  next(): number;
  reset(): void;
}

export function createBackoff(random: Random, options: BackoffOptions): Backoff {
  const { firstMs, maxMs, factor = 2, jitter = 1 } = options;
  let delayMs = firstMs;
  return {
    next() {
      const now = delayMs * (1 + jitter * random.next());
      delayMs = Math.min(delayMs * factor, maxMs);
      return Math.min(now, maxMs);
    },
    reset() {
      delayMs = firstMs;
    },
  };
}
