// How fast an autoscaler may scale, as autoscaling/v1 keeps it in an annotation: in the field names
// of upstream's internal type.
import type { HorizontalPodAutoscaler } from '../../objects.ts';
import { AnnotationObject } from './annotation-json.ts';

export type Behavior = NonNullable<NonNullable<HorizontalPodAutoscaler['spec']>['behavior']>;
export type ScalingRules = NonNullable<Behavior['scaleUp']>;

function rulesToInternal(rules: ScalingRules | undefined): object | null {
  if (!rules) return null;
  return {
    StabilizationWindowSeconds: rules.stabilizationWindowSeconds ?? null,
    SelectPolicy: rules.selectPolicy ?? null,
    Policies:
      rules.policies?.map(({ type, value, periodSeconds }) => ({
        Type: type,
        Value: value,
        PeriodSeconds: periodSeconds,
      })) ?? null,
    Tolerance: rules.tolerance ?? null,
  };
}

export function behaviorToInternal({ scaleUp, scaleDown }: Behavior): object {
  return { ScaleUp: rulesToInternal(scaleUp), ScaleDown: rulesToInternal(scaleDown) };
}

function readRules(value: AnnotationObject): ScalingRules {
  const rules: ScalingRules = {};
  const seconds = value.integer('StabilizationWindowSeconds');
  const policy = value.text('SelectPolicy');
  const policies = value.list('Policies', (it) => ({
    type: it.text('Type'),
    value: it.integer('Value') ?? 0,
    periodSeconds: it.integer('PeriodSeconds') ?? 0,
  }));
  const tolerance = value.quantity('Tolerance');
  if (seconds !== undefined) rules.stabilizationWindowSeconds = seconds;
  if (policy !== '') rules.selectPolicy = policy;
  if (policies !== undefined) rules.policies = policies;
  if (tolerance !== undefined) rules.tolerance = tolerance;
  return rules;
}

/** Undefined for one that says nothing. */
export function readBehavior(value: unknown): Behavior | undefined {
  const given = new AnnotationObject(value);
  const scaleUp = given.object('ScaleUp', readRules);
  const scaleDown = given.object('ScaleDown', readRules);
  if (!scaleUp && !scaleDown) return undefined;
  return { ...(scaleUp ? { scaleUp } : {}), ...(scaleDown ? { scaleDown } : {}) };
}
