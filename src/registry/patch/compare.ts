// Compares two objects by shape: which field paths were added, changed and removed.
import {
  type FieldSet,
  type GrowingSet,
  insertPath,
  isEmptySet,
  recursiveDifference,
} from './field-set.ts';
import { itemElement, type KeyedListShape, type Shape, type StructShape } from './shape.ts';

export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

type Fields = Readonly<Record<string, unknown>>;

/** Compares two values that are both of `shape`; absent and null differ as they do in Go. */
export function compare(shape: StructShape, before: unknown, after: unknown): Comparison {
  const walk = new Walk();
  walk.value(shape, before, after);
  return walk;
}

/** Whether nothing differs. */
export function isSame({ added, modified, removed }: Comparison): boolean {
  return isEmptySet(added) && isEmptySet(modified) && isEmptySet(removed);
}

/** The comparison without what lies at or below the `ignored` paths. */
export function excluding(comparison: Comparison, ignored: FieldSet): Comparison {
  if (isEmptySet(ignored)) return comparison;
  return {
    added: recursiveDifference(comparison.added, ignored),
    modified: recursiveDifference(comparison.modified, ignored),
    removed: recursiveDifference(comparison.removed, ignored),
  };
}

/** Whether two JSON values are the same; the fast path of every comparison. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let index = 0; index < a.length; index += 1) {
      if (!sameValue(a[index], b[index])) return false;
    }
    return true;
  }
  if (Array.isArray(b)) return false;
  let count = 0;
  for (const key in a) {
    const ours = (a as Fields)[key];
    if (ours === undefined) continue;
    if (!Object.hasOwn(b, key) || !sameValue(ours, (b as Fields)[key])) return false;
    count += 1;
  }
  for (const key in b) if ((b as Fields)[key] !== undefined) count -= 1;
  return count === 0;
}

function fieldsOf(value: unknown): Fields | undefined {
  const isFields = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isFields ? (value as Fields) : undefined;
}

function isEmpty(value: Fields | readonly unknown[] | undefined): boolean {
  if (value === undefined) return true;
  for (const _ in value) return false;
  return true;
}

function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

class Walk implements Comparison {
  readonly added: GrowingSet = {};
  readonly modified: GrowingSet = {};
  readonly removed: GrowingSet = {};
  readonly #path: string[] = [];

  value(shape: Shape, before: unknown, after: unknown): void {
    if (before === after) return;
    switch (shape.kind) {
      case 'leaf':
        this.#leaf(before, after);
        break;
      case 'struct':
      case 'map':
        this.#fields(shape, before, after);
        break;
      default:
        this.#list(shape, before, after);
        break;
    }
  }

  #leaf(before: unknown, after: unknown): void {
    if (before === undefined) insertPath(this.added, this.#path);
    else if (after === undefined) insertPath(this.removed, this.#path);
    else if (!sameValue(before, after)) insertPath(this.modified, this.#path);
  }

  /** A container that came or went is itself a path, besides what is in it. */
  #container(before: unknown, after: unknown): void {
    if (this.#path.length === 0) return;
    if (before === undefined) insertPath(this.added, this.#path);
    else if (after === undefined) insertPath(this.removed, this.#path);
  }

  #fields(shape: StructShape | { kind: 'map'; value: Shape }, before: unknown, after: unknown) {
    const old = fieldsOf(before);
    const next = fieldsOf(after);
    // Two empty ones, of which one may be null or absent, count as a leaf.
    if (isEmpty(old) && isEmpty(next)) {
      this.#leaf(before, after);
      return;
    }
    for (const name in old) this.#field(shape, name, old[name], ownField(next, name));
    for (const name in next) {
      if (old === undefined || !Object.hasOwn(old, name)) {
        this.#field(shape, name, undefined, next[name]);
      }
    }
    this.#container(before, after);
  }

  #field(
    shape: StructShape | { kind: 'map'; value: Shape },
    name: string,
    before: unknown,
    after: unknown,
  ): void {
    if (before === after) return;
    if (shape.kind === 'map') {
      this.#path.push(`f:${name}`);
      this.value(shape.value, before, after);
    } else {
      const field = shape.fields.get(name);
      if (field === undefined) return;
      this.#path.push(field.element);
      this.value(field.shape, before, after);
    }
    this.#path.pop();
  }

  #list(shape: KeyedListShape | { kind: 'set' }, before: unknown, after: unknown): void {
    const old = itemsOf(before);
    const next = itemsOf(after);
    if (old.length === 0 && next.length === 0) {
      this.#leaf(before, after);
      return;
    }
    // Items that stand where they stood and are the same need no path.
    let start = 0;
    while (start < old.length && start < next.length && sameValue(old[start], next[start])) {
      start += 1;
    }
    const ours = itemsByElement(shape, start === 0 ? old : old.slice(start));
    const theirs = itemsByElement(shape, start === 0 ? next : next.slice(start));
    for (const [element, items] of ours) this.#item(shape, element, items, theirs.get(element));
    for (const [element, items] of theirs) {
      if (!ours.has(element)) this.#item(shape, element, undefined, items);
    }
    this.#container(before, after);
  }

  /** Items with the same key, which only a live object may have, count as one leaf. */
  #item(
    shape: KeyedListShape | { kind: 'set' },
    element: string,
    before: readonly unknown[] | undefined,
    after: readonly unknown[] | undefined,
  ): void {
    this.#path.push(element);
    const repeated = (before?.length ?? 0) > 1 || (after?.length ?? 0) > 1;
    if (repeated || shape.kind === 'set') this.#leaf(before, after);
    else this.value(shape.item, before?.[0], after?.[0]);
    this.#path.pop();
  }
}

function ownField(fields: Fields | undefined, name: string): unknown {
  return fields !== undefined && Object.hasOwn(fields, name) ? fields[name] : undefined;
}

/** Items by their path element, in order; those without a key are no part of any path. */
export function itemsByElement(
  shape: KeyedListShape | { kind: 'set' },
  items: readonly unknown[],
): Map<string, unknown[]> {
  const found = new Map<string, unknown[]>();
  for (const item of items) {
    const element = itemElement(shape, item);
    if (element === undefined) continue;
    const same = found.get(element);
    if (same === undefined) found.set(element, [item]);
    else same.push(item);
  }
  return found;
}
