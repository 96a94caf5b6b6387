// DaemonSets: a selector and template that fit, and a rollout that either misses pods or adds them.
import type { DaemonSet } from '../../objects.ts';
import { validatePodTemplate } from '../core/pod-spec-validation.ts';
import { type FieldError, type FieldPath, invalidValue, notSupported, required } from '../field.ts';
import { validateAtMost100Percent, validateIntOrPercent } from '../int-or-percent.ts';
import { validateLabelSelector } from '../selector-validation.ts';
import { amountOf, internalStrategy } from './rollout-amount.ts';
import {
  emptySelector,
  isEmptySelector,
  mismatchedTemplateLabels,
  selects,
  specPath,
  statusPath,
  templatePath,
  validateCollisionCount,
  validateCounts,
  validateImmutableSelector,
  validateLongRunning,
} from './workload-validation.ts';

type Strategy = NonNullable<DaemonSet['spec']>['updateStrategy'];
type Rolling = NonNullable<NonNullable<Strategy>['rollingUpdate']>;

/** The selector's immutability comes before everything else. */
export function validateDaemonSet(
  { spec }: DaemonSet,
  _context: unknown,
  old?: DaemonSet,
): FieldError[] {
  const { selector, template, updateStrategy } = spec ?? {};
  const errors = [
    ...(old ? validateImmutableSelector(selector, old.spec?.selector) : []),
    ...validateLabelSelector(selector, specPath.child('selector')),
  ];
  if (selects(selector, template?.metadata?.labels) === false) {
    errors.push(mismatchedTemplateLabels(template, templatePath));
  }
  if (selector && isEmptySelector(selector)) errors.push(emptySelector(selector, 'daemonset'));
  return [
    ...errors,
    ...validatePodTemplate(template, templatePath),
    ...validateLongRunning(template, templatePath, 'DaemonSet'),
    ...validateCounts(spec, ['minReadySeconds'], specPath),
    ...validateStrategy(updateStrategy, specPath.child('updateStrategy')),
    ...validateCounts(spec, ['revisionHistoryLimit'], specPath),
  ];
}

function validateStrategy(strategy: Strategy, path: FieldPath): FieldError[] {
  const { type = '', rollingUpdate } = strategy ?? {};
  if (type === 'OnDelete') return [];
  if (type === 'RollingUpdate') {
    const rollingPath = path.child('rollingUpdate');
    return rollingUpdate ? validateRolling(rollingUpdate, rollingPath) : [required(rollingPath)];
  }
  return [notSupported(path, internalStrategy(strategy ?? {}), ['RollingUpdate', 'OnDelete'])];
}

function validateRolling({ maxUnavailable = 0, maxSurge = 0 }: Rolling, path: FieldPath) {
  const unavailablePath = path.child('maxUnavailable');
  const surgePath = path.child('maxSurge');
  const errors = [
    ...validateIntOrPercent(maxUnavailable, unavailablePath),
    ...validateIntOrPercent(maxSurge, surgePath),
    ...validateAtMost100Percent(maxUnavailable, unavailablePath),
    ...validateAtMost100Percent(maxSurge, surgePath),
  ];
  const misses = amountOf(maxUnavailable) !== 0;
  const adds = amountOf(maxSurge) !== 0;
  if (misses && adds) {
    const why = 'may not be set when maxUnavailable is non-zero';
    errors.push(invalidValue(surgePath, maxSurge, why));
  }
  if (!misses && !adds) errors.push(required(unavailablePath, 'cannot be 0 when maxSurge is 0'));
  return errors;
}

export function validateDaemonSetStatusUpdate(next: DaemonSet, old: DaemonSet): FieldError[] {
  return [
    ...validateCounts(
      next.status,
      [
        'currentNumberScheduled',
        'numberMisscheduled',
        'desiredNumberScheduled',
        'numberReady',
        'observedGeneration',
        'updatedNumberScheduled',
        'numberAvailable',
        'numberUnavailable',
        'collisionCount',
      ],
      statusPath,
    ),
    ...validateCollisionCount(next.status, old.status),
  ];
}
