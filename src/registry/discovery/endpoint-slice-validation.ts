// What an EndpointSlice may be.
import type { FieldError } from '../field.ts';

export function validateEndpointSlice(): readonly FieldError[] {
  return [];
}

export function validateEndpointSliceUpdate(): readonly FieldError[] {
  return [];
}
