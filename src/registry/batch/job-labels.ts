// The labels by which a job finds its pods, and the selector that is made of them.
import type { Job } from '../../objects.ts';

/** Each label with the form it had before labels were prefixed; both are set. */
export const jobLabels: readonly {
  readonly legacy: string;
  readonly prefixed: string;
  value(job: Job): string;
}[] = [
  {
    legacy: 'controller-uid',
    prefixed: 'batch.kubernetes.io/controller-uid',
    value: ({ metadata }) => metadata?.uid ?? '',
  },
  {
    legacy: 'job-name',
    prefixed: 'batch.kubernetes.io/job-name',
    value: ({ metadata }) => metadata?.name ?? '',
  },
];

export const controllerUidLabel = 'batch.kubernetes.io/controller-uid';

/** Labels the template and selects by the job's UID; what is there already is left alone. */
export function generateSelector(job: Job): void {
  const { spec } = job;
  if (!spec || spec.manualSelector === true) return;
  spec.template ??= {};
  spec.template.metadata ??= {};
  spec.template.metadata.labels ??= {};
  const { labels } = spec.template.metadata;
  for (const label of jobLabels) {
    labels[label.legacy] ??= label.value(job);
    labels[label.prefixed] ??= label.value(job);
  }
  spec.selector ??= {};
  spec.selector.matchLabels ??= {};
  spec.selector.matchLabels[controllerUidLabel] ??= job.metadata?.uid ?? '';
}

/** A job without labels takes its template's; once it has a selector, the made ones too. */
export function takeTemplateLabels(job: Job): void {
  const labels = job.spec?.template?.metadata?.labels;
  if (labels === undefined || Object.keys(job.metadata?.labels ?? {}).length > 0) return;
  job.metadata ??= {};
  job.metadata.labels = { ...labels };
}
