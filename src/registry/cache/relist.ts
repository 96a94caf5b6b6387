// Turns the difference of two states into events, for a cache that lost its stream to compaction.
import type { BTreeView } from './btree.ts';
import type { CachedObject, CacheEvent } from './types.ts';

/**
 * What must have happened between `before` and `after`, in revision order. When an object was
 * deleted is no longer known: it is said at `revision`, the one that `after` is the state of.
 */
export function differences(
  before: BTreeView<CachedObject>,
  after: BTreeView<CachedObject>,
  revision: number,
): readonly CacheEvent[] {
  const events: CacheEvent[] = [];
  for (const object of after.range('')) {
    const previous = before.get(object.key);
    if (previous?.revision === object.revision) continue;
    if (previous !== undefined && previous.header.uid !== object.header.uid) {
      // Another object of the same name: whoever held the old one must see it go.
      events.push(deletion(previous, object.revision - 1));
      events.push({ type: 'put', object, previous: undefined, revision: object.revision });
    } else {
      events.push({ type: 'put', object, previous, revision: object.revision });
    }
  }
  for (const previous of before.range('')) {
    if (after.get(previous.key) === undefined) events.push(deletion(previous, revision));
  }
  return events.sort((a, b) => a.revision - b.revision);
}

function deletion(previous: CachedObject, revision: number): CacheEvent {
  return { type: 'delete', object: { ...previous, revision }, previous, revision };
}
