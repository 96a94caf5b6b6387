// Reads, orders and prints the path elements of FieldsV1: `f:name`, `k:{…}`, `v:…`, `i:0`, `.`.
import { isJsonObject, sameJson } from '../engine/json.ts';
import { fromJson, toJson } from '../schema/json.ts';
import { type FieldSet, isEmptySet } from './field-set.ts';

/** A managedFields entry's fields are no FieldsV1; the message is for logs. */
export class FieldsV1Error extends Error {}

/** How deeply a client's FieldsV1 may nest; no object comes near. */
const depthMax = 200;

/** The key of a list map's item: `k:{"containerPort":80,"protocol":"TCP"}`. */
function keyElement(keys: readonly (readonly [string, unknown])[]): string {
  let fields = '';
  for (const [name, value] of keys) {
    if (fields !== '') fields += ',';
    fields += `${toJson(name)}:${toJson(value)}`;
  }
  return `k:{${fields}}`;
}

export function valueElement(value: unknown): string {
  return `v:${toJson(value)}`;
}

/**
 * Reads FieldsV1 that a client wrote into the canonical set.
 *
 * @throws FieldsV1Error when an element or value has no meaning
 */
export function readFieldsV1(value: unknown, depth = 0): FieldSet {
  if (!isJsonObject(value)) throw new FieldsV1Error('FieldsV1 is no JSON object');
  if (depth > depthMax) throw new FieldsV1Error('FieldsV1 is nested too deeply');
  const set: Record<string, FieldSet> = {};
  for (const [element, child] of Object.entries(value)) {
    const read = readFieldsV1(child, depth + 1);
    if (element !== '.') set[canonicalElement(element)] = read;
    else if (depth > 0 && Object.keys(value).length > 1) set['.'] = {};
  }
  return set;
}

function canonicalElement(element: string): string {
  const body = element.slice(2);
  switch (element.slice(0, 2)) {
    case 'f:':
      return element;
    case 'i:':
      if (!/^-?\d+$/.test(body)) throw new FieldsV1Error(`invalid index in ${element}`);
      return `i:${Number(body)}`;
    case 'v:':
      return valueElement(parsed(body));
    case 'k:': {
      const key = parsed(body);
      if (!isJsonObject(key)) throw new FieldsV1Error(`invalid key in ${element}`);
      return keyElement(Object.entries(key).sort(([a], [b]) => (a < b ? -1 : 1)));
    }
    default:
      throw new FieldsV1Error(`unknown path element ${element}`);
  }
}

function parsed(text: string): unknown {
  try {
    return fromJson(text);
  } catch (error) {
    throw new FieldsV1Error(`invalid JSON in a path element: ${text}`, { cause: error });
  }
}

/** A set in upstream's order: `.`, then fields, keys, values and indices, each kind sorted. */
export function ordered(set: FieldSet): FieldSet {
  const elements = Object.keys(set);
  if (elements.length > 1) elements.sort(compareElements);
  const out: Record<string, FieldSet> = {};
  for (const element of elements) {
    const node = set[element];
    if (node !== undefined) out[element] = isEmptySet(node) ? node : ordered(node);
  }
  return out;
}

const ranks: Readonly<Record<string, number>> = { '.': 0, f: 1, k: 2, v: 3, i: 4 };

/** Sorts path elements as upstream does. */
export function compareElements(a: string, b: string): number {
  if (a === b) return 0;
  const kind = a.charAt(0);
  const byKind = (ranks[kind] ?? 0) - (ranks[b.charAt(0)] ?? 0);
  if (byKind !== 0) return byKind;
  if (kind === 'f') return compareText(a, b);
  const left = fromJson(a.slice(2));
  const right = fromJson(b.slice(2));
  if (kind !== 'k') return compareValues(left, right);
  const ours = Object.entries(left as object);
  const theirs = Object.entries(right as object);
  for (const [index, [name, value]] of ours.entries()) {
    const other = theirs[index];
    if (other === undefined) return 1;
    const byName = compareText(name, other[0]);
    if (byName !== 0) return byName;
    const byValue = compareValues(value, other[1]);
    if (byValue !== 0) return byValue;
  }
  return ours.length - theirs.length;
}

/** By UTF-8 bytes: the order of UTF-16 units, but that surrogates come after all others. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const ours = a.charCodeAt(at);
    const theirs = b.charCodeAt(at);
    if (ours !== theirs) return codeOrder(ours) - codeOrder(theirs);
  }
  return a.length - b.length;
}

function codeOrder(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}

/** Numbers before strings before booleans before all else. */
function compareValues(a: unknown, b: unknown): number {
  const order = (value: unknown) =>
    ['number', 'bigint'].includes(typeof value)
      ? 0
      : ['string', 'boolean'].indexOf(typeof value) + 1 || 3;
  if (order(a) !== order(b)) return order(a) - order(b);
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  if (sameJson(a, b)) return 0;
  return Number(a) < Number(b) ? -1 : 1;
}

/** Calls `visit` with each member's path: members of a level first, then what is below them. */
export function forEachPath(
  set: FieldSet,
  visit: (path: readonly string[]) => void,
  path: readonly string[] = [],
): void {
  const elements = Object.keys(set).filter((element) => element !== '.');
  elements.sort(compareElements);
  for (const element of elements) {
    const node = set[element] ?? {};
    if (node['.'] !== undefined || isEmptySet(node)) visit([...path, element]);
  }
  for (const element of elements) forEachPath(set[element] ?? {}, visit, [...path, element]);
}

/** A path as upstream prints it: `.spec.containers[name="a"].image`, `.metadata.finalizers[="x"]`. */
export function pathText(path: readonly string[]): string {
  return path.map(elementText).join('');
}

function elementText(element: string): string {
  const body = element.slice(2);
  if (element.startsWith('f:')) return `.${body}`;
  if (element.startsWith('v:')) return `[=${body}]`;
  if (element.startsWith('i:')) return `[${body}]`;
  const key = Object.entries(fromJson(body) as object);
  return `[${key.map(([name, value]) => `${name}=${toJson(value)}`).join(',')}]`;
}
