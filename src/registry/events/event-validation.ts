// What an event may be.
import type { FieldError } from '../field.ts';

export function validateEvent(): readonly FieldError[] {
  return [];
}

export function validateEventUpdate(): readonly FieldError[] {
  return [];
}
