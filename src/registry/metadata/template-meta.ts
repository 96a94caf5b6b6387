// Checks the metadata of templates for claims: what is made from them gets no more than this.
import type { ObjectMeta } from '../../objects.ts';
import { type FieldError, type FieldPath, forbiddenField } from '../field.ts';
import { validateAnnotations, validateLabels } from './object-meta.ts';

/** In the order of Go's ObjectMeta. */
const fieldsNotOfTemplates = [
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'ownerReferences',
  'finalizers',
  'managedFields',
] as const;

/** Only labels and annotations of a template are used, so only they may be set. */
export function validateTemplateMeta(
  given: ObjectMeta | undefined,
  path: FieldPath,
): readonly FieldError[] {
  const meta = given ?? {};
  const set = fieldsNotOfTemplates.filter((name) => {
    const value = meta[name];
    return value !== undefined && value !== null && value !== '' && value !== 0;
  });
  return [
    ...validateAnnotations(meta.annotations, path.child('annotations')),
    ...validateLabels(meta.labels, path.child('labels')),
    ...set.map((name) => forbiddenField(path.child(name), 'cannot be set')),
  ];
}
