// What a value would be after it was written as JSON and read again, without doing either.

/**
 * A deep copy of `value` as `fromJson(toJson(value))` gives it: fields that are undefined are gone.
 * Undefined when the value holds anything of which only its JSON can tell (a bigint, a number that
 * is not finite, an object with a prototype of its own).
 */
export function readAgain<T extends object>(value: T): T | undefined {
  const copy = copyOf(value);
  return copy === unknowable ? undefined : (copy as T);
}

const unknowable = Symbol('unknowable');

function copyOf(value: unknown): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      // As JSON has it, there is one zero.
      return Number.isSafeInteger(value) ? value + 0 : fraction(value);
    case 'object':
      if (value === null) return null;
      return Array.isArray(value) ? copyArray(value) : copyObject(value);
    default:
      return unknowable;
  }
}

/** Beyond the safe integers, reading makes a bigint of it. */
function fraction(value: number): unknown {
  return Number.isFinite(value) && !Number.isInteger(value) ? value : unknowable;
}

function copyArray(value: readonly unknown[]): unknown {
  const copy: unknown[] = [];
  for (const item of value) {
    const each = copyOf(item);
    if (each === unknowable) return unknowable;
    copy.push(each);
  }
  return copy;
}

function copyObject(value: object): unknown {
  if (Object.getPrototypeOf(value) !== Object.prototype) return unknowable;
  const copy: Record<string, unknown> = {};
  for (const [name, child] of Object.entries(value)) {
    if (child === undefined) continue;
    const each = copyOf(child);
    // A plain assignment to `__proto__` would change the copy's prototype instead.
    if (each === unknowable || name === '__proto__') return unknowable;
    copy[name] = each;
  }
  return copy;
}
