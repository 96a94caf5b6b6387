// Projected and downward API volumes: files from several places under one directory.
import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  required,
} from '../field.ts';
import { validateFieldSelector, validateResourceSelector } from './field-ref-validation.ts';
import { validateFileMode, validateKeyToPath, validateNonReservedPath } from './path-validation.ts';
import type { DownwardApiFile, ProjectedVolume } from './types.ts';

type Projection = NonNullable<ProjectedVolume['sources']>[number];

const volumeFieldPaths = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];

function validateDownwardFile(file: DownwardApiFile, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (!file.path) errors.push(required(path.child('path')));
  errors.push(...validateNonReservedPath(file.path ?? '', path.child('path')));
  const { fieldRef, resourceFieldRef } = file;
  if (fieldRef) {
    errors.push(...validateFieldSelector(fieldRef, volumeFieldPaths, path.child('fieldRef')));
    if (resourceFieldRef) {
      const why = 'fieldRef and resourceFieldRef can not be specified simultaneously';
      errors.push(invalidValue(path, 'resource', why));
    }
  } else if (resourceFieldRef) {
    const own = path.child('resourceFieldRef');
    errors.push(...validateResourceSelector(resourceFieldRef, own, true));
  } else {
    errors.push(required(path, 'one of fieldRef and resourceFieldRef is required'));
  }
  return [...errors, ...validateFileMode(file.mode, path.child('mode'))];
}

/** Upstream names the files by the volume's path, without `items`. */
export function validateDownwardFiles(
  files: readonly DownwardApiFile[] | undefined,
  path: FieldPath,
): FieldError[] {
  return (files ?? []).flatMap((file) => validateDownwardFile(file, path));
}

/** The files of one projected volume: what is wrong with them, and which paths are taken. */
class Files {
  readonly errors: FieldError[] = [];
  readonly #paths = new Set<string>();
  readonly #volumePath: FieldPath;

  constructor(volumePath: FieldPath) {
    this.#volumePath = volumePath;
  }

  /** `shown` stands in the message for a path that another source has claimed. */
  claim(file: string, shown: string): void {
    if (file === '') return;
    if (this.#paths.has(file)) {
      this.errors.push(invalidValue(this.#volumePath, shown, 'conflicting duplicate paths'));
    }
    this.#paths.add(file);
  }
}

function validateToken(
  token: NonNullable<Projection['serviceAccountToken']>,
  path: FieldPath,
  volumePath: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  const seconds = token.expirationSeconds ?? 3600;
  const secondsPath = path.child('expirationSeconds');
  if (seconds < 600) {
    const why = 'may not specify a duration less than 10 minutes';
    errors.push(invalidValue(secondsPath, seconds, why));
  }
  if (seconds > 2 ** 32) {
    const why = 'may not specify a duration larger than 2^32 seconds';
    errors.push(invalidValue(secondsPath, seconds, why));
  }
  // Upstream names the path by the volume, not by the source.
  const filePath = volumePath.child('path');
  if (!token.path) return [...errors, required(filePath)];
  return [...errors, ...validateNonReservedPath(token.path, filePath)];
}

function validateProjection(
  source: Projection,
  path: FieldPath,
  volumePath: FieldPath,
  files: Files,
): void {
  const { errors } = files;
  for (const kind of ['secret', 'configMap'] as const) {
    const reference = source[kind];
    if (!reference) continue;
    const own = path.child(kind);
    if (!reference.name) errors.push(required(own.child('name')));
    for (const [index, item] of (reference.items ?? []).entries()) {
      errors.push(...validateKeyToPath(item, own.child('items').index(index)));
      files.claim(item.path ?? '', reference.name ?? '');
    }
  }
  for (const file of source.downwardAPI?.items ?? []) {
    errors.push(...validateDownwardFile(file, path.child('downwardAPI')));
    files.claim(file.path ?? '', file.path ?? '');
  }
  const token = source.serviceAccountToken;
  if (token) errors.push(...validateToken(token, path.child('serviceAccountToken'), volumePath));
}

export function validateProjected(projected: ProjectedVolume, path: FieldPath): FieldError[] {
  const files = new Files(path);
  files.errors.push(...validateFileMode(projected.defaultMode, path.child('defaultMode')));
  for (const [index, source] of (projected.sources ?? []).entries()) {
    const own = path.child('sources').index(index);
    validateProjection(source, own, path, files);
    const kinds = Object.values(source).filter((each) => each !== undefined && each !== null);
    if (kinds.length > 1) {
      const why = 'may not specify more than 1 volume type per source';
      files.errors.push(forbiddenField(own, why));
    }
  }
  return files.errors;
}
