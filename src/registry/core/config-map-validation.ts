// What a ConfigMap may hold: well-formed keys, no key twice, at most 1 MiB, and nothing new once immutable.
import { isDeepStrictEqual } from 'node:util';
import type { ConfigMap } from '../../objects.ts';
import { type FieldError, FieldPath, forbiddenField, invalidValue, tooLong } from '../field.ts';
import { validateConfigMapKey } from '../metadata/names.ts';

/** Data of ConfigMaps and Secrets: 1 MiB in all. */
export const maxDataBytes = 1024 * 1024;

/** How many bytes a base64 text stands for. */
export function base64Bytes(text: string): number {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return Math.floor((text.length * 3) / 4) - padding;
}

export function validateConfigMap(map: ConfigMap): readonly FieldError[] {
  const errors: FieldError[] = [];
  let totalBytes = 0;
  for (const [key, value] of Object.entries(map.data ?? {})) {
    const path = FieldPath.of('data').key(key);
    for (const message of validateConfigMapKey(key)) errors.push(invalidValue(path, key, message));
    // Upstream names both maps' conflicts at data's key.
    if (map.binaryData?.[key] !== undefined) {
      errors.push(invalidValue(path, key, 'duplicate of key present in binaryData'));
    }
    totalBytes += Buffer.byteLength(value);
  }
  for (const [key, value] of Object.entries(map.binaryData ?? {})) {
    const path = FieldPath.of('binaryData').key(key);
    for (const message of validateConfigMapKey(key)) errors.push(invalidValue(path, key, message));
    totalBytes += base64Bytes(value);
  }
  if (totalBytes > maxDataBytes) errors.push(tooLong(FieldPath.root.key(''), maxDataBytes));
  return errors;
}

/** Content and the flag itself are frozen once `immutable` is true; shared with Secret. */
export function validateImmutable(
  next: { readonly immutable?: boolean },
  old: { readonly immutable?: boolean },
  fields: readonly { readonly name: string; readonly next: unknown; readonly old: unknown }[],
): readonly FieldError[] {
  if (old.immutable !== true) return [];
  const errors: FieldError[] = [];
  if (next.immutable !== true) {
    errors.push(
      forbiddenField(FieldPath.of('immutable'), 'field is immutable when `immutable` is set'),
    );
  }
  for (const field of fields) {
    if (!isDeepStrictEqual(field.next ?? {}, field.old ?? {})) {
      const why = 'field is immutable when `immutable` is set';
      errors.push(forbiddenField(FieldPath.of(field.name), why));
    }
  }
  return errors;
}

export function validateConfigMapUpdate(next: ConfigMap, old: ConfigMap): readonly FieldError[] {
  return validateImmutable(next, old, [
    { name: 'data', next: next.data, old: old.data },
    { name: 'binaryData', next: next.binaryData, old: old.binaryData },
  ]);
}
