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
import {
  specPath,
  statusPath,
  validateCounts,
  validateImmutableSelector,
  validateNotMore,
  validateSelector,
  validateTemplate,
} from './workload-validation.ts';

type Spec = NonNullable<Deployment['spec']>;
type Amount = number | string | undefined;

const percentPattern = /^[0-9]+%$/;

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
  const rollingPath = path.child('rollingUpdate');
  switch (strategy?.type) {
    case 'Recreate':
      if (!strategy.rollingUpdate) return [];
      return [
        forbiddenField(rollingPath, "may not be specified when strategy `type` is 'Recreate'"),
      ];
    case 'RollingUpdate': {
      const rolling = strategy.rollingUpdate;
      if (!rolling) {
        const why = 'this should be defaulted and never be nil';
        return [required(rollingPath, why)];
      }
      return validateRolling(rolling.maxUnavailable, rolling.maxSurge, rollingPath);
    }
    default:
      return [
        notSupported(path.child('type'), strategy?.type ?? '', ['Recreate', 'RollingUpdate']),
      ];
  }
}

function validateRolling(maxUnavailable: Amount, maxSurge: Amount, path: FieldPath): FieldError[] {
  const errors = [
    ...validateAmount(maxUnavailable, path.child('maxUnavailable')),
    ...validateAmount(maxSurge, path.child('maxSurge')),
  ];
  if (amountOf(maxUnavailable) === 0 && amountOf(maxSurge) === 0) {
    const why = 'may not be 0 when `maxSurge` is 0';
    errors.push(invalidValue(path.child('maxUnavailable'), maxUnavailable, why));
  }
  if (typeof maxUnavailable === 'string' && amountOf(maxUnavailable) > 100) {
    const why = 'must not be greater than 100%';
    errors.push(invalidValue(path.child('maxUnavailable'), maxUnavailable, why));
  }
  return errors;
}

function amountOf(amount: Amount): number {
  if (typeof amount !== 'string') return amount ?? 0;
  return percentPattern.test(amount) ? Number.parseInt(amount, 10) : 0;
}

function validateAmount(amount: Amount, path: FieldPath): FieldError[] {
  if (typeof amount === 'string') {
    if (percentPattern.test(amount)) return [];
    const why =
      "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%', " +
      " or '93%', regex used for validation is '[0-9]+%')";
    return [invalidValue(path, amount, why)];
  }
  if ((amount ?? 0) >= 0) return [];
  return [invalidValue(path, amount, 'must be greater than or equal to 0')];
}

export function validateDeploymentUpdate(next: Deployment, old: Deployment): FieldError[] {
  return validateImmutableSelector(next.spec?.selector, old.spec?.selector);
}

export function validateDeploymentStatusUpdate(next: Deployment, old: Deployment): FieldError[] {
  const errors = [
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
      ['updatedReplicas', 'replicas'],
      ['readyReplicas', 'replicas'],
      ['availableReplicas', 'replicas'],
      ['availableReplicas', 'readyReplicas'],
    ]),
  ];
  const before = old.status?.collisionCount;
  const after = next.status?.collisionCount;
  if (before !== undefined && (after === undefined || after < before)) {
    const why = 'cannot be decremented';
    errors.push(invalidValue(statusPath.child('collisionCount'), after ?? null, why));
  }
  return errors;
}
