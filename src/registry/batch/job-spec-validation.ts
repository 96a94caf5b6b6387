// A job's spec, of its own or in a CronJob: counts, modes, policies and the template.
import type { JobSpec } from '../../objects.ts';
import { validateCounts } from '../apps/workload-validation.ts';
import { validatePodTemplate } from '../core/pod-spec-validation.ts';
import {
  type FieldError,
  type FieldPath,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from '../field.ts';
import { validateDns1123Subdomain } from '../metadata/names.ts';
import { invalidEach } from '../metadata/object-meta.ts';
import {
  internalSuccessPolicy,
  validatePodFailurePolicy,
  validatePodReplacementPolicy,
  validateSuccessPolicy,
} from './job-policy-validation.ts';

/** Indexes are listed in the status, which must not grow too long. */
const indexedParallelismMax = 100_000;
const failedIndexesMax = 100_000;
/** Above so many completions, fewer pods may run or fail at once. */
export const completionsSoftMax = 100_000;
export const parallelismOfManyMax = 10_000;
const failedIndexesOfManyMax = 10_000;
const managedByLengthMax = 63;

/** All but the selector, which jobs have and CronJobs' templates have not. */
export function validateJobTemplate(spec: JobSpec, path: FieldPath): FieldError[] {
  const errors = [
    ...validateCounts(
      spec,
      [
        'parallelism',
        'completions',
        'activeDeadlineSeconds',
        'backoffLimit',
        'ttlSecondsAfterFinished',
        'backoffLimitPerIndex',
        'maxFailedIndexes',
      ],
      path,
    ),
  ];
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    const why = 'when maxFailedIndexes is specified';
    errors.push(required(path.child('backoffLimitPerIndex'), why));
  }
  errors.push(...validateManagedBy(spec.managedBy, path.child('managedBy')));
  errors.push(...validateMode(spec, path));
  if (spec.podFailurePolicy) {
    errors.push(...validatePodFailurePolicy(spec, path.child('podFailurePolicy')));
  }
  if (spec.successPolicy) {
    const own = path.child('successPolicy');
    if (spec.completionMode === 'Indexed') errors.push(...validateSuccessPolicy(spec, own));
    else {
      const shown = internalSuccessPolicy(spec.successPolicy);
      errors.push(invalidValue(own, shown, 'requires indexed completion mode'));
    }
  }
  return [
    ...errors,
    ...validatePodReplacementPolicy(spec, path.child('podReplacementPolicy')),
    ...validatePodTemplate(spec.template, path.child('template')),
    ...validateRestartPolicy(spec, path.child('template', 'spec', 'restartPolicy')),
  ];
}

const httpPath = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
const httpPathRegex = new RegExp(`^${httpPath}$`);

function validateManagedBy(controller: string | undefined, path: FieldPath): FieldError[] {
  if (controller === undefined) return [];
  const errors = validateDomainPrefixedPath(controller, path);
  if (Buffer.byteLength(controller) > managedByLengthMax) {
    errors.push(tooLong(path, managedByLengthMax));
  }
  return errors;
}

function validateDomainPrefixedPath(text: string, path: FieldPath): FieldError[] {
  if (text === '') return [required(path)];
  const slash = text.indexOf('/');
  const [host, rest] = [text.slice(0, slash), text.slice(slash + 1)];
  if (slash <= 0 || rest === '') {
    const why = 'must be a domain-prefixed path (such as "acme.io/foo")';
    return [invalidValue(path, text, why)];
  }
  const errors = invalidEach(path, host, validateDns1123Subdomain(host));
  if (!httpPathRegex.test(rest)) {
    const why = `Invalid path (regex used for validation is '${httpPath}')`;
    errors.push(invalidValue(path, rest, why));
  }
  return errors;
}

function validateMode(spec: JobSpec, path: FieldPath): FieldError[] {
  const { completionMode: mode, backoffLimitPerIndex, maxFailedIndexes } = spec;
  const errors: FieldError[] = [];
  if (mode !== undefined && mode !== 'NonIndexed' && mode !== 'Indexed') {
    errors.push(notSupported(path.child('completionMode'), mode, ['NonIndexed', 'Indexed']));
  }
  if (mode === 'Indexed') errors.push(...validateIndexed(spec, path));
  if (mode === undefined || mode === 'NonIndexed') {
    const why = 'requires indexed completion mode';
    if (backoffLimitPerIndex !== undefined) {
      errors.push(invalidValue(path.child('backoffLimitPerIndex'), backoffLimitPerIndex, why));
    }
    if (maxFailedIndexes !== undefined) {
      errors.push(invalidValue(path.child('maxFailedIndexes'), maxFailedIndexes, why));
    }
  }
  return errors;
}

function validateIndexed(spec: JobSpec, path: FieldPath): FieldError[] {
  const { completions, parallelism = 0, maxFailedIndexes } = spec;
  const errors: FieldError[] = [];
  const failedPath = path.child('maxFailedIndexes');
  const refuse = (at: FieldPath, value: number, why: string) =>
    errors.push(invalidValue(at, value, `must be less than or equal to ${why}`));
  if (completions === undefined) {
    errors.push(required(path.child('completions'), 'when completion mode is Indexed'));
  }
  if (parallelism > indexedParallelismMax) {
    const why = `${indexedParallelismMax} when completion mode is Indexed`;
    refuse(path.child('parallelism'), parallelism, why);
  }
  const failed = maxFailedIndexes ?? 0;
  if (completions !== undefined && failed > completions) refuse(failedPath, failed, 'completions');
  if (failed > failedIndexesMax) refuse(failedPath, failed, `${failedIndexesMax}`);
  const many = (completions ?? 0) > completionsSoftMax;
  if (!many || spec.backoffLimitPerIndex === undefined) return errors;
  if (maxFailedIndexes === undefined) {
    const why = `must be specified when completions is above ${completionsSoftMax}`;
    errors.push(required(failedPath, why));
  }
  const when = `when completions are above ${completionsSoftMax} and used with backoff limit per index`;
  if (parallelism > parallelismOfManyMax) {
    refuse(path.child('parallelism'), parallelism, `${parallelismOfManyMax} ${when}`);
  }
  if (failed > failedIndexesOfManyMax) {
    refuse(failedPath, failed, `${failedIndexesOfManyMax} ${when}`);
  }
  return errors;
}

/** Pods of a job end, so the pods' default does not do. */
function validateRestartPolicy(spec: JobSpec, path: FieldPath): FieldError[] {
  const policy = spec.template?.spec?.restartPolicy ?? '';
  if (policy === '' || policy === 'Always') {
    return [required(path, 'valid values: "OnFailure", "Never"')];
  }
  if (policy !== 'OnFailure' && policy !== 'Never') {
    return [notSupported(path, policy, ['OnFailure', 'Never'])];
  }
  if (spec.podFailurePolicy && policy !== 'Never') {
    const why = 'only "Never" is supported when podFailurePolicy is specified';
    return [invalidValue(path, policy, why)];
  }
  return [];
}
