// Checks the conditions that must come about, or must not, before a device counts as bound.
import { duplicate, type FieldError, type FieldPath, invalidValue } from '../field.ts';
import { validateLabelName } from '../selector-validation.ts';
import { validateList } from './lists.ts';

const conditionsMax = 4;

/** `path` is that of the device, or of the result of its allocation. */
export function validateBindingConditions(
  holder: {
    readonly bindingConditions?: readonly string[];
    readonly bindingFailureConditions?: readonly string[];
  },
  path: FieldPath,
): readonly FieldError[] {
  const { bindingConditions: good = [], bindingFailureConditions: bad = [] } = holder;
  const goodPath = path.child('bindingConditions');
  const badPath = path.child('bindingFailureConditions');
  const errors: FieldError[] = [
    ...validateList(good, conditionsMax, validateLabelName, goodPath),
    ...validateList(bad, conditionsMax, validateLabelName, badPath),
  ];
  good.forEach((condition, index) => {
    if (good.indexOf(condition) < index) errors.push(duplicate(goodPath.index(index), condition));
  });
  bad.forEach((condition, index) => {
    const at = badPath.index(index);
    if (bad.indexOf(condition) < index) errors.push(duplicate(at, condition));
    if (good.includes(condition)) {
      const why = 'bindingFailureConditions must not overlap with bindingConditions';
      errors.push(invalidValue(at, condition, why));
    }
  });
  if (good.length === 0 && bad.length > 0) {
    const why = 'bindingConditions are required to use bindingFailureConditions';
    errors.push(invalidValue(goodPath, null, why));
  }
  if (bad.length === 0 && good.length > 0) {
    const why = 'bindingFailureConditions are required to use bindingConditions';
    errors.push(invalidValue(badPath, null, why));
  }
  return errors;
}
