// How well a load process itself did: its pauses bound what it can have measured.
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';

export interface Health {
  readonly gcPauses: number;
  readonly gcTotalMs: number;
  readonly gcLongestMs: number;
  readonly loopDelayP50Ms: number;
  readonly loopDelayP99Ms: number;
}

const resolutionMs = 5;

/** Starts to observe this process; `stop` says what was seen. */
export function observeHealth(): { stop(): Health } {
  let gcPauses = 0;
  let gcTotalMs = 0;
  let gcLongestMs = 0;
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) {
      gcPauses++;
      gcTotalMs += duration;
      gcLongestMs = Math.max(gcLongestMs, duration);
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  return {
    stop() {
      delay.disable();
      observer.disconnect();
      // The histogram counts from one sample to the next, the wished-for pause included.
      const beyond = (ns: number) => Math.max(0, ns / 1e6 - resolutionMs);
      return {
        gcPauses,
        gcTotalMs,
        gcLongestMs,
        loopDelayP50Ms: beyond(delay.percentile(50)),
        loopDelayP99Ms: beyond(delay.percentile(99)),
      };
    },
  };
}
