// Deployments: strategy, deadlines, selector and template, and a status whose numbers agree.
import type { Deployment } from '../../objects.ts';
import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../field.ts';

import { validateAtMost100Percent, validateIntOrPercent } from '../int-or-percent.ts';
import { amountOf, type IntOrPercent, internalStrategy } from './rollout-amount.ts';
import {
  specPath,
  statusPath,
  validateCollisionCount,
  validateCounts,
  validateImmutableSelector,
  validateNotMore,
  validateSelector,
  validateTemplate,
} from './workload-validation.ts';

type Spec = NonNullable<Deployment['spec']>;

export function validateDeployment({ spec }: Deployment): FieldError[] {
  const errors = [
    ...validateCounts(spec, ['replicas'], specPath),
    ...validateSelector(spec?.selector, 'deployment'),
    ...validateTemplate(spec?.template, spec?.selector),
    ...validateStrategy(spec?.strategy, specPath.child('strategy')),
    ...validateCounts(spec, ['minReadySeconds', 'revisionHistoryLimit'], specPath),
  ];
  const deadline = spec?.progressDeadlineSeconds;
  if (deadline !== undefined) {
    errors.push(...validateCounts(spec, ['progressDeadlineSeconds'], specPath));
    if (deadline <= (spec?.minReadySeconds ?? 0)) {
      const why = 'must be greater than minReadySeconds';
      errors.push(invalidValue(specPath.child('progressDeadlineSeconds'), deadline, why));
    }
  }
  return errors;
}

function validateStrategy(strategy: Spec['strategy'] | undefined, path: FieldPath): FieldError[] {
  const { type = '', rollingUpdate } = strategy ?? {};
  const rollingPath = path.child('rollingUpdate');
  switch (type) {
    case 'Recreate':
      if (!rollingUpdate) return [];
      return [
        forbiddenField(rollingPath, "may not be specified when strategy `type` is 'Recreate'"),
      ];
    case 'RollingUpdate': {
      if (rollingUpdate) {
        return validateRolling(rollingUpdate.maxUnavailable, rollingUpdate.maxSurge, rollingPath);
      }
      return [required(rollingPath, 'this should be defaulted and never be nil')];
    }
    default: {
      const shown = internalStrategy(strategy ?? {});
      return [notSupported(path, shown, ['Recreate', 'RollingUpdate'])];
    }
  }
}

function validateRolling(
  maxUnavailable: IntOrPercent = 0,
  maxSurge: IntOrPercent = 0,
  path: FieldPath,
): FieldError[] {
  const unavailablePath = path.child('maxUnavailable');
  const errors = [
    ...validateIntOrPercent(maxUnavailable, unavailablePath),
    ...validateIntOrPercent(maxSurge, path.child('maxSurge')),
  ];
  if (amountOf(maxUnavailable) === 0 && amountOf(maxSurge) === 0) {
    const why = 'may not be 0 when `maxSurge` is 0';
    errors.push(invalidValue(unavailablePath, maxUnavailable, why));
  }
  return [...errors, ...validateAtMost100Percent(maxUnavailable, unavailablePath)];
}

export function validateDeploymentUpdate(next: Deployment, old: Deployment): readonly FieldError[] {
  return validateImmutableSelector(next.spec?.selector, old.spec?.selector);
}

export function validateDeploymentStatusUpdate(next: Deployment, old: Deployment): FieldError[] {
  return [
    ...validateCounts(
      next.status,
      [
        'observedGeneration',
        'replicas',
        'updatedReplicas',
        'readyReplicas',
        'availableReplicas',
        'unavailableReplicas',
        'terminatingReplicas',
        'collisionCount',
      ],
      statusPath,
    ),
    ...validateNotMore(next.status, [
      ['updatedReplicas', 'replicas', 'status.replicas'],
      ['readyReplicas', 'replicas', 'status.replicas'],
      ['availableReplicas', 'replicas', 'status.replicas'],
      ['availableReplicas', 'readyReplicas', 'readyReplicas'],
    ]),
    ...validateCollisionCount(next.status, old.status),
  ];
}
