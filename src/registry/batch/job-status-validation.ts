// A job's status: other controllers may write it (KEP-4368), so its transitions are checked.
import type { Job } from '../../objects.ts';
import { statusPath, validateCounts } from '../apps/workload-validation.ts';
import { sameJson } from '../engine/json.ts';
import { duplicate, type FieldError, invalidOmitted, invalidValue, required } from '../field.ts';
import { indexesError, overlappingIndex } from './index-intervals.ts';
import { isConditionFalse, isConditionTrue } from './job-conditions.ts';

type Status = NonNullable<Job['status']>;

const conditionsPath = statusPath.child('conditions');

/** What the conditions say. */
function readConditions({ conditions }: Status) {
  const complete = isConditionTrue(conditions, 'Complete');
  const failed = isConditionTrue(conditions, 'Failed');
  return {
    complete,
    /** Not to be mixed up with the count. */
    failedCondition: failed,
    finished: complete || failed,
    failureTarget: isConditionTrue(conditions, 'FailureTarget'),
    succeeds: isConditionTrue(conditions, 'SuccessCriteriaMet'),
  };
}

type Conditions = ReturnType<typeof readConditions>;

/**
 * One update as the rules see it. Most rules hold only where what they are about changes, so that
 * a status which broke them before can still be written to.
 */
interface Update {
  readonly job: Job;
  readonly next: Status;
  readonly old: Status;
  readonly is: Conditions;
  readonly was: Conditions;
  /** Whether one of the fields is another now. */
  changed(...fields: readonly (keyof Status | keyof Conditions)[]): boolean;
}

export function validateJobStatusUpdate(job: Job, oldJob: Job): FieldError[] {
  const next = job.status ?? {};
  const old = oldJob.status ?? {};
  const [is, was] = [readConditions(next), readConditions(old)];
  const update: Update = {
    job,
    next,
    old,
    is,
    was,
    changed: (...fields) =>
      fields.some((field) =>
        field in is
          ? is[field as keyof Conditions] !== was[field as keyof Conditions]
          : !sameJson(next[field as keyof Status], old[field as keyof Status]),
      ),
  };
  return [
    ...validateCounts(next, ['active', 'succeeded', 'failed', 'ready', 'terminating'], statusPath),
    ...validateUncounted(next),
    ...validateEnd(update),
    ...validateFinished(update),
    ...validateIndexes(update),
    ...validateRunning(update),
    ...validateSuccess(update),
    ...validateTransitions(update),
  ];
}

function validateUncounted({ uncountedTerminatedPods: pods }: Status): FieldError[] {
  const seen = new Set<string>();
  return (['succeeded', 'failed'] as const).flatMap((list) =>
    (pods?.[list] ?? []).flatMap((uid, index) => {
      const path = statusPath.child('uncountedTerminatedPods', list).index(index);
      if (uid === '') return [invalidValue(path, uid, 'must not be empty')];
      if (seen.has(uid)) return [duplicate(path, uid)];
      seen.add(uid);
      return [];
    }),
  );
}

/** Conditions that exclude each other, and the time of completion. */
function validateEnd({ next, is, changed }: Update): FieldError[] {
  const errors: FieldError[] = [];
  const path = statusPath.child('completionTime');
  const { completionTime, startTime } = next;
  if (changed('complete', 'failedCondition') && is.complete && is.failedCondition) {
    const why = 'cannot set Complete=True and Failed=true conditions';
    errors.push(invalidOmitted(conditionsPath, why));
  }
  if (changed('complete', 'failureTarget') && is.complete && is.failureTarget) {
    const why = 'cannot set Complete=True and FailureTarget=true conditions';
    errors.push(invalidOmitted(conditionsPath, why));
  }
  if (changed('complete', 'completionTime')) {
    if (completionTime && !is.complete) {
      const why = 'cannot set completionTime when there is no Complete=True condition';
      errors.push(invalidValue(path, completionTime, why));
    }
    if (!completionTime && is.complete) {
      errors.push(required(path, 'completionTime is required for Complete jobs'));
    }
  }
  const ordered =
    !startTime || !completionTime || Date.parse(completionTime) >= Date.parse(startTime);
  if (changed('startTime', 'completionTime') && !ordered) {
    errors.push(invalidValue(path, completionTime, 'must be equal to or after `startTime`'));
  }
  if (changed('failedCondition', 'failedIndexes') && is.failedCondition && !is.failureTarget) {
    const why = 'cannot set Failed=True condition without the FailureTarget=true condition';
    errors.push(invalidOmitted(conditionsPath, why));
  }
  if (changed('complete', 'succeeds') && is.complete && !is.succeeds) {
    const why = 'cannot set Complete=True condition without the SuccessCriteriaMet=true condition';
    errors.push(invalidOmitted(conditionsPath, why));
  }
  return errors;
}

/** What a job that has ended cannot have any more. */
function validateFinished({ job, next, is, changed }: Update): FieldError[] {
  if (!is.finished) return [];
  const errors: FieldError[] = [];
  const { active = 0, startTime, uncountedTerminatedPods: uncounted } = next;
  if (changed('finished', 'active') && active > 0) {
    errors.push(
      invalidValue(statusPath.child('active'), active, 'active>0 is invalid for finished job'),
    );
  }
  const neverStarts = job.spec?.suspend === true && job.spec.completions === 0;
  if (changed('finished', 'startTime') && !neverStarts && !startTime) {
    errors.push(required(statusPath.child('startTime'), 'startTime is required for finished job'));
  }
  const left = [...(uncounted?.failed ?? []), ...(uncounted?.succeeded ?? [])];
  if (changed('finished', 'uncountedTerminatedPods') && left.length > 0) {
    const shown = { Succeeded: uncounted?.succeeded ?? null, Failed: uncounted?.failed ?? null };
    const path = statusPath.child('uncountedTerminatedPods');
    errors.push(invalidValue(path, shown, 'must be empty for finished job'));
  }
  return errors;
}

