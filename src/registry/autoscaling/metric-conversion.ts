// Metrics of autoscaling/v2 in the form that autoscaling/v1 keeps in annotations, and back.
import type { HorizontalPodAutoscaler } from '../../objects.ts';
import type { AnnotationObject } from './annotation-json.ts';

type Spec = NonNullable<HorizontalPodAutoscaler['spec']>;
type Status = NonNullable<HorizontalPodAutoscaler['status']>;
export type Metric = NonNullable<Spec['metrics']>[number];
export type MetricStatus = NonNullable<Status['currentMetrics']>[number];
type Target = NonNullable<Metric['resource']>['target'];
type Current = NonNullable<MetricStatus['resource']>['current'];
type Identifier = NonNullable<Metric['pods']>['metric'];
type Reference = NonNullable<Metric['object']>['describedObject'];

/**
 * What is applied is converted before it is checked, so anything may be missing in it: then it is
 * as Go's zero value.
 */
const nothing = {} as never;

/** Fields in the order given, without those that have no value: what Go's omitempty leaves. */
function compact<T extends object>(fields: T): T {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as T;
}

function reference({ kind, name, apiVersion }: Reference = nothing) {
  return compact({ kind, name, apiVersion: apiVersion || undefined });
}

function resourceTarget({ averageUtilization, averageValue }: Target = nothing) {
  return {
    targetAverageUtilization: averageUtilization,
    targetAverageValue: averageValue,
  };
}

/** In the field order of autoscaling/v1's MetricSpec. */
export function metricToV1(metric: Metric): object {
  const { type, object, pods, resource, containerResource, external } = metric;
  return compact({
    type,
    object:
      object &&
      compact({
        target: reference(object.describedObject),
        metricName: object.metric?.name,
        targetValue: object.target?.value ?? '0',
        selector: object.metric?.selector,
        averageValue: object.target?.averageValue,
      }),
    pods:
      pods &&
      compact({
        metricName: pods.metric?.name,
        targetAverageValue: pods.target?.averageValue ?? '0',
        selector: pods.metric?.selector,
      }),
    resource: resource && compact({ name: resource.name, ...resourceTarget(resource.target) }),
    containerResource:
      containerResource &&
      compact({
        name: containerResource.name,
        ...resourceTarget(containerResource.target),
        container: containerResource.container,
      }),
    external:
      external &&
      compact({
        metricName: external.metric?.name,
        metricSelector: external.metric?.selector,
        targetValue: external.target?.value,
        targetAverageValue: external.target?.averageValue,
      }),
  });
}

function resourceCurrent({ averageUtilization, averageValue }: Current = nothing) {
  return {
    currentAverageUtilization: averageUtilization,
    currentAverageValue: averageValue ?? '0',
  };
}

/** In the field order of autoscaling/v1's MetricStatus. */
export function metricStatusToV1(status: MetricStatus): object {
  const { type, object, pods, resource, containerResource, external } = status;
  return compact({
    type,
    object:
      object &&
      compact({
        target: reference(object.describedObject),
        metricName: object.metric?.name,
        currentValue: object.current?.value ?? '0',
        selector: object.metric?.selector,
        averageValue: object.current?.averageValue,
      }),
    pods:
      pods &&
      compact({
        metricName: pods.metric?.name,
        currentAverageValue: pods.current?.averageValue ?? '0',
        selector: pods.metric?.selector,
      }),
    resource: resource && compact({ name: resource.name, ...resourceCurrent(resource.current) }),
    containerResource:
      containerResource &&
      compact({
        name: containerResource.name,
        ...resourceCurrent(containerResource.current),
        container: containerResource.container,
      }),
    external:
      external &&
      compact({
        metricName: external.metric?.name,
        metricSelector: external.metric?.selector,
        currentValue: external.current?.value ?? '0',
        currentAverageValue: external.current?.averageValue,
      }),
  });
}

function readReference(value: AnnotationObject): Reference {
  const apiVersion = value.text('apiVersion');
  const named = { kind: value.text('kind'), name: value.text('name') };
  return apiVersion === '' ? named : { ...named, apiVersion };
}

function readIdentifier(value: AnnotationObject, selector: string): Identifier {
  const found = value.raw<NonNullable<Identifier['selector']>>(selector);
  const name = value.text('metricName');
  return found === undefined ? { name } : { name, selector: found };
}

const nowhere: Reference = { kind: '', name: '' };

/** The type of a target is what its values say. */
function readResourceTarget(value: AnnotationObject): Target {
  const averageUtilization = value.integer('targetAverageUtilization');
  const averageValue = value.quantity('targetAverageValue');
  const type = averageUtilization === undefined ? 'AverageValue' : 'Utilization';
  return compact({ type, averageValue, averageUtilization }) as Target;
}

function readObjectTarget(value: AnnotationObject): Target {
  const averageValue = value.quantity('averageValue');
  const target = value.quantity('targetValue') ?? '0';
  if (averageValue === undefined) return { type: 'Value', value: target };
  // v1 cannot leave the value out, so zero stands for none.
  const zero = target === '0';
  return { type: 'AverageValue', ...(zero ? {} : { value: target }), averageValue };
}

export function readMetric(value: AnnotationObject): Metric {
  return compact({
    type: value.text('type'),
    object: value.object('object', (it) => ({
      describedObject: it.object('target', readReference) ?? nowhere,
      target: readObjectTarget(it),
      metric: readIdentifier(it, 'selector'),
    })),
    pods: value.object('pods', (it) => ({
      metric: readIdentifier(it, 'selector'),
      target: { type: 'AverageValue', averageValue: it.quantity('targetAverageValue') ?? '0' },
    })),
    resource: value.object('resource', (it) => ({
      name: it.text('name'),
      target: readResourceTarget(it),
    })),
    containerResource: value.object('containerResource', (it) => ({
      name: it.text('name'),
      target: readResourceTarget(it),
      container: it.text('container'),
    })),
    external: value.object('external', (it) => {
      const target = it.quantity('targetValue');
      const averageValue = it.quantity('targetAverageValue');
      const type = target === undefined ? 'AverageValue' : 'Value';
      return {
        metric: readIdentifier(it, 'metricSelector'),
        target: compact({ type, value: target, averageValue }),
      };
    }),
  }) as Metric;
}

function readResourceCurrent(value: AnnotationObject): Current {
  return compact({
    averageValue: value.quantity('currentAverageValue') ?? '0',
    averageUtilization: value.integer('currentAverageUtilization'),
  }) as Current;
}

export function readMetricStatus(value: AnnotationObject): MetricStatus {
  return compact({
    type: value.text('type'),
    object: value.object('object', (it) => ({
      metric: readIdentifier(it, 'selector'),
      current: compact({
        value: it.quantity('currentValue') ?? '0',
        averageValue: it.quantity('averageValue'),
      }),
      describedObject: it.object('target', readReference) ?? nowhere,
    })),
    pods: value.object('pods', (it) => ({
      metric: readIdentifier(it, 'selector'),
      current: { averageValue: it.quantity('currentAverageValue') ?? '0' },
    })),
    resource: value.object('resource', (it) => ({
      name: it.text('name'),
      current: readResourceCurrent(it),
    })),
    containerResource: value.object('containerResource', (it) => ({
      name: it.text('name'),
      current: readResourceCurrent(it),
      container: it.text('container'),
    })),
    external: value.object('external', (it) => ({
      metric: readIdentifier(it, 'metricSelector'),
      current: compact({
        value: it.quantity('currentValue') ?? '0',
        averageValue: it.quantity('currentAverageValue'),
      }),
    })),
  }) as MetricStatus;
}
