// The row of an autoscaler: each metric as it stands and as it should.
import type { HorizontalPodAutoscaler } from '../../objects.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn } from '../printer-column.ts';
import type { TableShape } from '../resource.ts';
import type { Metric, MetricStatus } from './metric-conversion.ts';

const metricsShownMax = 2;
const unknown = '<unknown>';

type Target = NonNullable<Metric['resource']>['target'];
type Current = NonNullable<MetricStatus['resource']>['current'];

function percent(value: number | undefined, otherwise: string): string {
  return value === undefined ? otherwise : `${value}%`;
}

function resourceText(name: string, target: Target, current: Current | undefined): string {
  if (target.averageValue !== undefined) {
    return `${name}: ${current?.averageValue ?? unknown}/${target.averageValue}`;
  }
  const now = percent(current?.averageUtilization, unknown);
  return `${name}: ${now}/${percent(target.averageUtilization, '<auto>')}`;
}

function valueText(target: Target, current: Current | undefined): string {
  if (target.averageValue !== undefined) {
    return `${current?.averageValue ?? unknown}/${target.averageValue} (avg)`;
  }
  return `${current?.value ?? unknown}/${target.value ?? '0'}`;
}

function metricText(metric: Metric, status: MetricStatus | undefined): string {
  const { type, external, pods, object, resource, containerResource } = metric;
  if (type === 'External' && external) return valueText(external.target, status?.external?.current);
  if (type === 'Object' && object) return valueText(object.target, status?.object?.current);
  if (type === 'Pods' && pods) {
    const current = status?.pods?.current.averageValue ?? unknown;
    return `${current}/${pods.target.averageValue ?? '0'}`;
  }
  if (type === 'Resource' && resource) {
    return resourceText(resource.name, resource.target, status?.resource?.current);
  }
  if (type === 'ContainerResource' && containerResource) {
    const current = status?.containerResource?.current;
    return resourceText(containerResource.name, containerResource.target, current);
  }
  return '<unknown type>';
}

function metricsCell({ spec, status }: HorizontalPodAutoscaler): string {
  const metrics = spec?.metrics ?? [];
  if (metrics.length === 0) return '<none>';
  const texts = metrics.map((metric, index) => metricText(metric, status?.currentMetrics?.[index]));
  const shown = texts.slice(0, metricsShownMax).join(', ');
  const more = texts.length - metricsShownMax;
  return more > 0 ? `${shown} + ${more} more...` : shown;
}

export const autoscalerTable: TableShape<HorizontalPodAutoscaler> = {
  columns: [
    nameColumn,
    column(
      'Reference',
      'scaleTargetRef points to the target resource to scale, and is used to the pods for which ' +
        'metrics should be collected, as well as to actually change the replica count.',
    ),
    column(
      'Targets',
      'metrics contains the specifications for which to use to calculate the desired replica ' +
        'count (the maximum replica count across all metrics will be used).  The desired replica ' +
        'count is calculated multiplying the ratio between the target value and the current ' +
        'value by the current number of pods.  Ergo, metrics used must decrease as the pod count ' +
        'is increased, and vice-versa.  See the individual metric source types for more ' +
        'information about how each type of metric must respond. If not set, the default metric ' +
        'will be set to 80% average CPU utilization.',
    ),
    column(
      'MinPods',
      'minReplicas is the lower limit for the number of replicas to which the autoscaler can ' +
        'scale down.  It defaults to 1 pod.  minReplicas is allowed to be 0 if the alpha feature ' +
        'gate HPAScaleToZero is enabled and at least one Object or External metric is ' +
        'configured.  Scaling is active as long as at least one metric value is available.',
    ),
    column(
      'MaxPods',
      'maxReplicas is the upper limit for the number of replicas to which the autoscaler can ' +
        'scale up. It cannot be less that minReplicas.',
    ),
    column(
      'Replicas',
      'currentReplicas is current number of replicas of pods managed by this autoscaler, as last ' +
        'seen by the autoscaler.',
    ),
    ageColumn,
  ],
  cells: (autoscaler, nowMs) => [
    nameCell(autoscaler),
    `${autoscaler.spec?.scaleTargetRef.kind ?? ''}/${autoscaler.spec?.scaleTargetRef.name ?? ''}`,
    metricsCell(autoscaler),
    String(autoscaler.spec?.minReplicas ?? '<unset>'),
    autoscaler.spec?.maxReplicas ?? 0,
    autoscaler.status?.currentReplicas ?? 0,
    ageCell(autoscaler, nowMs),
  ],
};
