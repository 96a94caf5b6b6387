// How fast an autoscaler may scale: windows, policies and tolerance.
import { type FieldError, type FieldPath, invalidValue, notSupported, required } from '../field.ts';
import { validateNonnegativeQuantity } from '../quantity-validation.ts';
import type { Behavior, ScalingRules } from './behavior-conversion.ts';

const periodSecondsMax = 1800;
const windowSecondsMax = 3600;
const selectPolicies = ['Disabled', 'Max', 'Min'];
const policyTypes = ['Percent', 'Pods'];

export function validateBehavior(behavior: Behavior | undefined, path: FieldPath): FieldError[] {
  return [
    ...validateRules(behavior?.scaleUp, path.child('scaleUp')),
    ...validateRules(behavior?.scaleDown, path.child('scaleDown')),
  ];
}

function validateRules(rules: ScalingRules | undefined, path: FieldPath): FieldError[] {
  if (!rules) return [];
  const { stabilizationWindowSeconds: seconds = 0, selectPolicy, policies = [] } = rules;
  const errors: FieldError[] = [];
  const windowPath = path.child('stabilizationWindowSeconds');
  if (seconds < 0) {
    errors.push(invalidValue(windowPath, seconds, 'must be greater than or equal to zero'));
  }
  if (seconds > windowSecondsMax) {
    const why = `must be less than or equal to ${windowSecondsMax}`;
    errors.push(invalidValue(windowPath, seconds, why));
  }
  if (selectPolicy !== undefined && !selectPolicies.includes(selectPolicy)) {
    errors.push(notSupported(path.child('selectPolicy'), selectPolicy, selectPolicies));
  }
  const policiesPath = path.child('policies');
  if (policies.length === 0) {
    errors.push(required(policiesPath, 'must specify at least one Policy'));
  }
  policies.forEach((policy, index) => {
    errors.push(...validatePolicy(policy, policiesPath.index(index)));
  });
  if (rules.tolerance === undefined) return errors;
  return [...errors, ...validateNonnegativeQuantity(rules.tolerance, path.child('tolerance'))];
}

function validatePolicy(
  policy: NonNullable<ScalingRules['policies']>[number],
  path: FieldPath,
): FieldError[] {
  const { type, value, periodSeconds } = policy;
  const errors: FieldError[] = [];
  const periodPath = path.child('periodSeconds');
  if (!policyTypes.includes(type)) errors.push(notSupported(path.child('type'), type, policyTypes));
  if (value <= 0) {
    errors.push(invalidValue(path.child('value'), value, 'must be greater than zero'));
  }
  if (periodSeconds <= 0) {
    errors.push(invalidValue(periodPath, periodSeconds, 'must be greater than zero'));
  }
  if (periodSeconds > periodSecondsMax) {
    const why = `must be less than or equal to ${periodSecondsMax}`;
    errors.push(invalidValue(periodPath, periodSeconds, why));
  }
  return errors;
}
