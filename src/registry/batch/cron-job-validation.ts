// CronJobs: a schedule that can be read, in a zone that exists, and a job to make.
import { CronScheduleError, parseCronSchedule, timeZoneError } from '../../cron-schedule.ts';
import type { CronJob } from '../../objects.ts';
import { specPath, validateCounts } from '../apps/workload-validation.ts';
import { type FieldError, FieldPath, invalidValue, notSupported, required } from '../field.ts';
import { validateJobTemplate } from './job-spec-validation.ts';

/** Jobs append `-$MINUTES`, and pods to the name of the job. */
const nameLengthMax = 52;
const policies = ['Allow', 'Forbid', 'Replace'];

export function validateCronJob(
  { metadata, spec }: CronJob,
  _context: unknown,
  old?: CronJob,
): FieldError[] {
  const policy = spec?.concurrencyPolicy ?? '';
  const policyPath = specPath.child('concurrencyPolicy');
  const errors = [
    ...validateSchedule(spec?.schedule ?? '', spec?.timeZone, old?.spec?.schedule ?? ''),
    ...validateCounts(spec, ['startingDeadlineSeconds'], specPath),
  ];
  if (old === undefined || old.spec?.timeZone !== spec?.timeZone) {
    errors.push(...validateTimeZone(spec?.timeZone, specPath.child('timeZone')));
  }
  if (policy === '') errors.push(required(policyPath));
  else if (!policies.includes(policy)) errors.push(notSupported(policyPath, policy, policies));
  errors.push(
    ...validateOwnTemplate(spec?.jobTemplate, specPath.child('jobTemplate', 'spec')),
    ...validateCounts(spec, ['successfulJobsHistoryLimit', 'failedJobsHistoryLimit'], specPath),
  );
  const name = metadata?.name ?? '';
  if (old === undefined && name.length > nameLengthMax) {
    const why = `must be no more than ${nameLengthMax} characters`;
    errors.push(invalidValue(FieldPath.of('metadata', 'name'), name, why));
  }
  return errors;
}

/** A zone in the schedule is only for those that have one since before `timeZone`. */
function validateSchedule(
  schedule: string,
  timeZone: string | undefined,
  before: string,
): FieldError[] {
  const path = specPath.child('schedule');
  if (schedule === '') return [required(path)];
  const errors: FieldError[] = [];
  try {
    parseCronSchedule(schedule);
  } catch (error) {
    if (!(error instanceof CronScheduleError)) throw error;
    errors.push(invalidValue(path, schedule, error.message));
  }
  if (!schedule.includes('TZ')) return errors;
  if (!before.includes('TZ')) {
    const why = 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead';
    errors.push(invalidValue(path, schedule, why));
  } else if (timeZone !== undefined) {
    const why = 'cannot use both timeZone field and TZ or CRON_TZ in schedule';
    errors.push(invalidValue(path, schedule, why));
  }
  return errors;
}

/** https://data.iana.org/time-zones/theory.html#naming */
const zonePart = /^[A-Za-z.\-_0-9+]{1,14}$/;

function validateTimeZone(timeZone: string | undefined, path: FieldPath): FieldError[] {
  if (timeZone === undefined) return [];
  if (timeZone === '') {
    return [invalidValue(path, timeZone, 'timeZone must be nil or non-empty string')];
  }
  const sound = (part: string) =>
    part !== '.' && part !== '..' && !part.startsWith('-') && zonePart.test(part);
  if (!timeZone.split('/').every(sound)) {
    return [invalidValue(path, timeZone, `unknown time zone ${timeZone}`)];
  }
  const errors: FieldError[] = [];
  if (timeZone.toLowerCase() === 'local') {
    const why =
      'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones';
    errors.push(invalidValue(path, timeZone, why));
  }
  const wrong = timeZoneError(timeZone);
  if (wrong !== undefined) errors.push(invalidValue(path, timeZone, wrong));
  return errors;
}

function validateOwnTemplate(
  template: NonNullable<CronJob['spec']>['jobTemplate'] | undefined,
  path: FieldPath,
): FieldError[] {
  const spec = template?.spec ?? { template: {} };
  const errors = validateJobTemplate(spec, path);
  if (spec.selector) {
    const why = '`selector` will be auto-generated';
    errors.push(invalidValue(path.child('selector'), spec.selector, why));
  }
  if (spec.manualSelector === true) {
    errors.push(notSupported(path.child('manualSelector'), true, ['nil', 'false']));
  }
  return errors;
}
