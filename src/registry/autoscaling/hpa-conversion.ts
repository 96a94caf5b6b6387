// The two faces of an autoscaler: autoscaling/v2 as stored, and v1, which has one metric and keeps
// all else in annotations.
import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerV1 } from '../../objects.ts';
import {
  type AnnotationObject,
  readAnnotation,
  readList,
  writeAnnotation,
} from './annotation-json.ts';
import { behaviorToInternal, readBehavior } from './behavior-conversion.ts';
import { cpuMetric, setAutoscalerDefaults } from './hpa-defaults.ts';
import {
  type Metric,
  type MetricStatus,
  metricStatusToV1,
  metricToV1,
  readMetric,
  readMetricStatus,
} from './metric-conversion.ts';

const prefix = 'autoscaling.alpha.kubernetes.io/';
const metricsKey = `${prefix}metrics`;
const statusesKey = `${prefix}current-metrics`;
const conditionsKey = `${prefix}conditions`;
const behaviorKey = `${prefix}behavior`;
const roundTripKeys: ReadonlySet<string> = new Set([
  metricsKey,
  statusesKey,
  conditionsKey,
  behaviorKey,
  `${prefix}scale-down-tolerance`,
  `${prefix}scale-up-tolerance`,
]);

type Status = NonNullable<HorizontalPodAutoscaler['status']>;
type Condition = NonNullable<Status['conditions']>[number];
type Annotations = Record<string, string>;

type StatusV1 = NonNullable<HorizontalPodAutoscalerV1['status']>;

const noReplicas: Status & StatusV1 = { currentReplicas: 0, desiredReplicas: 0 };
const noSpec = { maxReplicas: 0, scaleTargetRef: { kind: '', name: '' } };

function withoutRoundTrip(annotations: Annotations | undefined): Annotations {
  const kept = Object.entries(annotations ?? {}).filter(([key]) => !roundTripKeys.has(key));
  return Object.fromEntries(kept);
}

function setAnnotations(object: { metadata?: { annotations?: Annotations } }, next: Annotations) {
  object.metadata ??= {};
  if (Object.keys(next).length === 0) delete object.metadata.annotations;
  else object.metadata.annotations = next;
}

/** The metric that v1 has a field for. */
function isCpuUtilization({ type, resource }: Metric): boolean {
  const utilization = resource?.target?.averageUtilization;
  return type === 'Resource' && resource?.name === 'cpu' && utilization !== undefined;
}

function readCondition(value: AnnotationObject): Condition {
  const time = value.text('lastTransitionTime');
  const reason = value.text('reason');
  const message = value.text('message');
  return {
    type: value.text('type'),
    status: value.text('status'),
    // Go writes a time that was never set as null.
    lastTransitionTime: time === '' ? (null as unknown as string) : time,
    ...(reason === '' ? {} : { reason }),
    ...(message === '' ? {} : { message }),
  };
}

/** autoscaling/v1 as it is stored. */
export function autoscalerToStorage(v1: HorizontalPodAutoscalerV1): HorizontalPodAutoscaler {
  const annotations = v1.metadata?.annotations ?? {};
  const { targetCPUUtilizationPercentage: target, ...spec } = v1.spec ?? noSpec;
  const metrics: Metric[] = [
    ...(readAnnotation(annotations[metricsKey], (value) => readList(value, readMetric)) ?? []),
    ...(target === undefined ? [] : [cpuMetric(target)]),
  ];
  const behavior = readAnnotation(annotations[behaviorKey], readBehavior);
  const stored: HorizontalPodAutoscaler = {
    ...v1,
    apiVersion: 'autoscaling/v2',
    spec: {
      ...spec,
      metrics: metrics.length === 0 ? [cpuMetric()] : metrics,
      ...(behavior === undefined ? {} : { behavior }),
    },
    status: statusToStorage(v1.status, annotations),
  };
  setAnnotations(stored, withoutRoundTrip(annotations));
  setAutoscalerDefaults(stored);
  return stored;
}

function statusToStorage(
  status: HorizontalPodAutoscalerV1['status'],
  annotations: Annotations,
): Status {
  const found: StatusV1 = status ?? noReplicas;
  const { currentCPUUtilizationPercentage: cpu, currentReplicas, ...rest } = found;
  const statuses: MetricStatus[] | undefined =
    readAnnotation(annotations[statusesKey], (value) => readList(value, readMetricStatus)) ??
    (cpu === undefined
      ? undefined
      : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: cpu } } }]);
  const conditions = readAnnotation(annotations[conditionsKey], (value) =>
    readList(value, readCondition),
  );
  // Go always writes the list of metrics, as null where there is none.
  const currentMetrics = statuses?.length ? statuses : (null as unknown as MetricStatus[]);
  return {
    ...rest,
    // v1 always says how many there are, v2 only if there are any.
    ...(currentReplicas ? { currentReplicas } : {}),
    currentMetrics,
    ...(conditions?.length ? { conditions } : {}),
  };
}

/** The stored autoscaler as autoscaling/v1 shows it. */
export function autoscalerFromStorage(stored: HorizontalPodAutoscaler): HorizontalPodAutoscalerV1 {
  const { metrics = [], behavior, ...spec } = stored.spec ?? noSpec;
  const found: Status = stored.status ?? noReplicas;
  const { currentMetrics: statuses, conditions = [], ...status } = found;
  const currentMetrics = statuses ?? [];
  const target = metrics.find(isCpuUtilization)?.resource?.target?.averageUtilization;
  const cpu = currentMetrics
    .filter(({ type, resource }) => type === 'Resource' && resource?.name === 'cpu')
    .map(({ resource }) => resource?.current?.averageUtilization)
    .findLast((each) => each !== undefined);
  const shown: HorizontalPodAutoscalerV1 = {
    ...stored,
    apiVersion: 'autoscaling/v1',
    spec: { ...spec, ...(target === undefined ? {} : { targetCPUUtilizationPercentage: target }) },
    status: {
      ...status,
      currentReplicas: status.currentReplicas ?? 0,
      ...(cpu === undefined ? {} : { currentCPUUtilizationPercentage: cpu }),
    } as NonNullable<HorizontalPodAutoscalerV1['status']>,
  };
  const annotations = withoutRoundTrip(stored.metadata?.annotations);
  const others = metrics.filter((metric) => !isCpuUtilization(metric));
  if (others.length > 0) annotations[metricsKey] = writeAnnotation(others.map(metricToV1));
  if (currentMetrics.length > 0) {
    annotations[statusesKey] = writeAnnotation(currentMetrics.map(metricStatusToV1));
  }
  if (behavior) annotations[behaviorKey] = writeAnnotation(behaviorToInternal(behavior));
  if (conditions.length > 0) {
    annotations[conditionsKey] = writeAnnotation(conditions.map(conditionToV1));
  }
  setAnnotations(shown, annotations);
  return shown;
}

/** In Go's order. */
function conditionToV1({ type, status, lastTransitionTime, reason, message }: Condition): object {
  return {
    type,
    status,
    lastTransitionTime: lastTransitionTime ?? null,
    ...(reason ? { reason } : {}),
    ...(message ? { message } : {}),
  };
}
