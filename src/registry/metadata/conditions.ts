// Checks metav1.Condition lists, as the statuses of many kinds have them.
import type { Condition } from '../../objects.ts';
import {
  duplicate,
  type FieldError,
  type FieldPath,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from '../field.ts';
import { validateQualifiedName } from './names.ts';

const statuses = ['False', 'True', 'Unknown'];
const reasonPattern = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?';
const reasonMessage =
  'a condition reason must start with alphabetic character, optionally followed by a string of ' +
  "alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' " +
  "(e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', " +
  `regex used for validation is '${reasonPattern}')`;
const reasonRegex = new RegExp(`^${reasonPattern}$`);
const reasonBytesMax = 1024;
const messageBytesMax = 32 * 1024;

/** Each condition, and that no type comes twice. */
export function validateConditions(
  conditions: readonly Condition[] | undefined,
  path: FieldPath,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  const types = new Set<string>();
  (conditions ?? []).forEach((condition, index) => {
    const at = path.index(index);
    if (types.has(condition.type)) errors.push(duplicate(at.child('type'), condition.type));
    types.add(condition.type);
    errors.push(...validateCondition(condition, at));
  });
  return errors;
}

export function validateCondition(condition: Condition, path: FieldPath): readonly FieldError[] {
  const errors: FieldError[] = [];
  const { type, status, observedGeneration = 0, lastTransitionTime, reason, message } = condition;
  for (const why of validateQualifiedName(type)) {
    errors.push(invalidValue(path.child('type'), type, why));
  }
  if (!statuses.includes(status)) {
    errors.push(notSupported(path.child('status'), status, statuses));
  }
  if (observedGeneration < 0) {
    const why = 'must be greater than or equal to zero';
    errors.push(invalidValue(path.child('observedGeneration'), observedGeneration, why));
  }
  // Go's zero time travels as null.
  if (!lastTransitionTime) errors.push(required(path.child('lastTransitionTime')));
  if (reason === '') errors.push(required(path.child('reason')));
  else {
    if (!reasonRegex.test(reason)) {
      errors.push(invalidValue(path.child('reason'), reason, reasonMessage));
    }
    if (Buffer.byteLength(reason) > reasonBytesMax) {
      errors.push(tooLong(path.child('reason'), reasonBytesMax));
    }
  }
  if (Buffer.byteLength(message) > messageBytesMax) {
    errors.push(tooLong(path.child('message'), messageBytesMax));
  }
  return errors;
}
