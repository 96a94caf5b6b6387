// What a ReplicaSet may be.
import type { FieldError } from '../field.ts';

export function validateReplicaSet(): readonly FieldError[] {
  return [];
}

export function validateReplicaSetUpdate(): readonly FieldError[] {
  return [];
}

export function validateReplicaSetStatusUpdate(): readonly FieldError[] {
  return [];
}
