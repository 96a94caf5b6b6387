// What of a pod may change.
import type { FieldError } from '../field.ts';

export function validatePodUpdate(): readonly FieldError[] {
  return [];
}
