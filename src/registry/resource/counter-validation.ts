// Checks counters that the devices of a pool share, and how much of them each device uses up.
import { type FieldError, type FieldPath, required } from '../field.ts';
import { validateMap } from './lists.ts';
import { validateLabelLike } from './name-validation.ts';
import type { CounterConsumption, CounterSet } from './types.ts';

const countersMax = 32;
const nameLengthMax = 63;

export function validateCounterSet(set: CounterSet, path: FieldPath): readonly FieldError[] {
  return [
    ...validateCounterName(set.name, path.child('name')),
    ...validateCounters(set.counters, path.child('counters')),
  ];
}

export function validateConsumption(
  consumption: CounterConsumption,
  path: FieldPath,
): readonly FieldError[] {
  return [
    ...validateCounterName(consumption.counterSet, path.child('counterSet')),
    ...validateCounters(consumption.counters, path.child('counters')),
  ];
}

function validateCounterName(name: string, path: FieldPath): readonly FieldError[] {
  return name === '' ? [required(path)] : validateLabelLike(name, path);
}

function validateCounters(
  counters: CounterSet['counters'],
  path: FieldPath,
): readonly FieldError[] {
  if (Object.keys(counters ?? {}).length === 0) return [required(path)];
  const limits = { max: countersMax, keyLengthMax: nameLengthMax };
  return validateMap(counters, limits, validateLabelLike, () => [], path);
}
