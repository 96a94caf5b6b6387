// Label selectors inside objects: which keys, operators and values they may have.
import type { LabelSelector } from '../objects.ts';
import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  required,
} from './field.ts';
import { validateLabelValue, validateQualifiedName } from './metadata/names.ts';
import { validateLabels } from './metadata/object-meta.ts';

type Requirement = NonNullable<LabelSelector['matchExpressions']>[number];

/** metav1.validation.ValidateLabelSelector; label values in expressions are checked too. */
export function validateLabelSelector(
  selector: LabelSelector | undefined,
  path: FieldPath,
): FieldError[] {
  if (selector === undefined || selector === null) return [];
  const errors = [...validateLabels(selector.matchLabels, path.child('matchLabels'))];
  (selector.matchExpressions ?? []).forEach((requirement, index) => {
    errors.push(...validateRequirement(requirement, path.child('matchExpressions').index(index)));
  });
  return errors;
}

function validateRequirement(requirement: Requirement, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const { key = '', operator, values = [] } = requirement;
  const valuesPath = path.child('values');
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) {
        const why = "must be specified when `operator` is 'In' or 'NotIn'";
        errors.push(required(valuesPath, why));
      }
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0) {
        const why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
        errors.push(forbiddenField(valuesPath, why));
      }
      break;
    default:
      errors.push(
        invalidValue(path.child('operator'), operator ?? '', 'not a valid selector operator'),
      );
  }
  errors.push(...validateLabelName(key, path.child('key')));
  values.forEach((value, index) => {
    for (const message of validateLabelValue(value)) {
      errors.push(invalidValue(valuesPath.index(index), value, message));
    }
  });
  return errors;
}

/** A label key as metav1.validation.ValidateLabelName. */
export function validateLabelName(name: string, path: FieldPath): FieldError[] {
  return validateQualifiedName(name).map((message) => invalidValue(path, name, message));
}
