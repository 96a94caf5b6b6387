// Drops history older than five minutes, every five minutes, together with other servers.
import type { Clock, Timer } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { Driver } from './driver.ts';

/** kube-apiserver's --etcd-compaction-interval. */
const intervalMsDefault = 5 * 60 * 1000;

export interface Compactor {
  /** Ends it; a compaction under way goes on in the store. */
  stop(): void;
}

/**
 * Compacts to the revision of one interval ago. Nobody has to lead: servers that share a store
 * each remember the revision they saw last time, and the store ignores one that is already
 * compacted, so the oldest history kept is between one and two intervals old.
 */
export function startCompactor(options: {
  readonly driver: Driver;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly intervalMs?: number;
}): Compactor {
  const { driver, clock, logger, intervalMs = intervalMsDefault } = options;
  let seen: number | undefined;
  let timer: Timer | undefined;
  let stopped = false;
  const turn = async () => {
    try {
      const target = seen;
      seen = await driver.currentRevision();
      if (stopped || target === undefined) return;
      await driver.compact(target);
      logger.debug('compacted', { revision: target });
    } catch (error) {
      if (!stopped) logger.error('cannot compact the store', error);
    }
  };
  const arm = () => {
    if (stopped) return;
    timer = clock.setTimeout(() => {
      void turn().finally(arm);
    }, intervalMs);
  };
  // The first turn only takes the revision; `turn` catches everything itself.
  void turn();
  arm();
  return {
    stop() {
      stopped = true;
      timer?.cancel();
    },
  };
}
