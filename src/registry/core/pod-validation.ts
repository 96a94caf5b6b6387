// A pod of its own.
import type { Pod } from '../../objects.ts';
import { type FieldError, FieldPath } from '../field.ts';
import { validatePodSpec } from './pod-spec-validation.ts';

const specPath = FieldPath.of('spec');

export function validatePod(pod: Pod): FieldError[] {
  const podName = pod.metadata?.name ?? '';
  return validatePodSpec(pod.spec, specPath, { podName, isPod: true });
}
