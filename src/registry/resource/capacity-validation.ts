// Checks how much of a device's capacity a request may take, where several share the device.
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  quantityValue,
} from '../../quantity.ts';
import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  required,
} from '../field.ts';
import { validateSet } from './lists.ts';
import type { DeviceCapacity, RequestPolicy } from './types.ts';

const validValuesMax = 10;

/** `shared`: the device may be allocated several times. */
export function validateCapacity(
  { value, requestPolicy: policy }: DeviceCapacity,
  shared: boolean,
  path: FieldPath,
): readonly FieldError[] {
  if (policy === undefined) return [];
  const at = path.child('requestPolicy');
  if (!shared) return [forbiddenField(at, 'allowMultipleAllocations must be true')];
  const { validValues = [], validRange } = policy;
  // Go writes this pointer when it is nil, too.
  const standard = policy.default ?? undefined;
  if (validValues.length > 0 && validRange !== undefined) {
    const why =
      'exactly one policy can be specified, cannot specify "validValues" and "validRange" at ' +
      'the same time';
    return [forbiddenField(at, why)];
  }
  if (validValues.length > 0) {
    if (standard === undefined) {
      return [required(at.child('default'), 'required when validValues is defined')];
    }
    return validateValues(standard, value, validValues, at.child('validValues'));
  }
  if (validRange === undefined) return [];
  if (standard === undefined) {
    return [required(at.child('default'), 'required when validRange is defined')];
  }
  return validateRange(standard, value, validRange, at.child('validRange'));
}

/** The sign of `a - b`. */
function compare(a: string, b: string): number {
  return compareQuantities(parseQuantity(a), parseQuantity(b));
}

function validateValues(
  standard: string,
  capacity: string,
  values: readonly string[],
  path: FieldPath,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  values.forEach((value, index) => {
    const before = values[index - 1];
    if (before === undefined || compare(before, value) <= 0) return;
    errors.push(
      invalidQuantity(path.index(index), value, 'values must be sorted in ascending order'),
    );
  });
  const check = (value: string, at: FieldPath) =>
    compare(value, capacity) > 0
      ? [
          invalidQuantity(
            at,
            value,
            `option is larger than capacity value: ${canonicalQuantity(capacity)}`,
          ),
        ]
      : [];
  const keyOf = (value: string) => String(quantityValue(parseQuantity(value)));
  errors.push(...validateSet(values, validValuesMax, check, keyOf, path));
  const holds =
    values.length <= validValuesMax && values.some((each) => compare(each, standard) === 0);
  if (!holds) {
    const why = 'default value is not valid according to the requestPolicy';
    errors.push(invalidQuantity(path, standard, why));
  }
  return errors;
}

function validateRange(
  standard: string,
  capacity: string,
  range: NonNullable<RequestPolicy['validRange']>,
  path: FieldPath,
): readonly FieldError[] {
  const { min, max, step } = range;
  const minPath = path.child('min');
  if (min === undefined) return [required(minPath, 'required when validRange is defined')];
  const errors: FieldError[] = [];
  const refuse = (at: FieldPath, value: string, why: string) =>
    void errors.push(invalidQuantity(at, value, why));
  const largerThanCapacity = `is larger than capacity value: ${canonicalQuantity(capacity)}`;
  if (compare(min, capacity) > 0) refuse(minPath, min, `min ${largerThanCapacity}`);
  if (compare(standard, min) < 0) {
    refuse(minPath, standard, `default is less than min: ${canonicalQuantity(min)}`);
  }
  if (max !== undefined) {
    const maxPath = path.child('max');
    if (compare(min, max) > 0)
      refuse(maxPath, min, `min is larger than max: ${canonicalQuantity(max)}`);
    if (compare(max, capacity) > 0) refuse(maxPath, max, `max ${largerThanCapacity}`);
    if (compare(standard, max) > 0) {
      refuse(maxPath, standard, `default is more than max: ${canonicalQuantity(max)}`);
    }
  }
  if (step === undefined) return errors;
  const stepPath = path.child('step');
  const first = addQuantities(parseQuantity(min), parseQuantity(step));
  if (compareQuantities(first, parseQuantity(capacity)) > 0) {
    refuse(stepPath, step, `one step ${formatQuantity(first)} ${largerThanCapacity}`);
  }
  for (const value of [standard, ...(max === undefined ? [] : [max])]) {
    if (isMultiple(value, min, step)) continue;
    const why = `value is not a multiple of a given step (${canonicalQuantity(step)}) from (${canonicalQuantity(min)})`;
    refuse(stepPath, value, why);
  }
  return errors;
}

function invalidQuantity(path: FieldPath, value: string, why: string): FieldError {
  return invalidValue(path, canonicalQuantity(value), why);
}

/** Whether whole steps lead from `min` to `value`; a step of nothing leads nowhere else. */
function isMultiple(value: string, min: string, step: string): boolean {
  const whole = (text: string) => quantityValue(parseQuantity(text));
  const distance = whole(value) - whole(min);
  return whole(step) === 0 ? distance === 0 : distance % whole(step) === 0;
}
