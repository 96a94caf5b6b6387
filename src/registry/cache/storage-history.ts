// Events that the ring no longer holds, read back from storage for a watch that starts far behind.
import { expired } from '../../status.ts';
import { CompactedError, type StorageEvent, type StorageWatch } from '../../storage/driver.ts';
import type { CachedObject, CacheEvent } from './types.ts';
import type { WatchCache } from './watch-cache.ts';

/** The words that a watch of a revision that is gone gets; `oldest` is the oldest kept. */
export function tooOldResourceVersion(revision: number, oldest: number): Error {
  return expired(`too old resource version: ${revision} (${oldest})`);
}

/**
 * Every event under the cache's prefix with `from` < revision <= `to`.
 *
 * @throws StatusError 410 when they are compacted, or more than `historyEventsMax`
 */
export async function readHistory(
  cache: Pick<WatchCache, 'driver' | 'prefix' | 'limits' | 'cached'>,
  from: number,
  to: number,
): Promise<readonly CacheEvent[]> {
  const { driver, prefix, limits } = cache;
  let watch: StorageWatch | undefined;
  try {
    return await new Promise((resolve, reject) => {
      const found: CacheEvent[] = [];
      watch = driver.watch(prefix, from, {
        events(events) {
          for (const event of events) {
            if (event.revision > to) return resolve(found);
            found.push(cacheEvent(cache, event));
          }
          if (found.length > limits.historyEventsMax) {
            return reject(tooOldResourceVersion(from, found.at(-1)?.revision ?? to));
          }
          if ((found.at(-1)?.revision ?? 0) >= to) resolve(found);
        },
        progress(revision) {
          if (revision >= to) resolve(found);
        },
        failed(error) {
          if (!(error instanceof CompactedError)) return reject(error);
          reject(tooOldResourceVersion(from, error.compacted));
        },
      });
      driver.requestProgress().catch(reject);
    });
  } finally {
    watch?.close();
  }
}

function cacheEvent(cache: Pick<WatchCache, 'cached'>, event: StorageEvent): CacheEvent {
  const { previous: before, revision, key } = event;
  const previous: CachedObject | undefined =
    before === undefined ? undefined : cache.cached(key, before.revision, before.value);
  if (event.type === 'put') {
    return { type: 'put', object: cache.cached(key, revision, event.value), previous, revision };
  }
  const gone = previous ?? cache.cached(key, revision, new TextEncoder().encode('{"metadata":{}}'));
  return { type: 'delete', object: { ...gone, revision }, previous, revision };
}