function validateIndexes({ job, next, changed }: Update): FieldError[] {
  const errors: FieldError[] = [];
  const { completions, completionMode, backoffLimitPerIndex } = job.spec ?? {};
  const { completedIndexes = '', failedIndexes } = next;
  const [completed, failed] = [changed('completedIndexes'), changed('failedIndexes')];
  const completedPath = statusPath.child('completedIndexes');
  const failedPath = statusPath.child('failedIndexes');
  if (completions !== undefined) {
    const wrong = completed ? indexesError(completedIndexes, completions) : undefined;
    if (wrong !== undefined) {
      const why = `error parsing completedIndexes: ${wrong}`;
      errors.push(invalidValue(completedPath, completedIndexes, why));
    }
    const checks = failed && backoffLimitPerIndex !== undefined && failedIndexes !== undefined;
    const wrongFailed = checks ? indexesError(failedIndexes, completions) : undefined;
    if (wrongFailed !== undefined) {
      const why = `error parsing failedIndexes: ${wrongFailed}`;
      errors.push(invalidValue(failedPath, failedIndexes, why));
    }
  }
  if (completed && completedIndexes !== '' && completionMode !== 'Indexed') {
    const why = 'cannot set non-empty completedIndexes when non-indexed completion mode';
    errors.push(invalidValue(completedPath, completedIndexes, why));
  }
  if (failedIndexes === undefined) return errors;
  if (failed && backoffLimitPerIndex === undefined) {
    const why = 'cannot set non-null failedIndexes when backoffLimitPerIndex is null';
    errors.push(invalidValue(failedPath, failedIndexes, why));
  }
  if ((failed || completed) && completions !== undefined) {
    const overlap = overlappingIndex(completedIndexes, failedIndexes, completions);
    if (overlap !== undefined) {
      const why = `failedIndexes and completedIndexes overlap at index: ${overlap}`;
      errors.push(invalidValue(failedPath, failedIndexes, why));
    }
  }
  return errors;
}

function validateRunning({ next, is, changed }: Update): FieldError[] {
  const errors: FieldError[] = [];
  const { terminating = 0, ready, active = 0 } = next;
  if (changed('finished', 'terminating') && is.finished && terminating > 0) {
    const why = 'terminating>0 is invalid for finished job';
    errors.push(invalidValue(statusPath.child('terminating'), terminating, why));
  }
  if (changed('ready', 'active') && ready !== undefined && ready > active) {
    const why = 'cannot set more ready pods than active';
    errors.push(invalidValue(statusPath.child('ready'), ready, why));
  }
  return errors;
}

function validateSuccess({ job, is }: Update): FieldError[] {
  const errors: FieldError[] = [];
  const refuse = (why: string) => errors.push(invalidOmitted(conditionsPath, why));
  if (is.succeeds && is.failedCondition) {
    refuse('cannot set SuccessCriteriaMet=True and Failed=true conditions');
  }
  if (is.succeeds && is.failureTarget) {
    refuse('cannot set SuccessCriteriaMet=True and FailureTarget=true conditions');
  }
  if (job.spec?.successPolicy && !is.succeeds && is.complete) {
    refuse('cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True');
  }
  return errors;
}

/** What once was so stays so. */
function validateTransitions(update: Update): FieldError[] {
  const { job, next, old, is, was } = update;
  const errors: FieldError[] = [];
  for (const type of ['Failed', 'Complete', 'FailureTarget']) {
    const gone = isConditionTrue(old.conditions, type) && !isConditionTrue(next.conditions, type);
    if (!gone) continue;
    const why = `cannot disable the terminal ${type}=True condition`;
    errors.push(invalidOmitted(conditionsPath, why));
  }
  const { failed = 0, succeeded = 0 } = next;
  if (failed < (old.failed ?? 0)) {
    const why = 'cannot decrease the failed counter';
    errors.push(invalidValue(statusPath.child('failed'), failed, why));
  }
  // An elastic job that shrinks forgets the indexes it has no more.
  const { completionMode, completions, parallelism } = job.spec ?? {};
  const elastic = completionMode === 'Indexed' && completions === parallelism;
  if (!elastic && succeeded < (old.succeeded ?? 0)) {
    const why = 'cannot decrease the succeeded counter';
    errors.push(invalidValue(statusPath.child('succeeded'), succeeded, why));
  }
  errors.push(...validateTimes(update));
  if (was.succeeds && !is.succeeds) {
    const why = 'cannot disable the SuccessCriteriaMet=True condition';
    errors.push(invalidOmitted(conditionsPath, why));
  }
  if (was.complete && !was.succeeds && is.succeeds) {
    const why = 'cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions';
    errors.push(invalidOmitted(conditionsPath, why));
  }
  return errors;
}

function validateTimes({ job, next, old, changed }: Update): FieldError[] {
  const errors: FieldError[] = [];
  if (next.completionTime && old.completionTime && changed('completionTime')) {
    const path = statusPath.child('completionTime');
    errors.push(invalidValue(path, next.completionTime, 'field is immutable'));
  }
  // A job that goes on starts anew, though its spec may say so since long.
  const resuming =
    isConditionTrue(old.conditions, 'Suspended') && isConditionFalse(next.conditions, 'Suspended');
  if (old.startTime && changed('startTime') && !resuming && job.spec?.suspend !== true) {
    const why = 'field is immutable for unsuspended job once set';
    errors.push(invalidValue(statusPath.child('startTime'), next.startTime, why));
  }
  return errors;
}
