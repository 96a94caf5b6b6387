// VolumeAttachments: one volume, one node, and what a driver may write down of the attempt.
import type { VolumeAttachment } from '../../objects.ts';
import { validateInlineVolumeSpec } from '../core/persistent-volume-spec-validation.ts';
import { validateCsiDriverName } from '../core/volume-source-validation.ts';
import { sameJson } from '../engine/json.ts';
import {
  type FieldError,
  FieldPath,
  forbiddenField,
  invalidValue,
  required,
  tooLong,
} from '../field.ts';
import { validateDns1123Subdomain } from '../metadata/names.ts';
import { invalidEach } from '../metadata/object-meta.ts';

type Spec = NonNullable<VolumeAttachment['spec']>;
type Status = NonNullable<VolumeAttachment['status']>;
type VolumeError = NonNullable<Status['attachError']>;

const specPath = FieldPath.of('spec');
const statusPath = FieldPath.of('status');
const metadataBytesMax = 256 * 1024;
const messageLengthMax = 1024;

function validateSource(source: Partial<Spec['source']>, path: FieldPath): FieldError[] {
  const { inlineVolumeSpec: inline, persistentVolumeName: name } = source;
  const both = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
  if (!inline && name === undefined) return [required(path, both)];
  if (inline && name !== undefined) return [forbiddenField(path, both)];
  if (inline) return validateInlineVolumeSpec(inline, path.child('inlineVolumeSpec'));
  if (name !== '') return [];
  return [
    required(path.child('persistentVolumeName'), 'must specify non empty persistentVolumeName'),
  ];
}

function validateError(error: VolumeError | undefined, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  // Upstream names another limit than the one it checks.
  if (Buffer.byteLength(error?.message ?? '') > messageLengthMax) {
    errors.push(tooLong(path.child('message'), metadataBytesMax));
  }
  const code = error?.errorCode ?? 0;
  if (code < 0) {
    const why = 'must be between 0 and 2147483647, inclusive';
    errors.push(invalidValue(path.child('errorCode'), code, why));
  }
  return errors;
}

function validateStatus(status: Status, path: FieldPath): FieldError[] {
  const entries = Object.entries(status.attachmentMetadata ?? {});
  const bytes = entries.reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  );
  return [
    ...(bytes > metadataBytesMax
      ? [tooLong(path.child('attachmentMetadata'), metadataBytesMax)]
      : []),
    ...validateError(status.attachError, path.child('attachError')),
    ...validateError(status.detachError, path.child('detachError')),
  ];
}

export function validateAttachment({ spec, status }: VolumeAttachment): FieldError[] {
  const { attacher, nodeName = '', source = {} } = spec ?? {};
  const sourcePath = specPath.child('source');
  const errors = [
    ...validateCsiDriverName(attacher, specPath.child('attacher')),
    ...validateSource(source, sourcePath),
    ...invalidEach(specPath.child('nodeName'), nodeName, validateDns1123Subdomain(nodeName)),
    ...validateStatus(status ?? { attached: false }, statusPath),
  ];
  const { persistentVolumeName: name } = source;
  if (name === undefined) return errors;
  const messages = validateDns1123Subdomain(name);
  return [...errors, ...invalidEach(sourcePath.child('persistentVolumeName'), name, messages)];
}

/** As Go shows the spec of its internal type, but for a volume written into it. */
function shown(spec: Spec | undefined): object {
  const { persistentVolumeName, inlineVolumeSpec } = spec?.source ?? {};
  return {
    Attacher: spec?.attacher ?? '',
    Source: {
      PersistentVolumeName: persistentVolumeName ?? null,
      InlineVolumeSpec: inlineVolumeSpec ?? null,
    },
    NodeName: spec?.nodeName ?? '',
  };
}

export function validateAttachmentUpdate(
  next: VolumeAttachment,
  old: VolumeAttachment,
): FieldError[] {
  if (sameJson(next.spec, old.spec)) return [];
  return [invalidValue(specPath, shown(next.spec), 'field is immutable')];
}
