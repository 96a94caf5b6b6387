// Checks lists and maps as this group does: size first, then each entry, then uniqueness.
import { duplicate, type FieldError, type FieldPath, tooMany } from '../field.ts';

type Check<T> = (item: T, path: FieldPath) => readonly FieldError[];

/** A list that is too long is not looked at any further. */
export function validateList<T>(
  items: readonly T[] | undefined,
  max: number,
  check: Check<T>,
  path: FieldPath,
): readonly FieldError[] {
  const given = items ?? [];
  if (given.length > max) return [tooMany(path, given.length, max)];
  return given.flatMap((item, index) => check(item, path.index(index)));
}

/** The same, and no two entries have the same key. Objects as keys are compared by their JSON. */
export function validateSet<T>(
  items: readonly T[] | undefined,
  max: number,
  check: Check<T>,
  keyOf: (item: T) => unknown,
  path: FieldPath,
): readonly FieldError[] {
  const given = items ?? [];
  if (given.length > max) return [tooMany(path, given.length, max)];
  const errors = [...validateList(given, max, check, path)];
  const seen = new Set<string>();
  given.forEach((item, index) => {
    const key = keyOf(item);
    const text = JSON.stringify(key);
    if (seen.has(text)) errors.push(duplicate(path.index(index), key));
    seen.add(text);
  });
  return errors;
}

/** Keys are checked at the map's own path, values at theirs; in the order of the keys. */
export function validateMap<T>(
  map: { readonly [key: string]: T } | undefined,
  limits: { readonly max: number; readonly keyLengthMax: number },
  checkKey: Check<string>,
  check: Check<T>,
  path: FieldPath,
): readonly FieldError[] {
  const entries = Object.entries(map ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length > limits.max) return [tooMany(path, entries.length, limits.max)];
  return entries.flatMap(([key, item]) => [
    ...checkKey(key, path),
    ...check(item, path.key(shortened(key, limits.keyLengthMax))),
  ]);
}

/** A key that is too long has its middle left out of field paths. */
function shortened(key: string, lengthMax: number): string {
  if (key.length <= lengthMax) return key;
  const ellipsis = '...';
  const remaining = lengthMax - ellipsis.length;
  const head = key.slice(0, Math.floor((remaining + 1) / 2));
  return head + ellipsis + key.slice(key.length - Math.floor(remaining / 2));
}
