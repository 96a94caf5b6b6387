// What the authors of all workloads should hear of: names that do not fit pods, and their templates.
import type { KubernetesObject, PodTemplateSpec } from '../../objects.ts';
import { podTemplateWarnings } from '../core/pod-warnings.ts';
import type { FieldPath } from '../field.ts';
import { validateDns1123Label } from '../metadata/names.ts';
import { templatePath } from './workload-validation.ts';

/** Pods take their names and hostnames from the workload's. */
export function podNameWarnings({ metadata }: KubernetesObject): string[] {
  const messages = validateDns1123Label(metadata?.name ?? '');
  if (messages.length === 0) return [];
  return [
    'metadata.name: this is used in Pod names and hostnames, which can result in surprising ' +
      `behavior; a DNS label is recommended: [${messages.join(' ')}]`,
  ];
}

/** On update a template is spoken of only where the spec has changed. */
export function changedTemplateWarnings(
  next: KubernetesObject,
  old: KubernetesObject | undefined,
  template: PodTemplateSpec | undefined,
  path: FieldPath = templatePath,
): readonly string[] {
  const changed = old === undefined || next.metadata?.generation !== old.metadata?.generation;
  return changed ? podTemplateWarnings(template, path) : [];
}
