// Autoscalers: bounds, a target that can be scaled, metrics of one source each, sane behavior.
import type { HorizontalPodAutoscaler } from '../../objects.ts';
import { specPath, statusPath, validateCounts } from '../apps/workload-validation.ts';
import { type FieldError, forbiddenField, invalidValue, required } from '../field.ts';
import { validateBehavior } from './behavior-validation.ts';
import { validateMetric } from './metric-validation.ts';
import { apiVersionError, type ReferenceRules, validateReference } from './object-reference.ts';

type Spec = NonNullable<HorizontalPodAutoscaler['spec']>;

const empty: Spec = { maxReplicas: 0, scaleTargetRef: { kind: '', name: '' } };

export function validateAutoscaler(
  { spec = empty }: HorizontalPodAutoscaler,
  _context: unknown,
  old?: HorizontalPodAutoscaler,
): FieldError[] {
  const { minReplicas, maxReplicas } = spec;
  const errors: FieldError[] = [];
  // Scaling to zero is behind a gate that is off; who has it keeps it.
  const lowest = old?.spec?.minReplicas === 0 ? 0 : 1;
  if (minReplicas !== undefined && minReplicas < lowest) {
    const why = `must be greater than or equal to ${lowest}`;
    errors.push(invalidValue(specPath.child('minReplicas'), minReplicas, why));
  }
  const maxPath = specPath.child('maxReplicas');
  if (maxReplicas === 0) errors.push(required(maxPath, 'must be set and greater than 0'));
  else if (maxReplicas < 0) {
    errors.push(invalidValue(maxPath, maxReplicas, 'must be greater than or equal to 1'));
  }
  if (minReplicas !== undefined && maxReplicas < minReplicas) {
    const why = 'must be greater than or equal to `minReplicas`';
    errors.push(invalidValue(maxPath, maxReplicas, why));
  }
  const targetPath = specPath.child('scaleTargetRef');
  return [
    ...errors,
    ...validateReference(spec.scaleTargetRef, targetPath, targetRules(spec, old?.spec)),
    ...validateMetrics(spec, old?.spec),
    ...validateBehavior(spec.behavior, specPath.child('behavior')),
  ];
}

function targetRules({ scaleTargetRef }: Spec, old: Spec | undefined): ReferenceRules {
  const before = old?.scaleTargetRef;
  const same =
    before?.kind === scaleTargetRef.kind && before.apiVersion === scaleTargetRef.apiVersion;
  if (before !== undefined && same) return { anyVersion: true };
  // The only kind of the core group that can be scaled.
  return { coreGroup: scaleTargetRef.kind === 'ReplicationController' };
}

function validateMetrics(spec: Spec, old: Spec | undefined): FieldError[] {
  const path = specPath.child('metrics');
  const rules: ReferenceRules = { coreGroup: true };
  const wasWrong = (old?.metrics ?? []).some(
    ({ type, object }) =>
      type === 'Object' && object && apiVersionError(object.describedObject, rules) !== undefined,
  );
  const metrics = spec.metrics ?? [];
  const errors = metrics.flatMap((metric, index) =>
    validateMetric(metric, path.index(index), { ...rules, anyVersion: wasWrong }),
  );
  const scales = metrics.some(({ type }) => type === 'Object' || type === 'External');
  if (spec.minReplicas === 0 && !scales) {
    const why =
      'must specify at least one Object or External metric to support scaling to zero replicas';
    errors.push(forbiddenField(path, why));
  }
  return errors;
}

export function validateAutoscalerStatusUpdate({ status }: HorizontalPodAutoscaler): FieldError[] {
  return validateCounts(status, ['currentReplicas', 'desiredReplicas'], statusPath);
}
