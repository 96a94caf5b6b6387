// Validates metadata as upstream's ValidateObjectMeta and ValidateObjectMetaUpdate do.
import type { ManagedFieldsEntry, ObjectMeta, OwnerReference } from '../../objects.ts';
import { sameJson } from '../engine/json.ts';
import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  required,
  tooLong,
} from '../field.ts';
import {
  type NameCheck,
  validateDns1123Label,
  validateLabelValue,
  validatePathSegmentName,
  validateQualifiedName,
} from './names.ts';

/** Keys and values of all annotations together, in bytes. */
export const annotationsTotalBytesMax = 256 * 1024;
const fieldManagerLengthMax = 128;
const subresourceLengthMax = 256;

/** The finalizer that waits for dependents, set by `propagationPolicy: Foreground`. */
export const foregroundFinalizer = 'foregroundDeletion';
/** The finalizer that lets dependents go free, set by `propagationPolicy: Orphan`. */
export const orphanFinalizer = 'orphan';
const standardFinalizers: ReadonlySet<string> = new Set([
  'kubernetes',
  foregroundFinalizer,
  orphanFinalizer,
]);

/** One `Invalid value` per message. */
export function invalidEach(
  path: FieldPath,
  value: unknown,
  messages: readonly string[],
): FieldError[] {
  return messages.map((message) => invalidValue(path, value, message));
}

/** Field `field is immutable` unless both values are the same JSON, in whatever order. */
export function validateImmutableField(
  next: unknown,
  old: unknown,
  path: FieldPath,
): readonly FieldError[] {
  if (sameJson(next, old)) return [];
  return [invalidValue(path, next, 'field is immutable')];
}

export function validateLabels(
  labels: Readonly<Record<string, string>> | undefined,
  path: FieldPath,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(labels ?? {})) {
    errors.push(...invalidEach(path, key, validateQualifiedName(key)));
    errors.push(...invalidEach(path, value, validateLabelValue(value)));
  }
  return errors;
}

export function validateAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  path: FieldPath,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  let totalBytes = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    errors.push(...invalidEach(path, key, validateQualifiedName(key.toLowerCase())));
    totalBytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (totalBytes > annotationsTotalBytesMax) errors.push(tooLong(path, annotationsTotalBytesMax));
  return errors;
}

function validateOwnerReference(reference: OwnerReference, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  // More than one slash is no version at all.
  const parts = reference.apiVersion.split('/');
  if (parts.length > 2 || parts.at(-1) === '') {
    const detail = 'version must not be empty';
    errors.push(invalidValue(path.child('apiVersion'), reference.apiVersion, detail));
  }
  for (const name of ['kind', 'name', 'uid'] as const) {
    if ((reference[name] ?? '') === '') {
      errors.push(invalidValue(path.child(name), '', 'must not be empty'));
    }
  }
  if (reference.apiVersion === 'v1' && reference.kind === 'Event') {
    const detail = '/v1, Kind=Event is disallowed from being an owner';
    errors.push(invalidValue(path, reference, detail));
  }
  return errors;
}

function validateOwnerReferences(
  references: readonly OwnerReference[],
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  let controller: string | undefined;
  for (const reference of references) {
    errors.push(...validateOwnerReference(reference, path));
    if (reference.controller !== true) continue;
    const current = `${reference.kind}/${reference.name}`;
    if (controller !== undefined) {
      const detail =
        'Only one reference can have Controller set to true. Found "true" in references for ' +
        `${controller} and ${current}`;
      errors.push(invalidValue(path, references, detail));
    }
    controller ??= current;
  }
  return errors;
}

function validateFinalizers(finalizers: readonly string[], path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, finalizer] of finalizers.entries()) {
    errors.push(...invalidEach(path.index(index), finalizer, validateQualifiedName(finalizer)));
  }
  if (finalizers.includes(orphanFinalizer) && finalizers.includes(foregroundFinalizer)) {
    const detail = `finalizer ${orphanFinalizer} and ${foregroundFinalizer} cannot be both set`;
    errors.push(invalidValue(path, finalizers, detail));
  }
  return errors;
}

/** Finalizers of built-in kinds without a prefix are only the three standard ones. */
function validateStandardFinalizers(finalizers: readonly string[], path: FieldPath): FieldError[] {
  const detail = 'name is neither a standard finalizer name nor is it fully qualified';
  return finalizers.flatMap((finalizer, index) =>
    finalizer.includes('/') || standardFinalizers.has(finalizer)
      ? []
      : [invalidValue(path.index(index), finalizer, detail)],
  );
}

/** A field manager's name: at most 128 bytes, all printable. */
export function validateFieldManager(manager: string, path: FieldPath): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (Buffer.byteLength(manager) > fieldManagerLengthMax) {
    errors.push(tooLong(path, fieldManagerLengthMax));
  }
  for (const { 0: character, index } of manager.matchAll(/[^\P{C}]|[^\P{Z} ]/gu)) {
    const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    const at = Buffer.byteLength(manager.slice(0, index));
    errors.push(invalidValue(path, manager, `invalid character U+${code} (at position ${at})`));
  }
  return errors;
}

