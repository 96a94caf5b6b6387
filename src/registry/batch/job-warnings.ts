// What the author of a job or of a CronJob's template should hear of.
import type { JobSpec, KubernetesObject } from '../../objects.ts';
import { podTemplateWarnings } from '../core/pod-warnings.ts';
import type { FieldPath } from '../field.ts';
import { completionsSoftMax, parallelismOfManyMax } from './job-spec-validation.ts';

/** Nothing on an update that leaves the spec as it is. `path` is that of the job's spec. */
export function changedJobWarnings(
  next: KubernetesObject,
  old: KubernetesObject | undefined,
  spec: JobSpec | undefined,
  path: FieldPath,
): readonly string[] {
  if (old !== undefined && next.metadata?.generation === old.metadata?.generation) return [];
  const { completionMode, completions = 0, parallelism = 0, template } = spec ?? {};
  const many = completions > completionsSoftMax && parallelism > parallelismOfManyMax;
  const warnings =
    completionMode === 'Indexed' && many
      ? [
          `${path}: In Indexed Jobs with a number of completions higher than 10^5 and a ` +
            'parallelism higher than 10^4, Kubernetes might not be able to track ' +
            'completedIndexes when a big number of indexes fail',
        ]
      : [];
  return [...warnings, ...podTemplateWarnings(template, path.child('template'))];
}
