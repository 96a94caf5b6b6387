// Spoils objects: values, keys and structure in the tree, then characters and bytes in its text.
import type { Dice } from './dice.ts';
import { generate, shapeAt } from './generate.ts';
import {
  copyOf,
  isObject,
  type Json,
  type JsonObject,
  type Place,
  places,
  raw,
  removeAt,
  replaceAt,
  setKey,
  valueAt,
} from './json.ts';
import { oddKeys, oddNumber, oddText, oddValue } from './odd-values.ts';
import type { Shape } from './schema.ts';

/** A spoilt copy: so many changes, each somewhere else. */
export function mutate(dice: Dice, tree: JsonObject, shape: Shape | undefined): JsonObject {
  const spoilt = copyOf(tree);
  const changes = dice.weigh<number>([6, 1], [3, 2], [1, 8]);
  for (let change = 0; change < changes; change++) mutateOnce(dice, spoilt, shape);
  return spoilt;
}

function mutateOnce(dice: Dice, tree: JsonObject, shape: Shape | undefined): void {
  const all = places(tree);
  // Most of what can be wrong is in the spec; the type alone is wrong quickly enough.
  const deep = all.filter(({ path }) => path[0] !== 'apiVersion' && path[0] !== 'kind');
  const candidates = deep.length === 0 || dice.chance(0.02) ? all : deep;
  if (candidates.length === 0) {
    setKey(tree, dice.pick(oddKeys), oddValue(dice));
    return;
  }
  const place = dice.pick(candidates);
  const grafted = shape !== undefined && dice.chance(0.4) && graft(dice, place, shape);
  if (!grafted) changePlace(dice, tree, place);
}

/** Puts something that belongs there: a whole of its type, or a field that was not set. */
function graft(dice: Dice, place: Place, shape: Shape): boolean {
  const here = shapeAt(shape, place.path);
  if (here === undefined) return false;
  const value = valueAt(place);
  const missing = isObject(value)
    ? here.properties.filter((name) => !Object.hasOwn(value, name))
    : [];
  if (missing.length > 0 && isObject(value)) {
    const name = dice.pick(missing);
    const property = here.property(name);
    if (property === undefined) return false;
    setKey(value, name, generate(dice, property, dice.pick([0, 0.3, 0.8]), name, 4));
    return true;
  }
  const field = String(place.path.findLast((part) => typeof part === 'string') ?? '');
  replaceAt(place, generate(dice, here, dice.pick([0, 0.3]), field, 4));
  return true;
}

function changePlace(dice: Dice, tree: JsonObject, place: Place): void {
  const value = valueAt(place);
  dice.weigh<() => void>(
    [8, () => replaceAt(place, sameType(dice, value))],
    [5, () => replaceAt(place, oddValue(dice))],
    [2, () => replaceAt(place, null)],
    [2, () => removeAt(place)],
    [1, () => replaceAt(place, [value])],
    [1, () => replaceAt(place, { [dice.pick(oddKeys)]: value })],
    [2, () => addKey(dice, isObject(value) ? value : tree)],
    [2, () => repeat(dice, place)],
    [1, () => replaceAt(place, copyOf(dice.chance(0.1) ? tree : value))],
  )();
}

function sameType(dice: Dice, value: Json): Json {
  if (typeof value === 'string') return oddText(dice);
  if (typeof value === 'number') return raw(oddNumber(dice));
  if (typeof value === 'boolean') return !value;
  return Array.isArray(value) ? [] : {};
}

function addKey(dice: Dice, object: JsonObject): void {
  setKey(object, dice.pick(oddKeys), dice.chance(0.5) ? oddText(dice) : oddValue(dice));
}

/** Lists with the same item again: keys of list maps must be unique. */
function repeat(dice: Dice, { holder, key }: Place): void {
  if (!Array.isArray(holder)) return;
  const times = dice.chance(0.02) ? 1000 : 1;
  const item = holder[key as number] ?? null;
  for (let again = 0; again < times; again++) holder.push(copyOf(item));
}

/** Spoils the text of an object, whatever language it is in. */
export function mutateText(dice: Dice, text: string): Buffer {
  const at = dice.below(text.length + 1);
  const end = Math.min(text.length, at + dice.below(20));
  const splice = (piece: string) => Buffer.from(text.slice(0, at) + piece + text.slice(at));
  return dice.weigh<() => Buffer>(
    [2, () => Buffer.from(text.slice(0, at))],
    [2, () => Buffer.from(text.slice(0, at) + text.slice(end))],
    [2, () => splice(text.slice(at, end))],
    [2, () => splice(dice.pick([',', '}', ']', '"', '\\', ':', '{', '\u0000', '\n', '\t', '-']))],
    [2, () => duplicateKey(dice, text)],
    [1, () => Buffer.concat([Buffer.from(text), Buffer.from(dice.pick(['x', '{}', '\0', '//c']))])],
    [1, () => Buffer.from(`\ufeff${text}`)],
    [1, () => Buffer.from(text, 'utf16le')],
    [1, () => Buffer.from(text.replaceAll('"', "'"))],
    [1, () => Buffer.from(text.replace(/\d+/, oddNumber(dice)))],
    [3, () => mutateBytes(dice, Buffer.from(text))],
  )();
}

function duplicateKey(dice: Dice, text: string): Buffer {
  const opened = [...text.matchAll(/\{(?="((?:[^"\\]|\\.)*)")/g)];
  if (opened.length === 0) return Buffer.from(text);
  const { index, 1: key = '' } = dice.pick(opened);
  const value = dice.pick(['null', '1', '"x"', '{}', '[]']);
  return Buffer.from(`${text.slice(0, index + 1)}"${key}":${value},${text.slice(index + 1)}`);
}

/** Flips, cuts, doubles and inserts bytes; for protobuf and for invalid UTF-8. */
export function mutateBytes(dice: Dice, bytes: Buffer): Buffer {
  let spoilt: Buffer = Buffer.from(bytes);
  for (let change = dice.weigh<number>([5, 1], [3, 3], [1, 20]); change > 0; change--) {
    const at = dice.below(spoilt.length + 1);
    const head = spoilt.subarray(0, at);
    const tail = spoilt.subarray(at);
    spoilt = dice.weigh<() => Buffer>(
      [5, () => flip(dice, spoilt, at)],
      [1, () => Buffer.concat([head])],
      [1, () => Buffer.concat([head, tail.subarray(1 + dice.below(8))])],
      [1, () => Buffer.concat([head, dice.bytes(1 + dice.below(8)), tail])],
      [1, () => Buffer.concat([head, tail.subarray(0, 16), tail])],
      [1, () => Buffer.concat([head, Buffer.alloc(10, 0xff), tail])],
    )();
  }
  return spoilt;
}

function flip(dice: Dice, bytes: Buffer, at: number): Buffer {
  const index = Math.min(at, bytes.length - 1);
  if (index >= 0) bytes[index] = (bytes[index] ?? 0) ^ (1 << dice.below(8));
  return bytes;
}
