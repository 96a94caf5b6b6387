// LimitRanges: amounts per type that do not contradict each other.
import type { LimitRange } from '../../objects.ts';
import {
  compareQuantities,
  formatQuantity,
  type Quantity,
  quantityMilliValue,
} from '../../quantity.ts';
import {
  duplicate,
  type FieldError,
  FieldPath,
  forbiddenField,
  invalidValue,
  required,
} from '../field.ts';
import { validateQualifiedName } from '../metadata/names.ts';
import { invalidEach } from '../metadata/object-meta.ts';
import { amountOf } from '../quantity-validation.ts';
import {
  isHugePages,
  isNativeResource,
  validateContainerResourceName,
  validateResourceName,
} from './resource-validation.ts';

export type LimitItem = NonNullable<LimitRange['spec']>['limits'][number];

const limitsPath = FieldPath.of('spec', 'limits');
const standardTypes = ['Pod', 'Container', 'PersistentVolumeClaim'];

function validateType(type: string, path: FieldPath): FieldError[] {
  const wrong = invalidEach(path, type, validateQualifiedName(type));
  if (wrong.length > 0 || type.includes('/') || standardTypes.includes(type)) return wrong;
  return [invalidValue(path, type, 'must be a standard limit type or fully qualified')];
}

type Kind = 'max' | 'min' | 'default' | 'defaultRequest' | 'maxLimitRequestRatio';

function validateNames(item: LimitItem, kind: Kind, path: FieldPath): FieldError[] {
  const ofContainers = item.type === 'Pod' || item.type === 'Container';
  const validate = ofContainers ? validateContainerResourceName : validateResourceName;
  const own = path.child(kind);
  return Object.keys(item[kind] ?? {}).flatMap((name) => validate(name, own.key(name)));
}

interface Bound {
  readonly text: string;
  readonly amount: Quantity;
}

function boundOf(item: LimitItem, kind: Kind, name: string): Bound | undefined {
  const text = item[kind]?.[name];
  if (text === undefined) return undefined;
  const amount = amountOf(text);
  return { text: formatQuantity(amount), amount };
}

function exceeds(a: Bound | undefined, b: Bound | undefined): boolean {
  return a !== undefined && b !== undefined && compareQuantities(a.amount, b.amount) > 0;
}

function validateRatio(
  ratio: Bound | undefined,
  min: Bound | undefined,
  max: Bound | undefined,
  path: FieldPath,
): FieldError[] {
  if (ratio === undefined) return [];
  const errors: FieldError[] = [];
  const value = quantityMilliValue(ratio.amount) / 1000;
  if (value < 1) errors.push(invalidValue(path, ratio.text, `ratio ${ratio.text} is less than 1`));
  if (min === undefined || max === undefined) return errors;
  const limit = quantityMilliValue(max.amount) / quantityMilliValue(min.amount);
  if (value <= limit) return errors;
  const shown = Number.isFinite(limit) ? limit.toFixed(6) : '+Inf';
  const why = `ratio ${ratio.text} is greater than max/min = ${shown}`;
  return [...errors, invalidValue(path, ratio.text, why)];
}

/** What the bounds of one resource say of each other. */
function validateBounds(item: LimitItem, name: string, path: FieldPath): FieldError[] {
  const [min, max] = [boundOf(item, 'min', name), boundOf(item, 'max', name)];
  // A pod has no defaults, whatever was given.
  const defaults = item.type === 'Pod' ? { ...item, default: {}, defaultRequest: {} } : item;
  const limit = boundOf(defaults, 'default', name);
  const request = boundOf(defaults, 'defaultRequest', name);
  const requestPath = path.child('defaultRequest').key(name);
  const limitPath = path.child('default').key(name);
  const rules = [
    [min, max, path.child('min').key(name), min, 'min value', 'max value'],
    [min, request, requestPath, request, 'min value', 'default request value'],
    [request, max, requestPath, request, 'default request value', 'max value'],
    [request, limit, requestPath, request, 'default request value', 'default limit value'],
    [min, limit, limitPath, min, 'min value', 'default value'],
    [limit, max, limitPath, max, 'default value', 'max value'],
  ] as const;
  const errors = rules.flatMap(([lower, upper, own, shown, lowerName, upperName]) => {
    if (!exceeds(lower, upper)) return [];
    const why = `${lowerName} ${lower?.text} is greater than ${upperName} ${upper?.text}`;
    return [invalidValue(own, shown?.text, why)];
  });
  const ratio = boundOf(item, 'maxLimitRequestRatio', name);
  errors.push(...validateRatio(ratio, min, max, path.child('maxLimitRequestRatio').key(name)));
  // What cannot be overcommitted is asked for as a whole.
  const fixed = !isNativeResource(name) || isHugePages(name);
  if (fixed && (exceeds(limit, request) || exceeds(request, limit))) {
    const why = `default value ${limit?.text} must equal to defaultRequest value ${request?.text} in ${name}`;
    errors.push(invalidValue(requestPath, request?.text, why));
  }
  return errors;
}

function validateItem(item: LimitItem, path: FieldPath): FieldError[] {
  const errors = [...validateNames(item, 'max', path), ...validateNames(item, 'min', path)];
  const kinds: Kind[] = ['max', 'min', 'maxLimitRequestRatio'];
  if (item.type === 'Pod') {
    const why = "may not be specified when `type` is 'Pod'";
    for (const kind of ['default', 'defaultRequest'] as const) {
      if (Object.keys(item[kind] ?? {}).length === 0) continue;
      errors.push(forbiddenField(path.child(kind), why));
    }
  } else {
    kinds.push('default', 'defaultRequest');
    errors.push(...validateNames(item, 'default', path));
    errors.push(...validateNames(item, 'defaultRequest', path));
  }
  const storage = item.min?.storage ?? item.max?.storage;
  if (item.type === 'PersistentVolumeClaim' && storage === undefined) {
    const why = 'either minimum or maximum storage value is required, but neither was provided';
    errors.push(required(path.child('limits'), why));
  }
  errors.push(...validateNames(item, 'maxLimitRequestRatio', path));
  const names = new Set(kinds.flatMap((kind) => Object.keys(item[kind] ?? {})));
  return [...errors, ...[...names].flatMap((name) => validateBounds(item, name, path))];
}

export function validateLimitRange({ spec }: LimitRange): FieldError[] {
  const types = new Set<string>();
  return (spec?.limits ?? []).flatMap((item, index) => {
    const own = limitsPath.index(index);
    const { type = '' } = item;
    const errors = validateType(type, own.child('type'));
    if (types.has(type)) errors.push(duplicate(own.child('type'), type));
    types.add(type);
    return [...errors, ...validateItem(item, own)];
  });
}
