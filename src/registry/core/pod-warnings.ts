// What a pod author should hear of, though it is allowed.
import type { PodTemplateSpec } from '../../objects.ts';

export function podWarnings(): readonly string[] {
  return [];
}

export function podTemplateWarnings(_template: PodTemplateSpec | undefined): readonly string[] {
  return [];
}
