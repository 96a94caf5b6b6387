// When a job fails or succeeds early: its pod failure, success and replacement policies.
import type { JobSpec } from '../../objects.ts';
import { validateNonNegative } from '../core/probe-validation.ts';
import {
  duplicate,
  type FieldError,
  type FieldPath,
  invalidOmitted,
  invalidValue,
  notSupported,
  required,
  tooLong,
  tooMany,
} from '../field.ts';
import { validateQualifiedName } from '../metadata/names.ts';
import { invalidEach } from '../metadata/object-meta.ts';
import { countIndexes, IndexError } from './index-intervals.ts';

const rulesMax = 20;
const conditionsMax = 20;
const exitCodesMax = 255;
const succeededIndexesBytesMax = 64 * 1024;

type FailureRule = NonNullable<JobSpec['podFailurePolicy']>['rules'][number];
type ExitCodes = NonNullable<FailureRule['onExitCodes']>;
type Condition = NonNullable<FailureRule['onPodConditions']>[number];
type SuccessRule = NonNullable<JobSpec['successPolicy']>['rules'][number];

const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const operators = ['In', 'NotIn'];
const statuses = ['False', 'True', 'Unknown'];

/** Go's %q of a list. */
function quoted(values: readonly string[]): string {
  return `valid values: [${values.map((value) => JSON.stringify(value)).join(' ')}]`;
}

export function validatePodFailurePolicy(spec: JobSpec, path: FieldPath): FieldError[] {
  const rules = spec.podFailurePolicy?.rules ?? [];
  const rulesPath = path.child('rules');
  const errors: FieldError[] = [];
  if (rules.length > rulesMax) errors.push(tooMany(rulesPath, rules.length, rulesMax));
  const { containers, initContainers } = spec.template?.spec ?? {};
  const all = [...(containers ?? []), ...(initContainers ?? [])];
  const names = new Set(all.map(({ name }) => name));
  rules.forEach((rule, index) => {
    errors.push(...validateFailureRule(rule, spec, names, rulesPath.index(index)));
  });
  return errors;
}

function validateFailureRule(
  rule: FailureRule,
  spec: JobSpec,
  containers: ReadonlySet<string>,
  path: FieldPath,
): FieldError[] {
  const { action, onExitCodes, onPodConditions = [] } = rule;
  const errors: FieldError[] = [];
  const actionPath = path.child('action');
  if (!action) errors.push(required(actionPath, quoted(actions)));
  else if (action === 'FailIndex') {
    if (spec.backoffLimitPerIndex === undefined) {
      const why = 'requires the backoffLimitPerIndex to be set';
      errors.push(invalidValue(actionPath, action, why));
    }
  } else if (!actions.includes(action)) errors.push(notSupported(actionPath, action, actions));
  if (onExitCodes) {
    errors.push(...validateExitCodes(onExitCodes, containers, path.child('onExitCodes')));
  }
  const conditions = onPodConditions.length;
  if (conditions > 0) {
    errors.push(...validateConditions(onPodConditions, path.child('onPodConditions')));
  }
  if (onExitCodes && conditions > 0) {
    const why = 'specifying both OnExitCodes and OnPodConditions is not supported';
    errors.push(invalidOmitted(path, why));
  }
  if (!onExitCodes && conditions === 0) {
    const why = 'specifying one of OnExitCodes and OnPodConditions is required';
    errors.push(invalidOmitted(path, why));
  }
  return errors;
}

function validateConditions(conditions: readonly Condition[], path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (conditions.length > conditionsMax) {
    errors.push(tooMany(path, conditions.length, conditionsMax));
  }
  conditions.forEach(({ type = '', status = '' }, index) => {
    const own = path.index(index);
    errors.push(...invalidEach(own.child('type'), type, validateQualifiedName(type)));
    if (status === '') errors.push(required(own.child('status'), quoted(statuses)));
    else if (!statuses.includes(status)) {
      errors.push(notSupported(own.child('status'), status, statuses));
    }
  });
  return errors;
}

