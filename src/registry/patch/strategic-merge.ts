// Strategic merge patch: JSON merge patch that knows the schema's merging lists, and directives.
// https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/
import { StatusError, unexplained } from '../../status.ts';
import { defineOwn, fieldOf, isJsonObject } from '../engine/json.ts';
import type { ListSemantics, TypeRef, TypeTable } from '../schema/types.ts';
import {
  badElementOrder,
  badRetainKeys,
  deleteFromPrimitiveListPrefix,
  isDirective,
  type JsonObject,
  noMergeKey,
  patchDirective,
  retainKeysDirective,
  setElementOrderPrefix,
  unknownDirective,
  withoutDirectives,
  wrongType,
} from './directives.ts';
import { identityOf, orderElements } from './element-order.ts';
import { goValue } from './go-value.ts';

/** What a field of a struct, or any key of a map, is and how a patch of it merges. */
interface FieldRule {
  /** Undefined where nothing is known of it: it merges as plain JSON. */
  readonly type: TypeRef | undefined;
  readonly list: ListSemantics | undefined;
  readonly replaces: boolean;
}

const untyped: FieldRule = { type: undefined, list: undefined, replaces: false };

/**
 * Merges `patch` into `current` by the type's rules; neither is changed.
 *
 * @param schema the definition's name of the object's type
 * @throws StatusError with upstream's words for patches that do not fit
 */
export function strategicMerge(
  types: TypeTable,
  current: JsonObject,
  patch: unknown,
  schema: string,
): JsonObject {
  if (!isJsonObject(patch)) throw unexplained('strategic merge patch format is not supported');
  return new Merge(types).map(current, patch, { kind: 'object', type: schema });
}

class Merge {
  readonly #types: TypeTable;

  constructor(types: TypeTable) {
    this.#types = types;
  }

  map(current: JsonObject, patch: JsonObject, type: TypeRef | undefined): JsonObject {
    const directive = patch[patchDirective];
    if (directive !== undefined) {
      if (directive === 'delete') return {};
      if (directive !== 'replace') throw unknownDirective(directive, patch);
      const { [patchDirective]: _, ...replacement } = patch;
      return replacement;
    }
    const merged = retainKeys(current, patch);
    const ordered = this.#orderedLists(merged, patch, type);
    for (const [key, change] of Object.entries(patch)) {
      if (key.startsWith(deleteFromPrimitiveListPrefix)) {
        deleteFromPrimitives(merged, key.slice(deleteFromPrimitiveListPrefix.length), change);
      } else if (!isDirective(key) && !ordered.has(key)) this.#field(merged, key, change, type);
    }
    return merged;
  }

  #field(merged: JsonObject, key: string, change: unknown, type: TypeRef | undefined): void {
    if (change === null) {
      delete merged[key];
      return;
    }
    const before = fieldOf(merged, key);
    let next: unknown;
    if (isJsonObject(before) && isJsonObject(change)) {
      const rule = this.#rule(type, key);
      next = rule.replaces ? change : this.map(before, change, rule.type);
    } else if (Array.isArray(before) && Array.isArray(change)) {
      next = this.#list(before, change, this.#rule(type, key));
    } else next = withoutDirectives(change);
    if (next !== undefined) defineOwn(merged, key, next);
  }

  #list(before: readonly unknown[], change: readonly unknown[], rule: FieldRule): unknown[] {
    if (!(rule.list?.patchStrategy?.includes('merge') ?? false)) return [...change];
    if (before.length === 0 && change.length === 0) return [];
    const mergeKey = rule.list?.patchMergeKey;
    if (!areMaps(before, change)) {
      const both = new Map(
        [...before, ...change].map((item) => [identityOf(item, undefined), item]),
      );
      return orderElements([...both.values()], change, before, undefined);
    }
    if (mergeKey === undefined) throw unexplained('cannot merge lists without merge key');
    const { kept, items } = applyListDirectives(before, change, mergeKey);
    const item = rule.type?.kind === 'list' ? rule.type.item : undefined;
    const merged: unknown[] = [...kept];
    for (const each of items) {
      if (!Object.hasOwn(each, mergeKey)) throw noMergeKey(each, mergeKey);
      const identity = identityOf(each, mergeKey);
      const at = merged.findIndex((other) => identityOf(other, mergeKey) === identity);
      const found = merged[at];
      if (isJsonObject(found)) merged[at] = this.map(found, each, item);
      else merged.push(withoutDirectives(each));
    }
    return orderElements(merged, items, before, mergeKey);
  }

  /** Merges the lists that have a `$setElementOrder`, puts them in order, and names them. */
  #orderedLists(merged: JsonObject, patch: JsonObject, type: TypeRef | undefined): Set<string> {
    const done = new Set<string>();
    for (const [key, order] of Object.entries(patch)) {
      if (!key.startsWith(setElementOrderPrefix)) continue;
      if (!Array.isArray(order)) throw wrongType('[]interface {}', order);
      const field = key.slice(setElementOrderPrefix.length);
      const rule = this.#rule(type, field);
      const mergeKey = rule.list?.patchMergeKey;
      const before = listAt(merged, field);
      // A null deletes the list whatever its order.
      if (fieldOf(patch, field) === null) continue;
      const change = listAt(patch, field);
      if (change !== undefined) checkElementOrder(change, order, mergeKey);
      if (before === undefined && change === undefined) continue;
      if (mergeKey !== undefined) checkOrderKeys(order, mergeKey);
      const list =
        change === undefined
          ? (before ?? [])
          : before === undefined
            ? withoutDirectives(change)
            : this.#list(before, change, rule);
      defineOwn(merged, field, orderElements(asList(list), order, before ?? [], mergeKey));
      done.add(field);
    }
    return done;
  }

  #rule(type: TypeRef | undefined, key: string): FieldRule {
    if (type?.kind === 'map') return { type: type.value, list: undefined, replaces: false };
    if (type?.kind !== 'object') return untyped;
    const { name, fields } = this.#types(type.type);
    const field = fields.find((each) => each.name === key);
    if (field === undefined) {
      const struct = name.slice(name.lastIndexOf('.') + 1);
      throw unexplained(
        `unable to find api field in struct ${struct} for the json field ${JSON.stringify(key)}`,
      );
    }
    const { patchStrategy = [] } = field;
    const list = field.type.kind === 'list' ? field.type.list : undefined;
    return { type: field.type, list, replaces: patchStrategy.includes('replace') };
  }
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function listAt(object: JsonObject, key: string): unknown[] | undefined {
  const value = fieldOf(object, key);
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw wrongType('[]interface {}', value);
  return value;
}

