// What a pod may be.
import type { FieldError } from '../field.ts';

export function validatePod(): readonly FieldError[] {
  return [];
}

export function validatePodStatusUpdate(): readonly FieldError[] {
  return [];
}