function validateExitCodes(
  { operator, containerName, values: given }: ExitCodes,
  containers: ReadonlySet<string>,
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  const operatorPath = path.child('operator');
  if (!operator) errors.push(required(operatorPath, quoted(operators)));
  else if (!operators.includes(operator)) {
    errors.push(notSupported(operatorPath, operator, operators));
  }
  if (containerName !== undefined && !containers.has(containerName)) {
    const why = 'must be one of the container or initContainer names in the pod template';
    errors.push(invalidValue(path.child('containerName'), containerName, why));
  }
  const valuesPath = path.child('values');
  const values = given ?? [];
  if (values.length === 0) {
    errors.push(invalidValue(valuesPath, given ?? null, 'at least one value is required'));
  } else if (values.length > exitCodesMax) {
    errors.push(tooMany(valuesPath, values.length, exitCodesMax));
  }
  const seen = new Set<number>();
  values.forEach((value, index) => {
    const own = valuesPath.index(index);
    if (operator === 'In' && value === 0) {
      errors.push(invalidValue(own, value, 'must not be 0 for the In operator'));
    }
    if (seen.has(value)) errors.push(duplicate(own, value));
    seen.add(value);
  });
  if (values.some((value, index) => index > 0 && (values[index - 1] ?? 0) > value)) {
    errors.push(invalidValue(valuesPath, values, 'must be ordered'));
  }
  return errors;
}

export function validateSuccessPolicy(spec: JobSpec, path: FieldPath): FieldError[] {
  const rules = spec.successPolicy?.rules ?? [];
  const rulesPath = path.child('rules');
  const errors: FieldError[] = [];
  if (rules.length === 0) {
    const why = 'at least one rules must be specified when the successPolicy is specified';
    errors.push(required(rulesPath, why));
  }
  if (rules.length > rulesMax) errors.push(tooMany(rulesPath, rules.length, rulesMax));
  rules.forEach((rule, index) => {
    errors.push(...validateSuccessRule(rule, spec.completions ?? 0, rulesPath.index(index)));
  });
  return errors;
}

function validateSuccessRule(
  { succeededCount, succeededIndexes }: SuccessRule,
  completions: number,
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  if (succeededCount === undefined && succeededIndexes === undefined) {
    const why = 'at least one of succeededCount or succeededIndexes must be specified';
    errors.push(required(path, why));
  }
  let total = 0;
  if (succeededIndexes !== undefined) {
    const own = path.child('succeededIndexes');
    if (Buffer.byteLength(succeededIndexes) > succeededIndexesBytesMax) {
      errors.push(tooLong(own, succeededIndexesBytesMax));
    }
    try {
      total = countIndexes(succeededIndexes, completions);
    } catch (error) {
      if (!(error instanceof IndexError)) throw error;
      const why = `error parsing succeededIndexes: ${error.message}`;
      errors.push(invalidValue(own, succeededIndexes, why));
    }
  }
  if (succeededCount === undefined) return errors;
  const own = path.child('succeededCount');
  errors.push(...validateNonNegative(succeededCount, own));
  if (succeededCount > completions) {
    const why = `must be less than or equal to ${completions} (the number of specified completions)`;
    errors.push(invalidValue(own, succeededCount, why));
  }
  if (succeededIndexes !== undefined && succeededCount > total) {
    const why =
      `must be less than or equal to ${total} ` +
      '(the number of indexes in the specified succeededIndexes field)';
    errors.push(invalidValue(own, succeededCount, why));
  }
  return errors;
}

export function validatePodReplacementPolicy(spec: JobSpec, path: FieldPath): FieldError[] {
  const { podReplacementPolicy: policy } = spec;
  if (policy === undefined) return [];
  // With a failure policy a pod has to be looked at before it is replaced.
  const supported = spec.podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed'];
  return supported.includes(policy) ? [] : [notSupported(path, policy, supported)];
}

/** Policies as upstream's internal types are shown. */
export function internalSuccessPolicy(policy: JobSpec['successPolicy']): unknown {
  if (!policy) return null;
  const rules = (policy.rules ?? []).map(({ succeededIndexes, succeededCount }) => ({
    SucceededIndexes: succeededIndexes ?? null,
    SucceededCount: succeededCount ?? null,
  }));
  return { Rules: rules };
}

export function internalFailurePolicy(policy: JobSpec['podFailurePolicy']): unknown {
  if (!policy) return null;
  const rules = policy.rules.map(({ action, onExitCodes, onPodConditions }) => ({
    Action: action,
    OnExitCodes: onExitCodes
      ? {
          ContainerName: onExitCodes.containerName ?? null,
          Operator: onExitCodes.operator,
          Values: onExitCodes.values,
        }
      : null,
    OnPodConditions:
      onPodConditions?.map(({ type, status }) => ({ Type: type, Status: status })) ?? null,
  }));
  return { Rules: rules };
}
