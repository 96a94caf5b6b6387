// What a node may be.
import type { FieldError } from '../field.ts';

export function validateNode(): readonly FieldError[] {
  return [];
}

export function validateNodeUpdate(): readonly FieldError[] {
  return [];
}
export function nodeWarnings(): readonly string[] {
  return [];
}
