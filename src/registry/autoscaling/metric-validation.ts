// Metrics of autoscalers: one source, of the type that is named, with a target it can have.
import { parseQuantity } from '../../quantity.ts';
import { validateContainerResourceName } from '../core/resource-validation.ts';
import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../field.ts';
import { validateDns1123Label, validatePathSegmentName } from '../metadata/names.ts';
import { invalidEach } from '../metadata/object-meta.ts';
import type { Metric } from './metric-conversion.ts';
import { type ReferenceRules, validateReference } from './object-reference.ts';

type Target = NonNullable<Metric['resource']>['target'];

/** In the order in which sources are looked at. */
const sources = ['object', 'external', 'pods', 'resource', 'containerResource'] as const;
type Source = (typeof sources)[number];

const types = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource'];

function sourceOf(type: string): Source | undefined {
  return sources.find((source) => source.toLowerCase() === type.toLowerCase());
}

export function validateMetric(
  metric: Metric,
  path: FieldPath,
  references: ReferenceRules,
): FieldError[] {
  const type = metric.type ?? '';
  const typePath = path.child('type');
  const errors: FieldError[] = [];
  if (type === '') errors.push(required(typePath, 'must specify a metric source type'));
  const known = types.includes(type);
  if (!known) errors.push(notSupported(typePath, type, types));
  const [first, ...more] = sources.filter((source) => metric[source] !== undefined);
  if (first !== undefined) {
    errors.push(...validateSource(metric, first, path.child(first), references));
  }
  const expected = known ? sourceOf(type) : undefined;
  if (expected === undefined) errors.push(notSupported(typePath, type, types));
  else if (metric[expected] === undefined) {
    const why = 'must populate information for the given metric source';
    errors.push(required(path.child(expected), why));
  }
  if (first === undefined || more.length === 0) return errors;
  const wrong = [first, ...more].filter((source) => source !== expected);
  const why = 'must populate the given metric source only';
  return [...errors, ...wrong.map((source) => forbiddenField(path.child(source), why))];
}

function validateSource(
  metric: Metric,
  source: Source,
  path: FieldPath,
  references: ReferenceRules,
): FieldError[] {
  const { object, external, pods, resource, containerResource } = metric;
  if (source === 'object' && object) return validateObject(object, path, references);
  if (source === 'external' && external) return validateExternal(external, path);
  if (source === 'pods' && pods) {
    const errors = [
      ...validateIdentifier(pods.metric.name, path.child('metric')),
      ...validateTarget(pods.target, path.child('target')),
    ];
    if (pods.target.averageValue !== undefined) return errors;
    const why = 'must specify a positive target averageValue';
    return [...errors, required(path.child('target', 'averageValue'), why)];
  }
  if (source === 'resource' && resource) {
    const named = resource.name
      ? []
      : [required(path.child('name'), 'must specify a resource name')];
    return [...named, ...validateResourceTarget(resource.target, path.child('target'))];
  }
  return containerResource ? validateContainerResource(containerResource, path) : [];
}

function validateObject(
  object: NonNullable<Metric['object']>,
  path: FieldPath,
  references: ReferenceRules,
): FieldError[] {
  const { describedObject, metric, target } = object;
  const errors = [
    ...validateReference(describedObject, path.child('describedObject'), references),
    ...validateIdentifier(metric.name, path.child('metric')),
    ...validateTarget(target, path.child('target')),
  ];
  if (target.value !== undefined || target.averageValue !== undefined) return errors;
  const why = 'must set either a target value or averageValue';
  return [...errors, required(path.child('target', 'averageValue'), why)];
}

function validateExternal(
  { metric, target }: NonNullable<Metric['external']>,
  path: FieldPath,
): FieldError[] {
  const errors = [
    ...validateIdentifier(metric.name, path.child('metric')),
    ...validateTarget(target, path.child('target')),
  ];
  const [hasValue, hasAverage] = [target.value !== undefined, target.averageValue !== undefined];
  if (!hasValue && !hasAverage) {
    const why = 'must set either a target value for metric or a per-pod target';
    errors.push(required(path.child('target', 'averageValue'), why));
  }
  if (hasValue && hasAverage) {
    const why = 'may not set both a target value for metric and a per-pod target';
    errors.push(forbiddenField(path.child('target', 'value'), why));
  }
  return errors;
}

function validateContainerResource(
  { name, container, target }: NonNullable<Metric['containerResource']>,
  path: FieldPath,
): FieldError[] {
  const namePath = path.child('name');
  const containerPath = path.child('container');
  return [
    ...(name
      ? validateContainerResourceName(name, namePath)
      : [required(namePath, 'must specify a resource name')]),
    ...(container
      ? invalidEach(containerPath, container, validateDns1123Label(container))
      : [required(containerPath, 'must specify a container')]),
    ...validateResourceTarget(target, path.child('target')),
  ];
}

function validateResourceTarget(target: Target, path: FieldPath): FieldError[] {
  const errors = validateTarget(target, path);
  const hasUtilization = target.averageUtilization !== undefined;
  const hasValue = target.averageValue !== undefined;
  if (!hasUtilization && !hasValue) {
    const why = 'must set either a target raw value or a target utilization';
    errors.push(required(path.child('averageUtilization'), why));
  }
  if (hasUtilization && hasValue) {
    const why = 'may not set both a target raw value and a target utilization';
    errors.push(forbiddenField(path.child('averageValue'), why));
  }
  return errors;
}

function validateTarget(target: Target, path: FieldPath): FieldError[] {
  const { type = '', averageUtilization } = target;
  const errors: FieldError[] = [];
  if (type === '') errors.push(required(path.child('type'), 'must specify a metric target type'));
  if (!['Utilization', 'Value', 'AverageValue'].includes(type)) {
    const why = 'must be either Utilization, Value, or AverageValue';
    errors.push(invalidValue(path.child('type'), type, why));
  }
  for (const field of ['value', 'averageValue'] as const) {
    const amount = target[field];
    if (amount === undefined || parseQuantity(amount).mantissa > 0n) continue;
    errors.push(invalidValue(path.child(field), amount, 'must be positive'));
  }
  if (averageUtilization !== undefined && averageUtilization < 1) {
    const own = path.child('averageUtilization');
    errors.push(invalidValue(own, averageUtilization, 'must be greater than 0'));
  }
  return errors;
}

function validateIdentifier(name: string, path: FieldPath): FieldError[] {
  const own = path.child('name');
  if (!name) return [required(own, 'must specify a metric name')];
  return invalidEach(own, name, validatePathSegmentName(name));
}
