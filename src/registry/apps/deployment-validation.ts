// What a Deployment may be.
import type { FieldError } from '../field.ts';

export function validateDeployment(): readonly FieldError[] {
  return [];
}

export function validateDeploymentUpdate(): readonly FieldError[] {
  return [];
}

export function validateDeploymentStatusUpdate(): readonly FieldError[] {
  return [];
}
