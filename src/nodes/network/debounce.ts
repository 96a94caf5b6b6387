// Runs work soon after it was asked for, once for many askings, never twice at a time.
import type { Clock, Timer } from '../../clock.ts';

export interface DebounceOptions {
  readonly clock: Clock;
  /** How long to wait for more askings after the first. */
  readonly settleMs: number;
  /** The least time from the end of one run to the start of the next. */
  readonly intervalMs: number;
  /** After a failed run, when to try again. */
  readonly retryMs: number;
  readonly onError: (error: unknown) => void;
}

export interface Debounced {
  /** Asks for a run; it sees everything that happened before now. */
  wake(): void;
  /** Whether a run is asked for or under way. */
  readonly pending: boolean;
  /** Resolves when nothing runs any more; later askings are ignored. */
  stop(): Promise<void>;
}

export function debounce(work: () => Promise<void>, options: DebounceOptions): Debounced {
  const { clock, settleMs, intervalMs, retryMs, onError } = options;
  let timer: Timer | undefined;
  let running: Promise<void> | undefined;
  let askedAgain = false;
  let stopped = false;
  let endedMs = Number.NEGATIVE_INFINITY;

  const arm = (delayMs: number) => {
    if (stopped || timer !== undefined) return;
    timer = clock.setTimeout(() => {
      timer = undefined;
      running = once();
    }, delayMs);
  };
  const soon = () => arm(Math.max(settleMs, endedMs + intervalMs - clock.nowMs()));
  const once = async () => {
    askedAgain = false;
    let failed = false;
    try {
      await work();
    } catch (error) {
      failed = true;
      if (!stopped) onError(error);
    }
    running = undefined;
    endedMs = clock.nowMs();
    if (failed) arm(retryMs);
    else if (askedAgain) soon();
  };
  return {
    wake() {
      if (running !== undefined) askedAgain = true;
      else soon();
    },
    get pending() {
      return timer !== undefined || running !== undefined;
    },
    async stop() {
      stopped = true;
      timer?.cancel();
      timer = undefined;
      await running;
    },
  };
}
