// JSON as trees that requests are made of; texts that no value stands for are raw pieces.

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };
export type JsonObject = Record<string, Json>;

const mark = '@@raw:';
const rawString = /"@@raw:((?:[^"\\]|\\.)*)"/g;

/** A text that `toText` writes as it is, without quotes: `1e400`, `NaN`, thousands of brackets. */
export function raw(text: string): Json {
  return `${mark}${text}`;
}

export function isRaw(value: Json): boolean {
  return typeof value === 'string' && value.startsWith(mark);
}

/** The JSON text of a tree, raw pieces put in. */
export function toText(value: Json): string {
  const text = JSON.stringify(value);
  if (!text.includes(mark)) return text;
  return text.replaceAll(rawString, (_all, piece: string) => JSON.parse(`"${piece}"`) as string);
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function copyOf<T extends Json>(value: T): T {
  return structuredClone(value) as T;
}

/** Sets also what assignment would take for something else, such as `__proto__`. */
export function setKey(object: JsonObject, key: string, value: Json): void {
  Object.defineProperty(object, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

/** A place in a tree: the object or list that holds it, and its key there. */
export interface Place {
  readonly holder: JsonObject | Json[];
  readonly key: string | number;
  readonly path: readonly (string | number)[];
}

/** Every place of a tree, the root not included. */
export function places(tree: Json, path: readonly (string | number)[] = []): Place[] {
  if (Array.isArray(tree)) {
    const list = tree as Json[];
    return list.flatMap((value, key) => [
      { holder: list, key, path: [...path, key] },
      ...places(value, [...path, key]),
    ]);
  }
  if (!isObject(tree)) return [];
  return Object.keys(tree).flatMap((key) => [
    { holder: tree, key, path: [...path, key] },
    ...places(tree[key] ?? null, [...path, key]),
  ]);
}

export function valueAt({ holder, key }: Place): Json {
  return (holder as JsonObject)[key as string] ?? null;
}

export function replaceAt({ holder, key }: Place, value: Json): void {
  if (Array.isArray(holder)) holder[key as number] = value;
  else setKey(holder, key as string, value);
}

export function removeAt({ holder, key }: Place): void {
  if (Array.isArray(holder)) holder.splice(key as number, 1);
  else delete holder[key as string];
}

/** A path as JSON Patch points. */
export function pointer(path: readonly (string | number)[]): string {
  return path
    .map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('');
}
