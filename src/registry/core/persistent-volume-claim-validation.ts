// PersistentVolumeClaims: immutable but for growth and class of attributes, once they are bound.
import { isDeepStrictEqual } from 'node:util';
import type { PersistentVolumeClaim } from '../../objects.ts';
import { compareQuantities } from '../../quantity.ts';
import {
  type FieldError,
  FieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
} from '../field.ts';
import { validateQualifiedName } from '../metadata/names.ts';
import { invalidEach, validateImmutableField } from '../metadata/object-meta.ts';
import { amountOf, validateBasicQuantity } from '../quantity-validation.ts';
import { type ClaimSpec, claimSpecWarnings, validateClaimSpec } from './claim-spec-validation.ts';
import { isNativeResource } from './resource-validation.ts';
import { classAnnotation } from './storage-cells.ts';
import { objectDiff } from './text-diff.ts';

const specPath = FieldPath.of('spec');
const statusPath = FieldPath.of('status');

export function validateClaim(claim: PersistentVolumeClaim): FieldError[] {
  return validateClaimSpec(claim.spec ?? {}, specPath);
}

function withoutField<T extends object, K extends keyof T>(object: T, field: K): Omit<T, K> {
  const { [field]: _, ...rest } = object;
  return rest;
}

/** `next` and `old` with what may change made alike. */
function comparableSpecs(
  next: PersistentVolumeClaim,
  old: PersistentVolumeClaim,
): readonly [next: ClaimSpec, old: ClaimSpec, moved: boolean] {
  let spec: ClaimSpec = { ...next.spec };
  let before: ClaimSpec = { ...old.spec };
  // The controller binds a claim to a volume once.
  if (!before.volumeName && spec.volumeName) before = { ...before, volumeName: spec.volumeName };
  const annotation = old.metadata?.annotations?.[classAnnotation];
  const annotationNow = next.metadata?.annotations?.[classAnnotation];
  const unset = before.storageClassName === undefined && spec.storageClassName !== undefined;
  const moved =
    unset &&
    annotation !== undefined &&
    spec.storageClassName === annotation &&
    (annotationNow === undefined || annotationNow === annotation);
  if (unset && (annotation === undefined || annotation === spec.storageClassName)) {
    spec = withoutField(spec, 'storageClassName');
  }
  if (old.status?.phase !== 'Bound') return [spec, before, moved];
  const { requests } = spec.resources ?? {};
  if (requests) {
    const storage = before.resources?.requests?.storage ?? '0';
    spec = { ...spec, resources: { ...spec.resources, requests: { ...requests, storage } } };
  }
  return [
    withoutField(spec, 'volumeAttributesClassName'),
    withoutField(before, 'volumeAttributesClassName'),
    moved,
  ];
}

function validateSize(next: ClaimSpec, old: PersistentVolumeClaim): FieldError[] {
  const size = amountOf(next.resources?.requests?.storage);
  const before = amountOf(old.spec?.resources?.requests?.storage);
  const actual = amountOf(old.status?.capacity?.storage);
  // A growth that failed may be taken back, but only to more than there is.
  if (compareQuantities(size, before) >= 0 || compareQuantities(size, actual) > 0) return [];
  const own = specPath.child('resources', 'requests', 'storage');
  return [forbiddenField(own, 'field can not be less than status.capacity')];
}

function validateAttributesClass(next: ClaimSpec, old: PersistentVolumeClaim): FieldError[] {
  const { volumeAttributesClassName: name } = next;
  if (name === old.spec?.volumeAttributesClassName || name) return [];
  if (old.status?.currentVolumeAttributesClassName === undefined) return [];
  const what = name === undefined ? 'nil' : 'empty string';
  const own = specPath.child('volumeAttributesClassName');
  const why = `update to ${what} is forbidden when status.currentVolumeAttributesClassName is not nil`;
  return [forbiddenField(own, why)];
}

export function validateClaimUpdate(
  next: PersistentVolumeClaim,
  old: PersistentVolumeClaim,
): FieldError[] {
  const errors: FieldError[] = [];
  const spec = next.spec ?? {};
  const [comparable, before, moved] = comparableSpecs(next, old);
  const annotation = next.metadata?.annotations?.[classAnnotation] ?? '';
  if (!moved && annotation !== (old.metadata?.annotations?.[classAnnotation] ?? '')) {
    const own = FieldPath.of('metadata', 'annotations', classAnnotation);
    errors.push(invalidValue(own, annotation, 'field is immutable'));
  }
  if (!isDeepStrictEqual(comparable, before)) {
    const why =
      'spec is immutable after creation except resources.requests and ' +
      'volumeAttributesClassName for bound claims\n';
    errors.push(forbiddenField(specPath, why + objectDiff(before, comparable)));
  }
  return [
    ...errors,
    ...validateSize(spec, old),
    ...validateImmutableField(spec.volumeMode, old.spec?.volumeMode, FieldPath.of('volumeMode')),
    ...validateAttributesClass(spec, old),
  ];
}

const resizeStatuses = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
  'NodeResizePending',
].sort();

/** Of Kubernetes' own resources a claim has only storage. */
function validateResourceKey(name: string, path: FieldPath): FieldError[] {
  const wrong = invalidEach(path, name, validateQualifiedName(name));
  if (wrong.length > 0 || !isNativeResource(name) || name === 'storage') return wrong;
  return [notSupported(path, name, ['storage'])];
}

export function validateClaimStatusUpdate(next: PersistentVolumeClaim): FieldError[] {
  const { capacity, allocatedResourceStatuses, allocatedResources } = next.status ?? {};
  const errors = Object.entries(capacity ?? {}).flatMap(([name, text]) =>
    validateBasicQuantity(text, statusPath.child('capacity').key(name)),
  );
  const statuses = statusPath.child('allocatedResourceStatuses');
  for (const [name, status] of Object.entries(allocatedResourceStatuses ?? {})) {
    errors.push(...validateResourceKey(name, statuses));
    if (!resizeStatuses.includes(status)) errors.push(notSupported(statuses, name, resizeStatuses));
  }
  const allocated = statusPath.child('allocatedResources');
  for (const [name, text] of Object.entries(allocatedResources ?? {})) {
    const wrong = validateResourceKey(name, allocated);
    errors.push(...wrong);
    if (wrong.length === 0) errors.push(...validateBasicQuantity(text, allocated.key(name)));
  }
  return errors;
}

export function claimWarnings({ metadata, spec }: PersistentVolumeClaim): string[] {
  const warnings = claimSpecWarnings(spec, specPath);
  if (metadata?.annotations?.[classAnnotation] === undefined) return warnings;
  const own = FieldPath.of('metadata', 'annotations').key(classAnnotation);
  const why = 'deprecated since v1.8; use "storageClassName" attribute instead';
  return [`${own}: ${why}`, ...warnings];
}
