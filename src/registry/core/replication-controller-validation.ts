// ReplicationControllers: a selector of labels that their template has.
import type { ReplicationController } from '../../objects.ts';
import {
  mismatchedTemplateLabels,
  specPath,
  templatePath,
  validateCounts,
  validateLongRunning,
  validateReplicaSetStatus,
} from '../apps/workload-validation.ts';
import { type FieldError, required } from '../field.ts';
import { validatePodTemplate } from './pod-spec-validation.ts';

export function validateReplicationController({ spec }: ReplicationController): FieldError[] {
  const { selector = {}, template } = spec ?? {};
  const errors = validateCounts(spec, ['minReadySeconds'], specPath);
  const wanted = Object.entries(selector);
  if (wanted.length === 0) errors.push(required(specPath.child('selector')));
  errors.push(...validateCounts(spec, ['replicas'], specPath));
  if (!template) return [...errors, required(templatePath)];
  const labels = template.metadata?.labels ?? {};
  const selected = wanted.every(([key, value]) => labels[key] === value);
  return [
    ...errors,
    ...(selected ? [] : [mismatchedTemplateLabels(template, templatePath)]),
    ...validatePodTemplate(template, templatePath),
    ...validateLongRunning(template, templatePath, 'ReplicationController'),
  ];
}

export function validateReplicationControllerStatusUpdate({
  status,
}: ReplicationController): FieldError[] {
  return validateReplicaSetStatus(status);
}
