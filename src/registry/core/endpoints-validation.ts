// What Endpoints may be.
import type { FieldError } from '../field.ts';

export function validateEndpoints(): readonly FieldError[] {
  return [];
}

export function validateEndpointsUpdate(): readonly FieldError[] {
  return [];
}
