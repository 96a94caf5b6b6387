// ReplicaSets: selector and template that fit, and a status whose numbers agree.
import type { ReplicaSet } from '../../objects.ts';
import type { FieldError } from '../field.ts';
import {
  specPath,
  validateCounts,
  validateImmutableSelector,
  validateReplicaSetStatus,
  validateSelector,
  validateTemplate,
} from './workload-validation.ts';

export function validateReplicaSet({ spec }: ReplicaSet): FieldError[] {
  return [
    ...validateCounts(spec, ['replicas', 'minReadySeconds'], specPath),
    ...validateSelector(spec?.selector, 'deployment'),
    ...validateTemplate(spec?.template, spec?.selector),
  ];
}

export function validateReplicaSetUpdate(next: ReplicaSet, old: ReplicaSet): readonly FieldError[] {
  return validateImmutableSelector(next.spec?.selector, old.spec?.selector);
}

export function validateReplicaSetStatusUpdate({ status }: ReplicaSet): FieldError[] {
  return validateReplicaSetStatus(status);
}
