// What the specs of all workloads share: counts, selectors and templates that fit together.
import type { LabelSelector, PodTemplateSpec, ReplicaSet } from '../../objects.ts';
import { labelSelectorMatcher } from '../../selector.ts';
import { validatePodTemplate } from '../core/pod-spec-validation.ts';
import { validateNonNegative } from '../core/probe-validation.ts';
import {
  type FieldError,
  FieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../field.ts';
import { validateImmutableField } from '../metadata/object-meta.ts';
import { validateLabelSelector } from '../selector-validation.ts';

export const specPath: FieldPath = FieldPath.of('spec');
export const statusPath: FieldPath = FieldPath.of('status');
export const templatePath: FieldPath = specPath.child('template');
const selectorPath = specPath.child('selector');

export function isEmptySelector(selector: LabelSelector): boolean {
  const labels = Object.keys(selector.matchLabels ?? {}).length;
  return labels + (selector.matchExpressions ?? []).length === 0;
}

/** @param ownerKind as upstream's message names it: `deployment` */
export function validateSelector(
  selector: LabelSelector | undefined,
  ownerKind: string,
): FieldError[] {
  if (!selector) return [required(selectorPath)];
  const errors = validateLabelSelector(selector, selectorPath);
  if (isEmptySelector(selector)) errors.push(emptySelector(selector, ownerKind));
  return errors;
}

export function emptySelector(selector: LabelSelector, ownerKind: string): FieldError {
  return invalidValue(selectorPath, selector, `empty selector is invalid for ${ownerKind}`);
}

/**
 * Whether `selector` takes `labels`, as metav1.LabelSelectorAsSelector: a missing one takes
 * nothing; undefined where the selector makes no sense.
 */
export function selects(
  selector: LabelSelector | undefined,
  labels: Record<string, string> | undefined,
): boolean | undefined {
  if (validateLabelSelector(selector, selectorPath).length > 0) return undefined;
  return labelSelectorMatcher(selector)(labels);
}

/** Says that the selector does not take the template's labels. */
export function mismatchedTemplateLabels(
  template: PodTemplateSpec | undefined,
  path: FieldPath,
): FieldError {
  const why = '`selector` does not match template `labels`';
  return invalidValue(path.child('metadata', 'labels'), template?.metadata?.labels, why);
}

/**
 * Of Deployments and ReplicaSets: a template with labels that the selector takes. Where the
 * selector makes no sense the template is not looked at.
 */
export function validateTemplate(
  template: PodTemplateSpec | undefined,
  selector: LabelSelector | undefined,
): FieldError[] {
  const selected = selects(selector, template?.metadata?.labels);
  if (selected === undefined) {
    return [invalidValue(selectorPath, selector, 'invalid label selector')];
  }
  return [
    ...(selected ? [] : [mismatchedTemplateLabels(template, templatePath)]),
    ...validatePodTemplate(template, templatePath),
    ...validateLongRunning(template, templatePath, 'ReplicaSet'),
  ];
}

/** Pods that are restarted for ever, and have no deadline. */
export function validateLongRunning(
  template: PodTemplateSpec | undefined,
  path: FieldPath,
  ownerKind: string,
): FieldError[] {
  const errors: FieldError[] = [];
  const policy = template?.spec?.restartPolicy ?? '';
  if (policy !== 'Always') {
    errors.push(notSupported(path.child('spec', 'restartPolicy'), policy, ['Always']));
  }
  if (template?.spec?.activeDeadlineSeconds !== undefined) {
    const why = `activeDeadlineSeconds in ${ownerKind} is not Supported`;
    errors.push(forbiddenField(path.child('spec', 'activeDeadlineSeconds'), why));
  }
  return errors;
}

export function validateImmutableSelector(next: unknown, old: unknown): readonly FieldError[] {
  return validateImmutableField(next, old, selectorPath);
}

/** Numbers that may not be negative, by their names under `path`. */
export function validateCounts<T extends object>(
  object: T | undefined,
  names: readonly (keyof T & string)[],
  path: FieldPath,
): FieldError[] {
  return names.flatMap((name) => {
    const value = object?.[name];
    return typeof value === 'number' ? validateNonNegative(value, path.child(name)) : [];
  });
}

/** `low` may not exceed `high`, in upstream's words for it. */
export function validateNotMore<T extends object>(
  status: T | undefined,
  pairs: readonly (readonly [low: keyof T & string, high: keyof T & string, shown: string])[],
): FieldError[] {
  return pairs.flatMap(([low, high, shown]) => {
    const less = Number(status?.[low] ?? 0);
    if (less <= Number(status?.[high] ?? 0)) return [];
    return [invalidValue(statusPath.child(low), less, `cannot be greater than ${shown}`)];
  });
}

/** The status of a ReplicaSet; a ReplicationController's is one that counts less. */
export function validateReplicaSetStatus(status: ReplicaSet['status']): FieldError[] {
  return [
    ...validateCounts(
      status,
      [
        'replicas',
        'fullyLabeledReplicas',
        'readyReplicas',
        'availableReplicas',
        'terminatingReplicas',
        'observedGeneration',
      ],
      statusPath,
    ),
    ...validateNotMore(status, [
      ['fullyLabeledReplicas', 'replicas', 'status.replicas'],
      ['readyReplicas', 'replicas', 'status.replicas'],
      ['availableReplicas', 'replicas', 'status.replicas'],
      ['availableReplicas', 'readyReplicas', 'readyReplicas'],
    ]),
  ];
}

interface Collisions {
  readonly collisionCount?: number;
}

/** Names are derived from the count of collisions, so it only ever grows. */
export function validateCollisionCount(
  next: Collisions | undefined,
  old: Collisions | undefined,
): FieldError[] {
  const before = old?.collisionCount;
  const after = next?.collisionCount;
  if (before === undefined || (after !== undefined && after >= before)) return [];
  return [invalidValue(statusPath.child('collisionCount'), after ?? 0, 'cannot be decremented')];
}
