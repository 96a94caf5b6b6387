// What a Service may be.
import type { FieldError } from '../field.ts';

export function validateService(): readonly FieldError[] {
  return [];
}

export function validateServiceUpdate(): readonly FieldError[] {
  return [];
}

export function validateServiceStatusUpdate(): readonly FieldError[] {
  return [];
}
export function serviceWarnings(): readonly string[] {
  return [];
}
