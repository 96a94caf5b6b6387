// Amounts that are a whole number or a percentage of another.
import { type FieldError, type FieldPath, invalidValue } from './field.ts';

const percentPattern = /^[0-9]+%$/;
const percentMessage =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or " +
  "'93%', regex used for validation is '[0-9]+%')";

/** apps.validation.ValidatePositiveIntOrPercent. */
export function validateIntOrPercent(amount: number | string, path: FieldPath): FieldError[] {
  if (typeof amount === 'string') {
    return percentPattern.test(amount) ? [] : [invalidValue(path, amount, percentMessage)];
  }
  if (amount >= 0) return [];
  return [invalidValue(path, amount, 'must be greater than or equal to 0')];
}

/** apps.validation.IsNotMoreThan100Percent. */
export function validateAtMost100Percent(amount: number | string, path: FieldPath): FieldError[] {
  if (typeof amount !== 'string' || !percentPattern.test(amount)) return [];
  if (Number.parseInt(amount, 10) <= 100) return [];
  return [invalidValue(path, amount, 'must not be greater than 100%')];
}