function validateManagedFields(
  entries: readonly ManagedFieldsEntry[],
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, entry] of entries.entries()) {
    const at = path.index(index);
    if (entry.operation !== 'Apply' && entry.operation !== 'Update') {
      const shown = entry.operation ?? '';
      errors.push(invalidValue(at.child('operation'), shown, 'must be `Apply` or `Update`'));
    }
    if ((entry.fieldsType ?? '') !== '' && entry.fieldsType !== 'FieldsV1') {
      errors.push(invalidValue(at.child('fieldsType'), entry.fieldsType, 'must be `FieldsV1`'));
    }
    errors.push(...validateFieldManager(entry.manager ?? '', at.child('manager')));
    if (Buffer.byteLength(entry.subresource ?? '') > subresourceLengthMax) {
      errors.push(tooLong(at.child('subresource'), subresourceLengthMax));
    }
  }
  return errors;
}

/** What an object's kind says about its metadata. */
export interface MetadataRules {
  readonly namespaced: boolean;
  readonly validateName: NameCheck;
  /** Custom resources only get a warning for a finalizer without a prefix. */
  readonly customResource?: boolean;
}

/** Validates metadata of a new object; `path` is `metadata`. */
export function validateObjectMeta(
  meta: ObjectMeta,
  rules: MetadataRules,
  path: FieldPath,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  const { name = '', generateName = '', namespace = '', finalizers = [] } = meta;
  if (generateName !== '') {
    const messages = rules.validateName(generateName, true);
    errors.push(...invalidEach(path.child('generateName'), generateName, messages));
  }
  if (name === '') {
    errors.push(required(path.child('name'), 'name or generateName is required'));
  } else {
    // The path's own rule holds for every kind, so a name always fits into its URL.
    const own = rules.validateName(name, false);
    const messages = own.length > 0 ? own : validatePathSegmentName(name, false);
    errors.push(...invalidEach(path.child('name'), name, messages));
  }
  if (!rules.namespaced) {
    if (namespace !== '') {
      errors.push(forbiddenField(path.child('namespace'), 'not allowed on this type'));
    }
  } else if (namespace === '') {
    errors.push(required(path.child('namespace')));
  } else {
    const messages = validateDns1123Label(namespace);
    errors.push(...invalidEach(path.child('namespace'), namespace, messages));
  }
  errors.push(...validateShared(meta, path));
  const at = path.child('finalizers');
  errors.push(...validateFinalizers(finalizers, at));
  if (rules.customResource !== true) errors.push(...validateStandardFinalizers(finalizers, at));
  return errors;
}

/** The part that create and update check alike. */
function validateShared(meta: ObjectMeta, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const { generation = 0 } = meta;
  if (generation < 0) {
    const detail = 'must be greater than or equal to 0';
    errors.push(invalidValue(path.child('generation'), generation, detail));
  }
  errors.push(...validateLabels(meta.labels, path.child('labels')));
  errors.push(...validateAnnotations(meta.annotations, path.child('annotations')));
  const owners = meta.ownerReferences ?? [];
  errors.push(...validateOwnerReferences(owners, path.child('ownerReferences')));
  errors.push(...validateManagedFields(meta.managedFields ?? [], path.child('managedFields')));
  return errors;
}

const immutableFields = [
  'name',
  'namespace',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const;

/** Validates a change of metadata; `path` is `metadata`. */
export function validateObjectMetaUpdate(
  next: ObjectMeta,
  old: ObjectMeta,
  path: FieldPath,
  isCustom = false,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  const finalizers = next.finalizers ?? [];
  if (old.deletionTimestamp !== undefined) {
    const known = new Set(old.finalizers ?? []);
    const added = finalizers.filter((finalizer) => !known.has(finalizer)).sort();
    if (added.length > 0) {
      const shown = added.map((each) => JSON.stringify(each)).join(', ');
      const detail =
        'no new finalizers can be added if the object is being deleted, found new finalizers ' +
        `[]string{${shown}}`;
      errors.push(forbiddenField(path.child('finalizers'), detail));
    }
  }
  if ((next.generation ?? 0) < (old.generation ?? 0)) {
    const detail = 'must not be decremented';
    errors.push(invalidValue(path.child('generation'), next.generation ?? 0, detail));
  }
  for (const name of immutableFields) {
    errors.push(...validateImmutableField(next[name], old[name], path.child(name)));
  }
  errors.push(...validateShared(next, path));
  const at = path.child('finalizers');
  errors.push(...validateFinalizers(finalizers, at));
  if (!isCustom) errors.push(...validateStandardFinalizers(finalizers, at));
  return errors;
}
