// Defaults of autoscalers: 80% of the requested CPU, and how fast to scale where anything says so.
import type { HorizontalPodAutoscaler } from '../../objects.ts';
import type { ScalingRules } from './behavior-conversion.ts';
import type { Metric } from './metric-conversion.ts';

const defaultCpuUtilization = 80;

export function cpuMetric(averageUtilization: number = defaultCpuUtilization): Metric {
  return {
    type: 'Resource',
    resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
  };
}

const periodSeconds = 15;
const double = { type: 'Percent', value: 100, periodSeconds };

function setRules(rules: ScalingRules | undefined, defaults: ScalingRules): ScalingRules {
  return { ...structuredClone(defaults), ...rules };
}

/** autoscaling/v2. Behavior is filled only where there is one. */
export function setAutoscalerDefaults({ spec }: HorizontalPodAutoscaler): void {
  if (!spec) return;
  spec.minReplicas ??= 1;
  if ((spec.metrics ?? []).length === 0) spec.metrics = [cpuMetric()];
  if (!spec.behavior) return;
  spec.behavior.scaleUp = setRules(spec.behavior.scaleUp, {
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max',
    policies: [{ type: 'Pods', value: 4, periodSeconds }, double],
  });
  spec.behavior.scaleDown = setRules(spec.behavior.scaleDown, {
    selectPolicy: 'Max',
    policies: [double],
  });
}
