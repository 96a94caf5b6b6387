// The store in memory: for tests, embedding and throw-away clusters.
import type { Clock } from '../clock.ts';
import type { Driver } from './driver.ts';
import type { ForkLog } from './log-driver.ts';
import { LogDriver } from './log-driver.ts';
import type { LogStore } from './log-store.ts';
import { RevisionIndex } from './revision-index.ts';

/**
 * A store that lives as long as the process. Writes are committed within the call.
 *
 * @param options.startRevision the revision of the empty store (etcd's is 1, and so is ours)
 */
export function createMemoryDriver(options: {
  readonly clock: Clock;
  readonly startRevision?: number;
}): Driver {
  return memoryDriver(options.clock, new RevisionIndex(options.startRevision ?? 1), new Map());
}

/** A fork of any store: its newest state in memory, with the same revisions and no history. */
export function forkToMemory(clock: Clock): ForkLog {
  return async (revision, rows) => {
    const index = new RevisionIndex(revision);
    const values = new Map<number, Uint8Array>();
    for (const { version, value } of rows) {
      index.load({ ...version, previous: undefined });
      values.set(version.revision, value);
    }
    index.loadCompacted(revision);
    index.dropSome(Number.POSITIVE_INFINITY);
    return memoryDriver(clock, index, values);
  };
}

function memoryDriver(clock: Clock, index: RevisionIndex, values: Map<number, Uint8Array>): Driver {
  const store: LogStore = {
    groups: false,
    append(rows) {
      for (const { version, value } of rows) {
        if (value !== undefined) values.set(version.revision, value);
      }
      return undefined;
    },
    values: (revisions) => revisions.map((revision) => values.get(revision)),
    compacted: () => undefined,
    drop(versions) {
      for (const version of versions) values.delete(version.revision);
      return undefined;
    },
    async close() {
      values.clear();
    },
  };
  return new LogDriver({ store, index, clock, fork: forkToMemory(clock) });
}
