// Reads that wait until the cache has seen a revision.
import type { Clock, Timer } from '../../clock.ts';
import { tooLargeResourceVersion } from '../../status.ts';

interface Waiter {
  readonly revision: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly timer: Timer | undefined;
}

export class RevisionWaiters {
  readonly #clock: Clock;
  readonly #waiters = new Set<Waiter>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many wait with a limit, and so want the store asked. */
  get timed(): number {
    let timed = 0;
    for (const waiter of this.#waiters) if (waiter.timer !== undefined) timed++;
    return timed;
  }

  /**
   * Resolves once `reached` was told `revision` or more.
   *
   * @param current what to name as the newest revision when `timeoutMs` has passed
   * @throws StatusError 504 'Too large resource version' after `timeoutMs` (undefined: never)
   */
  wait(revision: number, timeoutMs: number | undefined, current: () => number): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = () => {
        this.#waiters.delete(waiter);
        reject(tooLargeResourceVersion(revision, current()));
      };
      const timer = timeoutMs === undefined ? undefined : this.#clock.setTimeout(fail, timeoutMs);
      const waiter: Waiter = { revision, resolve, reject, timer };
      this.#waiters.add(waiter);
    });
  }

  reached(revision: number): void {
    for (const waiter of this.#waiters) {
      if (waiter.revision > revision) continue;
      this.#waiters.delete(waiter);
      waiter.timer?.cancel();
      waiter.resolve();
    }
  }

  rejectAll(error: Error): void {
    for (const waiter of this.#waiters) {
      waiter.timer?.cancel();
      waiter.reject(error);
    }
    this.#waiters.clear();
  }
}
