// What a request may be.
import type { FieldError } from '../field.ts';

export function validateApprovalUpdate(): readonly FieldError[] {
  return [];
}

export function validateRequest(): readonly FieldError[] {
  return [];
}

export function validateRequestStatusUpdate(): readonly FieldError[] {
  return [];
}

export function validateRequestUpdate(): readonly FieldError[] {
  return [];
}
