// The order of a merged list: items that the patch names in its order, the others as they stood.
import { isJsonObject } from '../engine/json.ts';

/** What tells an item of a merging list from the others: its merge key's value, or itself. */
export function identityOf(item: unknown, mergeKey: string | undefined): string {
  const value = mergeKey !== undefined && isJsonObject(item) ? item[mergeKey] : item;
  return `${typeof value}:${String(value)}`;
}

/** Sorts by place in `order`; what is not there goes last, as it came. */
function arrange(
  items: readonly unknown[],
  order: ReadonlyMap<string, number>,
  mergeKey: string | undefined,
): unknown[] {
  const place = (item: unknown) => order.get(identityOf(item, mergeKey)) ?? order.size;
  return [...items].sort((a, b) => place(a) - place(b));
}

function placesOf(list: readonly unknown[], mergeKey: string | undefined): Map<string, number> {
  const places = new Map<string, number>();
  for (const [place, item] of list.entries()) {
    const identity = identityOf(item, mergeKey);
    if (!places.has(identity)) places.set(identity, place);
  }
  return places;
}

/**
 * Orders a merged list. Items of `patchOrder` keep its order, all others that of `before`; where
 * the two meet, an item that stood before another one still does, and new items come first.
 */
export function orderElements(
  merged: readonly unknown[],
  patchOrder: readonly unknown[],
  before: readonly unknown[],
  mergeKey: string | undefined,
): unknown[] {
  const patchPlaces = placesOf(patchOrder, mergeKey);
  const oldPlaces = placesOf(before, mergeKey);
  const isPatched = (item: unknown) => patchPlaces.has(identityOf(item, mergeKey));
  const patched = arrange(merged.filter(isPatched), patchPlaces, mergeKey);
  const others = arrange(
    merged.filter((item) => !isPatched(item)),
    oldPlaces,
    mergeKey,
  );
  const ordered: unknown[] = [];
  let next = 0;
  for (const other of others) {
    const stood = oldPlaces.get(identityOf(other, mergeKey));
    for (; next < patched.length; next += 1) {
      const place = oldPlaces.get(identityOf(patched[next], mergeKey));
      if (stood !== undefined && place !== undefined && stood < place) break;
      ordered.push(patched[next]);
    }
    ordered.push(other);
  }
  return [...ordered, ...patched.slice(next)];
}
