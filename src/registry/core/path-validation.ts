// Paths inside volumes: relative, and never climbing out.
import { type FieldError, type FieldPath, invalidValue, required } from '../field.ts';
import type { KeyToPath } from './types.ts';

export const fileModeMessage = 'must be a number between 0 and 0777 (octal), both inclusive';

export function validateFileMode(mode: number | undefined, path: FieldPath): FieldError[] {
  if (mode === undefined || (mode >= 0 && mode <= 0o777)) return [];
  return [invalidValue(path, mode, fileModeMessage)];
}

/** No `..` among its parts. */
export function validateNoBacksteps(target: string, path: FieldPath): FieldError[] {
  if (!target.split('/').includes('..')) return [];
  return [invalidValue(path, target, "must not contain '..'")];
}

/** Relative and within the volume (subPath). */
export function validateDescendingPath(target: string, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (target.startsWith('/')) errors.push(invalidValue(path, target, 'must be a relative path'));
  return [...errors, ...validateNoBacksteps(target, path)];
}

/** The same, and no name of the kind that atomic volume updates use (`..data`). */
export function validateNonReservedPath(target: string, path: FieldPath): FieldError[] {
  const errors = validateDescendingPath(target, path);
  if (target.startsWith('..') && !target.startsWith('../')) {
    errors.push(invalidValue(path, target, "must not start with '..'"));
  }
  return errors;
}

export function validateKeyToPath(item: KeyToPath, path: FieldPath): FieldError[] {
  return [
    ...(item.key ? [] : [required(path.child('key'))]),
    ...(item.path ? [] : [required(path.child('path'))]),
    ...validateNonReservedPath(item.path ?? '', path.child('path')),
    ...validateFileMode(item.mode, path.child('mode')),
  ];
}

export function validateKeysToPaths(
  items: readonly KeyToPath[] | undefined,
  path: FieldPath,
): FieldError[] {
  return (items ?? []).flatMap((item, index) => validateKeyToPath(item, path.index(index)));
}