/** A copy of the map with only the keys that `$retainKeys` names, or all where it is absent. */
function retainKeys(current: JsonObject, patch: JsonObject): JsonObject {
  const retained = patch[retainKeysDirective];
  if (retained === undefined) return { ...current };
  if (!Array.isArray(retained)) throw badRetainKeys();
  const names = new Set<unknown>(retained);
  for (const [key, change] of Object.entries(patch)) {
    if (change !== null && !isDirective(key) && !names.has(key)) throw badRetainKeys();
  }
  return Object.fromEntries(Object.entries(current).filter(([key]) => names.has(key)));
}

function deleteFromPrimitives(merged: JsonObject, field: string, unwanted: unknown): void {
  const list = fieldOf(merged, field);
  if (!Array.isArray(list) || !Array.isArray(unwanted)) return;
  const gone = new Set(unwanted.map((item) => identityOf(item, undefined)));
  const kept = list.filter((item) => !gone.has(identityOf(item, undefined)));
  defineOwn(merged, field, kept);
}

/** Whether the lists hold maps; lists of lists and mixed ones cannot be merged. */
function areMaps(before: readonly unknown[], change: readonly unknown[]): boolean {
  const all = [...before, ...change];
  if (all.some((item) => Array.isArray(item))) {
    throw new StatusError({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'lists of lists are not supported',
      reason: 'Invalid',
      details: {},
      code: 422,
    });
  }
  const maps = all.filter(isJsonObject).length;
  if (maps > 0 && maps < all.length) {
    throw unexplained(`list element types are not identical: ${goValue([before, change])}`);
  }
  return maps > 0;
}

interface ListDirectives {
  /** What is left of the list as it stood. */
  readonly kept: readonly unknown[];
  /** The patch's items that are no directives. */
  readonly items: readonly JsonObject[];
}

/** `$patch: delete` items take away, one `$patch: replace` item empties the list. */
function applyListDirectives(
  before: readonly unknown[],
  change: readonly unknown[],
  mergeKey: string,
): ListDirectives {
  const items: JsonObject[] = [];
  const deleted = new Set<string>();
  let replaced = false;
  for (const each of change) {
    if (!isJsonObject(each)) continue;
    const directive = each[patchDirective];
    if (directive === undefined) items.push(each);
    else if (directive === 'replace') replaced = true;
    else if (directive === 'merge') {
      throw unexplained('merging lists cannot yet be specified in the patch');
    } else if (directive !== 'delete') throw unknownDirective(directive, each);
    else if (!Object.hasOwn(each, mergeKey)) throw noMergeKey(each, mergeKey);
    else deleted.add(identityOf(each, mergeKey));
  }
  const kept = replaced ? [] : before.filter((item) => !deleted.has(identityOf(item, mergeKey)));
  return { kept, items };
}

/** Lists that merge by a key are put in order by it, so every item of the order needs it. */
function checkOrderKeys(order: readonly unknown[], mergeKey: string): void {
  for (const [index, item] of order.entries()) {
    if (!isJsonObject(item)) throw unexplained(`value for key ${index} is not a map`);
    if (!Object.hasOwn(item, mergeKey)) throw noMergeKey(item, mergeKey);
  }
}

/** What a patch sets must stand in its `$setElementOrder` list, in the same order. */
function checkElementOrder(
  change: readonly unknown[],
  order: readonly unknown[],
  mergeKey: string | undefined,
): void {
  const set = change.filter((item) => !isJsonObject(item) || item[patchDirective] === undefined);
  let at = 0;
  for (const item of set) {
    if (mergeKey !== undefined && !isJsonObject(item)) throw badElementOrder();
    const identity = identityOf(item, mergeKey);
    while (at < order.length && identityOf(order[at], mergeKey) !== identity) at += 1;
    if (at === order.length) {
      throw unexplained(
        `The order in patch list:\n${goValue(set)}\n doesn't match $setElementOrder list:\n` +
          `${goValue(order)}\n`,
      );
    }
    at += 1;
  }
}
