// The row of a job in `kubectl get jobs`.
import type { Job } from '../../objects.ts';
import {
  containersCell,
  containersColumn,
  imagesCell,
  imagesColumn,
} from '../apps/workload-table.ts';
import { humanDuration } from '../human-duration.ts';
import {
  ageCell,
  ageColumn,
  column,
  nameCell,
  nameColumn,
  selectorCell,
  wideColumn,
} from '../printer-column.ts';
import type { TableColumn, TableShape } from '../resource.ts';

export const jobSelectorColumn: TableColumn = wideColumn(
  'Selector',
  'A label query over pods that should match the pod count. Normally, the system sets this field ' +
    'for you. More info: ' +
    'https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors',
);

function statusCell({ metadata, status }: Job): string {
  // Of several conditions of a type the first counts.
  const holds = (type: string) =>
    status?.conditions?.find((condition) => condition.type === type)?.status === 'True';
  if (holds('Complete')) return 'Complete';
  if (holds('Failed')) return 'Failed';
  if (metadata?.deletionTimestamp) return 'Terminating';
  const types = ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'];
  return types.find(holds) ?? 'Running';
}

function completionsCell({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0;
  if (spec?.completions !== undefined) return `${succeeded}/${spec.completions}`;
  const parallelism = spec?.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function durationCell({ status }: Job, nowMs: number): string {
  if (!status?.startTime) return '';
  const endMs = status.completionTime ? Date.parse(status.completionTime) : nowMs;
  return humanDuration(endMs - Date.parse(status.startTime));
}

export const jobTable: TableShape<Job> = {
  columns: [
    nameColumn,
    column('Status', 'Status of the job.'),
    column(
      'Completions',
      'The number of pods which reached phase Succeeded. The value increases monotonically for a ' +
        'given spec. However, it may decrease in reaction to scale down of elastic indexed jobs.',
    ),
    column('Duration', 'Time required to complete the job.'),
    ageColumn,
    containersColumn,
    imagesColumn,
    jobSelectorColumn,
  ],
  cells: (job, nowMs) => [
    nameCell(job),
    statusCell(job),
    completionsCell(job),
    durationCell(job, nowMs),
    ageCell(job, nowMs),
    containersCell(job.spec?.template),
    imagesCell(job.spec?.template),
    selectorCell(job.spec?.selector),
  ],
};
