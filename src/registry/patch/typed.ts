// Values by shape: the field set of one, merging one into another, taking paths out of one.
import { defineOwn, isJsonObject } from '../engine/json.ts';
import { itemsByElement } from './compare.ts';
import {
  below,
  type FieldSet,
  type GrowingSet,
  hasElement,
  insertPath,
  isEmptySet,
  union,
} from './field-set.ts';
import { itemElement, type KeyedListShape, type Shape, type StructShape } from './shape.ts';

type ListShape = KeyedListShape | { readonly kind: 'set' };
type FieldsShape = StructShape | { readonly kind: 'map'; readonly value: Shape };

function shapeOfField(shape: FieldsShape, name: string): Shape | undefined {
  return shape.kind === 'map' ? shape.value : shape.fields.get(name)?.shape;
}

/** Every path that a configuration sets: leaves, list items, keys of maps, and empty structs. */
export function fieldSetOf(shape: StructShape, value: unknown): FieldSet {
  const set: GrowingSet = {};
  collect(shape, value, set, []);
  return set;
}

function collect(shape: Shape, value: unknown, set: GrowingSet, path: string[]): void {
  if (shape.kind === 'leaf') insertPath(set, path);
  else if (shape.kind === 'struct' || shape.kind === 'map') {
    if (!isJsonObject(value)) return;
    for (const [name, child] of Object.entries(value)) {
      const field = shapeOfField(shape, name);
      if (field === undefined) continue;
      path.push(`f:${name}`);
      collect(field, child, set, path);
      const empty = child === null || (isJsonObject(child) && isEmptySet(child as FieldSet));
      if (empty || shape.kind === 'map') insertPath(set, path);
      path.pop();
    }
  } else if (Array.isArray(value)) {
    for (const [element, items] of itemsByElement(shape, value)) {
      path.push(element);
      if (shape.kind === 'list' && items.length === 1) collect(shape.item, items[0], set, path);
      insertPath(set, path);
      path.pop();
    }
  }
}

/** `live` with what `applied` says; lists keep live's order but for the items applied. */
export function mergeValues(shape: Shape, live: unknown, applied: unknown): unknown {
  if (applied === undefined) return live;
  if (live === undefined || shape.kind === 'leaf') return applied;
  if (shape.kind === 'struct' || shape.kind === 'map') {
    if (!isJsonObject(live)) return applied;
    if (!isJsonObject(applied)) return isEmptySet(live as FieldSet) ? applied : live;
    const merged = { ...live };
    for (const [name, child] of Object.entries(applied)) {
      const field = shapeOfField(shape, name);
      const before = Object.hasOwn(live, name) ? live[name] : undefined;
      defineOwn(merged, name, field === undefined ? child : mergeValues(field, before, child));
    }
    return merged;
  }
  if (!Array.isArray(live)) return applied;
  if (!Array.isArray(applied)) return live.length === 0 ? applied : live;
  return mergeLists(shape, live, applied);
}

/**
 * Two ordered lists become one: items in both stand in the order of `applied`, items only in
 * `live` stay before the item they stood before.
 */
function mergeLists(
  shape: ListShape,
  live: readonly unknown[],
  applied: readonly unknown[],
): unknown[] {
  const liveElements = live.map((item) => itemElement(shape, item));
  const appliedElements = applied.map((item) => itemElement(shape, item));
  const liveItems = itemsByElement(shape, live);
  const isApplied = new Set(appliedElements);
  const shared = appliedElements.filter((element) => liveItems.has(element ?? ''));
  const merged: unknown[] = [];
  let [at, next] = [0, 0];
  const take = (index: number) => {
    const element = appliedElements[index];
    const [before] = liveItems.get(element ?? '') ?? [];
    merged.push(
      shape.kind === 'set' ? applied[index] : mergeValues(shape.item, before, applied[index]),
    );
    if (element === shared[0]) shared.shift();
  };
  while (at < live.length || next < applied.length) {
    const element = liveElements[at];
    if (at < live.length && !isApplied.has(element)) {
      merged.push(live[at]);
      at += 1;
    } else if (next >= applied.length) at += 1;
    else if (at < live.length && shared[0] !== undefined && shared[0] !== element) at += 1;
    else {
      const met = at < live.length && (element === appliedElements[next] || shared.length === 0);
      take(next);
      next += 1;
      if (met) at += 1;
    }
  }
  return merged;
}

/** `value` without the paths of `set`; a container that loses everything becomes null. */
export function removePaths(shape: Shape, value: unknown, set: FieldSet): unknown {
  if (isEmptySet(set)) return value;
  if (shape.kind === 'leaf') return value;
  if (shape.kind === 'struct' || shape.kind === 'map') {
    if (!isJsonObject(value)) return value;
    const kept: Record<string, unknown> = {};
    for (const [name, child] of Object.entries(value)) {
      const element = `f:${name}`;
      if (hasElement(set, element)) continue;
      const field = shapeOfField(shape, name);
      const left = field === undefined ? child : removePaths(field, child, below(set, element));
      defineOwn(kept, name, left);
    }
    return isEmptySet(kept as unknown as FieldSet) ? null : kept;
  }
  if (!Array.isArray(value)) return value;
  const kept = value.flatMap((item): unknown[] => {
    const element = itemElement(shape, item);
    if (element === undefined) return [item];
    if (hasElement(set, element)) return [];
    return [shape.kind === 'set' ? item : removePaths(shape.item, item, below(set, element))];
  });
  return kept.length === 0 ? null : kept;
}

/** The set with each struct field on the way to a member made a member too. */
export function withNamedFields(shape: Shape | undefined, set: FieldSet): FieldSet {
  const out: Record<string, FieldSet> = {};
  for (const [element, node] of Object.entries(set)) {
    if (element === '.') {
      out[element] = node;
      continue;
    }
    const name = element.startsWith('f:') ? element.slice(2) : undefined;
    const isField = shape?.kind === 'struct' && name !== undefined && shape.fields.has(name);
    const children = withNamedFields(childShape(shape, name), node);
    const held = isField && !isEmptySet(node) && node['.'] === undefined;
    out[element] = held ? union({ '.': {} }, children) : children;
  }
  return out;
}

function childShape(shape: Shape | undefined, name: string | undefined): Shape | undefined {
  if (shape === undefined) return undefined;
  if (name === undefined) return shape.kind === 'list' ? shape.item : undefined;
  return shape.kind === 'struct' || shape.kind === 'map' ? shapeOfField(shape, name) : undefined;
}
