// Job: pods that run until enough of them have succeeded.
import type { Job, JobSpec } from '../../objects.ts';
import { specPath } from '../apps/workload-validation.ts';
import { podNameWarnings } from '../apps/workload-warnings.ts';
import { dropGatedTemplateFields } from '../core/gated-pod-fields.ts';
import { setPodTemplateDefaults } from '../core/pod-defaults.ts';
import { defineResource } from '../resource.ts';
import { controllerUidLabel, generateSelector, takeTemplateLabels } from './job-labels.ts';
import { validateJobStatusUpdate } from './job-status-validation.ts';
import { jobTable } from './job-table.ts';
import { validateJob, validateJobUpdate } from './job-validation.ts';
import { changedJobWarnings } from './job-warnings.ts';

const backoffLimitMax = 2 ** 31 - 1;

/** What a job's spec gets, of its own or in a CronJob. */
export function setJobTemplateDefaults(spec: JobSpec | undefined): void {
  setPodTemplateDefaults(spec?.template);
  for (const rule of spec?.podFailurePolicy?.rules ?? []) {
    for (const condition of rule.onPodConditions ?? []) condition.status ||= 'True';
  }
}

function setJobDefaults(job: Job): void {
  const { spec } = job;
  if (!spec) return;
  // Either alone means something; neither means one pod.
  if (spec.parallelism === undefined) spec.completions ??= 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : backoffLimitMax;
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed';
  spec.manualSelector ??= false;
  setJobTemplateDefaults(spec);
  // Labels that are still to be made are taken with the others, once they are there.
  const made = Object.hasOwn(spec.template?.metadata?.labels ?? {}, controllerUidLabel);
  if (made || spec.manualSelector) takeTemplateLabels(job);
}

export const jobResource = defineResource<Job>({
  kind: 'Job',
  plural: 'jobs',
  singular: 'job',
  categories: ['all'],
  namespaced: true,
  groups: [
    {
      group: 'batch',
      versions: [{ version: 'v1', schema: 'io.k8s.api.batch.v1.Job', defaults: setJobDefaults }],
    },
  ],
  unknownFieldMessage: (field) => `field label ${JSON.stringify(field)} not supported for Job`,
  selectableFields: {
    'status.successful': (job) => String(job.status?.succeeded ?? 0),
  },
  hasStatus: true,
  defaultPropagation: 'Orphan',
  defaultPropagationWarning:
    'child pods are preserved by default when jobs are deleted; ' +
    'set propagationPolicy=Background to remove them or ' +
    'set propagationPolicy=Orphan to suppress this warning',
  prepareCreate(job) {
    generateSelector(job);
    takeTemplateLabels(job);
    dropGatedTemplateFields(job.spec?.template);
  },
  prepareUpdate(next, old) {
    dropGatedTemplateFields(next.spec?.template, old.spec?.template);
  },
  validate: validateJob,
  validateUpdate: validateJobUpdate,
  validateStatusUpdate: validateJobStatusUpdate,
  warnings: (next, old) => [
    ...(old === undefined ? podNameWarnings(next) : []),
    ...changedJobWarnings(next, old, next.spec, specPath),
  ],
  table: jobTable,
});
