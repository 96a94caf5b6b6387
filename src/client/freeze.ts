// Freezes objects that are shared, so that a change by accident throws instead of spreading.

/** Freezes `value` and all it holds (a tree, as JSON gives it); returns it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const each of Object.values(value)) {
    if (typeof each === 'object' && each !== null) deepFreeze(each);
  }
  return Object.freeze(value);
}
