// CronJob: makes a job at each time of its schedule.
import type { CronJob } from '../../objects.ts';
import {
  containersCell,
  containersColumn,
  imagesCell,
  imagesColumn,
} from '../apps/workload-table.ts';
import { podNameWarnings } from '../apps/workload-warnings.ts';
import { dropGatedTemplateFields } from '../core/gated-pod-fields.ts';
import { FieldPath } from '../field.ts';
import { ageSince } from '../human-duration.ts';
import {
  ageCell,
  ageColumn,
  column,
  nameCell,
  nameColumn,
  selectorCell,
} from '../printer-column.ts';
import { defineResource, type TableShape } from '../resource.ts';
import { validateCronJob } from './cron-job-validation.ts';
import { setJobTemplateDefaults } from './job.ts';
import { jobSelectorColumn } from './job-table.ts';
import { changedJobWarnings } from './job-warnings.ts';

function setCronJobDefaults({ spec }: CronJob): void {
  if (!spec) return;
  spec.concurrencyPolicy ||= 'Allow';
  spec.suspend ??= false;
  spec.successfulJobsHistoryLimit ??= 3;
  spec.failedJobsHistoryLimit ??= 1;
  setJobTemplateDefaults(spec.jobTemplate?.spec);
}

function cronJobWarnings(
  next: CronJob,
  old: CronJob | undefined,
  subresource?: string,
): readonly string[] {
  if (subresource === 'status') return [];
  const path = FieldPath.of('spec', 'jobTemplate', 'spec');
  const warnings = [
    ...(old === undefined ? podNameWarnings(next) : []),
    ...changedJobWarnings(next, old, next.spec?.jobTemplate?.spec, path),
  ];
  if (old !== undefined && next.spec?.schedule.includes('TZ')) {
    warnings.push(
      'cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see ' +
        'https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details',
    );
  }
  return warnings;
}

function suspendCell(suspend: boolean | undefined): string {
  if (suspend === undefined) return '<unset>';
  return suspend ? 'True' : 'False';
}

const cronJobTable: TableShape<CronJob> = {
  columns: [
    nameColumn,
    column('Schedule', 'The schedule in Cron format, see https://en.wikipedia.org/wiki/Cron.'),
    column(
      'Timezone',
      'The time zone name for the given schedule, see ' +
        'https://en.wikipedia.org/wiki/List_of_tz_database_time_zones. If not specified, this ' +
        'will default to the time zone of the kube-controller-manager process. The set of valid ' +
        'time zone names and the time zone offset is loaded from the system-wide time zone ' +
        'database by the API server during CronJob validation and the controller manager during ' +
        'execution. If no system-wide time zone database can be found a bundled version of the ' +
        'database is used instead. If the time zone name becomes invalid during the lifetime of ' +
        'a CronJob or due to a change in host configuration, the controller will stop creating ' +
        'new new Jobs and will create a system event with the reason UnknownTimeZone. More ' +
        'information can be found in ' +
        'https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#time-zones',
    ),
    column(
      'Suspend',
      'This flag tells the controller to suspend subsequent executions, it does not apply to ' +
        'already started executions.  Defaults to false.',
      'boolean',
    ),
    column('Active', 'A list of pointers to currently running jobs.', 'integer'),
    column(
      'Last Schedule',
      'Information when was the last time the job was successfully scheduled.',
    ),
    ageColumn,
    containersColumn,
    imagesColumn,
    jobSelectorColumn,
  ],
  cells: (cronJob, nowMs) => [
    nameCell(cronJob),
    cronJob.spec?.schedule ?? '',
    cronJob.spec?.timeZone ?? '<none>',
    suspendCell(cronJob.spec?.suspend),
    (cronJob.status?.active ?? []).length,
    cronJob.status?.lastScheduleTime ? ageSince(cronJob.status.lastScheduleTime, nowMs) : '<none>',
    ageCell(cronJob, nowMs),
    containersCell(cronJob.spec?.jobTemplate.spec?.template),
    imagesCell(cronJob.spec?.jobTemplate.spec?.template),
    selectorCell(cronJob.spec?.jobTemplate.spec?.selector),
  ],
};

export const cronJobResource = defineResource<CronJob>({
  kind: 'CronJob',
  plural: 'cronjobs',
  singular: 'cronjob',
  shortNames: ['cj'],
  categories: ['all'],
  namespaced: true,
  groups: [
    {
      group: 'batch',
      versions: [
        { version: 'v1', schema: 'io.k8s.api.batch.v1.CronJob', defaults: setCronJobDefaults },
      ],
    },
  ],
  hasStatus: true,
  prepareCreate: ({ spec }) => dropGatedTemplateFields(spec?.jobTemplate.spec?.template),
  prepareUpdate(next, old) {
    const before = old.spec?.jobTemplate.spec?.template;
    dropGatedTemplateFields(next.spec?.jobTemplate.spec?.template, before);
  },
  validate: validateCronJob,
  warnings: cronJobWarnings,
  table: cronJobTable,
});
