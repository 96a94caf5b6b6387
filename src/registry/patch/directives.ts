// The directives of strategic merge patches and the errors about them, in upstream's words.
import { badRequest, type StatusError, unexplained } from '../../status.ts';
import { isJsonObject } from '../engine/json.ts';
import { goValue } from './go-value.ts';

export type JsonObject = Record<string, unknown>;

export const patchDirective = '$patch';
export const retainKeysDirective = '$retainKeys';
export const setElementOrderPrefix = '$setElementOrder/';
export const deleteFromPrimitiveListPrefix = '$deleteFromPrimitiveList/';

/** Whether a key of a patch is a directive, not a field. */
export function isDirective(key: string): boolean {
  return (
    key === patchDirective ||
    key === retainKeysDirective ||
    key.startsWith(setElementOrderPrefix) ||
    key.startsWith(deleteFromPrimitiveListPrefix)
  );
}

export function noMergeKey(item: unknown, key: string): StatusError {
  return unexplained(`map: ${goValue(item)} does not contain declared merge key: ${key}`);
}

export function unknownDirective(directive: unknown, item: unknown): StatusError {
  // Go's %s of what is no string.
  const isPlain = typeof directive === 'number' || typeof directive === 'boolean';
  const shown = isPlain ? `%!s(${goType(directive)}=${directive})` : goValue(directive);
  return unexplained(`unknown patch type: ${shown} in map: ${goValue(item)}`);
}

export function wrongType(expected: string, value: unknown): StatusError {
  return unexplained(`expected a ${expected}, but received a ${goType(value)}`);
}

export function badRetainKeys(): StatusError {
  return badRequest('invalid patch format of retainKeys');
}

export function badElementOrder(): StatusError {
  return badRequest('invalid patch format of setElementOrder list');
}

/** The Go type that upstream's decoder gives a JSON value. */
function goType(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  if (isJsonObject(value)) return 'map[string]interface {}';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  return Number.isInteger(value) || typeof value === 'bigint' ? 'int64' : 'float64';
}

/**
 * A value that has no counterpart in the object: its directives are dropped, and whatever carries
 * a `$patch` of its own has nothing to act on and is gone (undefined). Nulls delete, so they are
 * left out of maps.
 */
export function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(withoutDirectives).filter((item) => item !== undefined);
  }
  if (!isJsonObject(value)) return value;
  if (patchDirective in value) return undefined;
  const kept = Object.entries(value).flatMap(([key, child]): [string, unknown][] => {
    if (child === null || isDirective(key)) return [];
    const plain = withoutDirectives(child);
    return plain === undefined ? [] : [[key, plain]];
  });
  return Object.fromEntries(kept);
}
