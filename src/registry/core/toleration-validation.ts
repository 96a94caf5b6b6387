// Tolerations of pods and taints of nodes.
import {
  duplicate,
  type FieldError,
  type FieldPath,
  invalidValue,
  notSupported,
  required,
} from '../field.ts';
import { validateLabelValue } from '../metadata/names.ts';
import { validateLabelName } from '../selector-validation.ts';
import type { Taint, Toleration } from './types.ts';

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

function validateEffect(
  effect: string | undefined,
  path: FieldPath,
  allowEmpty: boolean,
): FieldError[] {
  if (!effect) return allowEmpty ? [] : [required(path)];
  return effects.includes(effect) ? [] : [notSupported(path, effect, effects)];
}

function validateToleration(toleration: Toleration, path: FieldPath): FieldError[] {
  const { key = '', operator = '', value = '', effect = '', tolerationSeconds } = toleration;
  const errors: FieldError[] = [];
  const operatorPath = path.child('operator');
  if (key !== '') errors.push(...validateLabelName(key, path.child('key')));
  if (key === '' && operator !== 'Exists') {
    const why =
      'operator must be Exists when `key` is empty, which means "match all values and all keys"';
    errors.push(invalidValue(operatorPath, operator, why));
  }
  if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
    const why = "effect must be 'NoExecute' when `tolerationSeconds` is set";
    errors.push(invalidValue(path.child('effect'), effect, why));
  }
  if (operator === '' || operator === 'Equal') {
    const messages = validateLabelValue(value);
    if (messages.length > 0) errors.push(invalidValue(operatorPath, value, messages.join(';')));
  } else if (operator === 'Exists') {
    if (value !== '') {
      const why = "value must be empty when `operator` is 'Exists'";
      errors.push(invalidValue(operatorPath, toleration, why));
    }
  } else {
    errors.push(notSupported(operatorPath, operator, ['Equal', 'Exists']));
  }
  return [...errors, ...validateEffect(effect, path.child('effect'), true)];
}

export function validateTolerations(
  tolerations: readonly Toleration[],
  path: FieldPath,
): FieldError[] {
  return tolerations.flatMap((each, index) => validateToleration(each, path.index(index)));
}

/** Taints of a node: valid, and unique by key and effect. */
export function validateTaints(taints: readonly Taint[], path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [index, taint] of taints.entries()) {
    const own = path.index(index);
    errors.push(...validateLabelName(taint.key ?? '', own.child('key')));
    const messages = validateLabelValue(taint.value ?? '');
    if (messages.length > 0) {
      errors.push(invalidValue(own.child('value'), taint.value, messages.join(';')));
    }
    errors.push(...validateEffect(taint.effect, own.child('effect'), false));
    const identity = `${taint.effect}/${taint.key}`;
    if (seen.has(identity)) errors.push(duplicate(own, taint));
    seen.add(identity);
  }
  return errors;
}
