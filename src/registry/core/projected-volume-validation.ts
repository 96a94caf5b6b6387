// Projected and downward API volumes: files from several places under one directory.
import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  required,
} from '../field.ts';
import { validateFieldSelector, validateResourceSelector } from './field-ref-validation.ts';
import {
  validateFileMode,
  validateKeysToPaths,
  validateNonReservedPath,
} from './path-validation.ts';
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

/** Checks one source and gives the file paths it claims. */
function validateProjection(
  source: Projection,
  path: FieldPath,
  errors: FieldError[],
): readonly string[] {
  const claimed: string[] = [];
  for (const kind of ['secret', 'configMap'] as const) {
    const reference = source[kind];
    if (!reference) continue;
    const own = path.child(kind);
    if (!reference.name) errors.push(required(own.child('name')));
    errors.push(...validateKeysToPaths(reference.items, own.child('items')));
    claimed.push(...(reference.items ?? []).map((item) => item.path));
  }
  if (source.downwardAPI) {
    errors.push(...validateDownwardFiles(source.downwardAPI.items, path.child('downwardAPI')));
    claimed.push(...(source.downwardAPI.items ?? []).map((item) => item.path));
  }
  const token = source.serviceAccountToken;
  if (token) {
    const own = path.child('serviceAccountToken');
    const seconds = token.expirationSeconds ?? 3600;
    const secondsPath = own.child('expirationSeconds');
    if (seconds < 600) {
      const why = 'may not specify a duration less than 10 minutes';
      errors.push(invalidValue(secondsPath, seconds, why));
    }
    if (seconds > 2 ** 32) {
      const why = 'may not specify a duration larger than 2^32 seconds';
      errors.push(invalidValue(secondsPath, seconds, why));
    }
    errors.push(...validateClaimedPath(token.path, own));
    claimed.push(token.path);
  }
  const bundle = source.clusterTrustBundle;
  if (bundle) {
    errors.push(...validateClaimedPath(bundle.path, path.child('clusterTrustBundle')));
    claimed.push(bundle.path);
  }
  return claimed.filter((each) => each !== undefined && each !== '');
}

function validateClaimedPath(target: string | undefined, path: FieldPath): FieldError[] {
  if (!target) return [required(path.child('path'))];
  return validateNonReservedPath(target, path.child('path'));
}

export function validateProjected(projected: ProjectedVolume, path: FieldPath): FieldError[] {
  const errors = validateFileMode(projected.defaultMode, path.child('defaultMode'));
  const paths = new Set<string>();
  for (const [index, source] of (projected.sources ?? []).entries()) {
    const own = path.child('sources').index(index);
    const kinds = Object.values(source).filter((each) => each !== undefined && each !== null);
    for (const file of validateProjection(source, own, errors)) {
      if (paths.has(file)) errors.push(invalidValue(path, file, 'conflicting duplicate paths'));
      paths.add(file);
    }
    if (kinds.length > 1) {
      errors.push(forbiddenField(own, 'may not specify more than 1 volume type'));
    }
  }
  return errors;
}
