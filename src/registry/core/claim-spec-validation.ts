// What a claim asks for: the spec of PersistentVolumeClaims and of templates for them in pods.
import type { PersistentVolumeClaim } from '../../objects.ts';
import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../field.ts';
import { validateDns1123Label, validateDns1123Subdomain } from '../metadata/names.ts';
import { invalidEach } from '../metadata/object-meta.ts';
import { validateTemplateMeta } from '../metadata/template-meta.ts';
import { isFractional, validatePositiveQuantity } from '../quantity-validation.ts';
import { validateLabelSelector } from '../selector-validation.ts';
import type { Volume } from './types.ts';

export type ClaimSpec = NonNullable<PersistentVolumeClaim['spec']>;
type DataSource = NonNullable<ClaimSpec['dataSourceRef']>;
type ClaimTemplate = NonNullable<NonNullable<Volume['ephemeral']>['volumeClaimTemplate']>;

const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const volumeModes = ['Block', 'Filesystem'];

/** Known modes, and ReadWriteOncePod only alone. */
export function validateAccessModes(modes: readonly string[], path: FieldPath): FieldError[] {
  const known = modes.filter((mode) => accessModes.includes(mode));
  const errors = modes
    .filter((mode) => !accessModes.includes(mode))
    .map((mode) => notSupported(path, mode, accessModes));
  if (new Set(known).size > 1 && known.includes('ReadWriteOncePod')) {
    errors.push(forbiddenField(path, 'may not use ReadWriteOncePod with other access modes'));
  }
  return errors;
}

export function validateVolumeMode(mode: string | undefined, path: FieldPath): FieldError[] {
  if (mode === undefined || volumeModes.includes(mode)) return [];
  return [notSupported(path, mode, volumeModes)];
}

function validateDataSource(source: DataSource, path: FieldPath): FieldError[] {
  const { name, kind } = source;
  // Go writes them without a value as null.
  const [apiGroup, namespace] = [source.apiGroup ?? '', source.namespace ?? ''];
  const errors: FieldError[] = [];
  if (!name) errors.push(required(path.child('name')));
  if (!kind) errors.push(required(path.child('kind')));
  if (apiGroup === '' && kind !== 'PersistentVolumeClaim') {
    const why = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
    errors.push(invalidValue(path, kind ?? '', why));
  }
  if (apiGroup !== '') {
    const messages = validateDns1123Subdomain(apiGroup);
    errors.push(...invalidEach(path.child('apiGroup'), apiGroup, messages));
  }
  if (namespace !== '') {
    const messages = validateDns1123Label(namespace);
    errors.push(...invalidEach(path.child('namespace'), namespace, messages));
  }
  return errors;
}

function validateDataSources(spec: ClaimSpec, path: FieldPath): FieldError[] {
  const { dataSource, dataSourceRef } = spec;
  const errors: FieldError[] = [];
  if (dataSource) {
    errors.push(...validateDataSource(dataSource, path.child('dataSource')));
  }
  if (dataSourceRef) {
    errors.push(...validateDataSource(dataSourceRef, path.child('dataSourceRef')));
  }
  if (!dataSource || !dataSourceRef) return errors;
  // The value that upstream gives here is a path, which has no JSON of its own.
  if (dataSourceRef.namespace) {
    const why = 'may not be specified when dataSourceRef.namespace is specified';
    return [...errors, invalidValue(path, {}, why)];
  }
  const same =
    dataSource.apiGroup === dataSourceRef.apiGroup &&
    dataSource.kind === dataSourceRef.kind &&
    dataSource.name === dataSourceRef.name;
  return same ? errors : [...errors, invalidValue(path, {}, 'must match dataSourceRef')];
}

export function validateClaimSpec(spec: ClaimSpec, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const modes = spec.accessModes ?? [];
  const modesPath = path.child('accessModes');
  if (modes.length === 0) {
    errors.push(required(modesPath, 'at least 1 access mode is required'));
  }
  errors.push(...validateLabelSelector(spec.selector, path.child('selector')));
  errors.push(...validateAccessModes(modes, modesPath));
  const storage = spec.resources?.requests?.storage;
  const storagePath = path.child('resources').key('storage');
  if (storage === undefined) errors.push(required(storagePath));
  else errors.push(...validatePositiveQuantity(storage, storagePath));
  errors.push(...validateClassName(spec.storageClassName, path.child('storageClassName')));
  errors.push(...validateVolumeMode(spec.volumeMode, path.child('volumeMode')));
  errors.push(...validateDataSources(spec, path));
  const attributes = path.child('volumeAttributesClassName');
  return [...errors, ...validateClassName(spec.volumeAttributesClassName, attributes)];
}

/** The name of a class, where one is given. */
export function validateClassName(name: string | undefined, path: FieldPath): FieldError[] {
  return name ? invalidEach(path, name, validateDns1123Subdomain(name)) : [];
}

export function validateClaimTemplate(template: ClaimTemplate, path: FieldPath): FieldError[] {
  return [
    ...validateTemplateMeta(template.metadata, path.child('metadata')),
    ...validateClaimSpec(template.spec ?? {}, path.child('spec')),
  ];
}

/** Storage comes in whole bytes; said, not refused. */
export function claimSpecWarnings(spec: ClaimSpec | undefined, path: FieldPath): string[] {
  return (['requests', 'limits'] as const).flatMap((kind) => {
    const amount = spec?.resources?.[kind]?.storage;
    if (!isFractional(amount)) return [];
    const own = path.child('resources', kind).key('storage');
    return [`${own}: fractional byte value "${amount}" is invalid, must be an integer`];
  });
}
