// Where a list is read from: a snapshot in memory, or storage's history of an older revision.
import type { Entry } from '../../storage/driver.ts';
import { matches } from './selection.ts';
import type { TreeSnapshot } from './snapshot.ts';
import type { CachedObject, Selection } from './types.ts';
import type { WatchCache } from './watch-cache.ts';

export interface ListSource {
  readonly revision: number;
  /** The selected objects in ascending order of their keys, which start with `prefix`. */
  objects(
    selection: Selection,
    prefix: string,
    from: string,
  ): Iterable<CachedObject> | AsyncIterable<CachedObject>;
  /** How many objects there are from `from` on, selected or not. */
  count(prefix: string, from: string): number | Promise<number>;
  /** More pages of this state will be asked for. */
  keep(): void;
}

export function snapshotSource(cache: WatchCache, snapshot: TreeSnapshot): ListSource {
  return {
    revision: snapshot.revision,
    objects: (selection, prefix, from) => select(snapshot, selection, prefix, from),
    count: (prefix, from) => snapshot.count(prefix, from),
    keep: () => cache.keep(snapshot),
  };
}

/** The selected objects of a snapshot; a single name is looked up instead of searched. */
export function* select(
  snapshot: TreeSnapshot,
  selection: Selection,
  prefix: string,
  from: string = prefix,
): Iterable<CachedObject> {
  if (selection.name !== undefined) {
    const only = snapshot.get(prefix + selection.name);
    if (only !== undefined && only.key >= from && matches(selection, only.header)) yield only;
    // Names of a namespaced resource repeat: over all namespaces they have to be searched for.
    if (only !== undefined || selection.namespace !== undefined) return;
  }
  for (const object of snapshot.range(prefix, from)) {
    if (matches(selection, object.header)) yield object;
  }
}

/** @throws CompactedError, FutureRevisionError: the first page is read here */
export async function historySource(cache: WatchCache, revision: number): Promise<ListSource> {
  const limit = Math.min(500, cache.limits.pageEntries);
  const read = (prefix: string, from: string) =>
    cache.driver.range(prefix, { revision, from, limit });
  await cache.driver.range(cache.prefix, { revision, limit: 1 });
  const object = ({ key, revision: written, value }: Entry): CachedObject => {
    const known = cache.get(key);
    return known?.revision === written ? known : cache.cached(key, written, value);
  };
  return {
    revision,
    async *objects(selection, prefix, from) {
      for (let next = from; ; ) {
        const page = await read(prefix, next);
        for (const entry of page.entries) {
          const found = object(entry);
          if (matches(selection, found.header)) yield found;
        }
        const last = page.entries.at(-1);
        if (!page.more || last === undefined) return;
        next = `${last.key}\0`;
      }
    },
    async count(prefix, from) {
      const page = await cache.driver.range(prefix, { revision, from, limit: 1, count: true });
      return page.count ?? 0;
    },
    keep() {},
  };
}
