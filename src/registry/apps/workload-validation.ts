// What the specs of all workloads share: counts, selectors and templates that fit together.
import { isDeepStrictEqual } from 'node:util';
import type { LabelSelector, PodTemplateSpec } from '../../objects.ts';
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
import { validateLabelSelector } from '../selector-validation.ts';

export const specPath: FieldPath = FieldPath.of('spec');
export const statusPath: FieldPath = FieldPath.of('status');

function isEmpty(selector: LabelSelector): boolean {
  const labels = Object.keys(selector.matchLabels ?? {}).length;
  return labels + (selector.matchExpressions ?? []).length === 0;
}

/** @param ownerKind as upstream's message names it: `deployment` */
export function validateSelector(
  selector: LabelSelector | undefined,
  ownerKind: string,
): FieldError[] {
  const path = specPath.child('selector');
  if (!selector) return [required(path)];
  const errors = validateLabelSelector(selector, path);
  if (isEmpty(selector)) {
    const why = `empty selector is invalid for ${ownerKind}`;
    errors.push(invalidValue(path, selector, why));
  }
  return errors;
}

/** Labels that the selector takes, a valid pod, and one that is restarted for ever. */
export function validateTemplate(
  template: PodTemplateSpec | undefined,
  selector: LabelSelector | undefined,
): FieldError[] {
  const path = specPath.child('template');
  const errors: FieldError[] = [];
  const labels = template?.metadata?.labels;
  if (selector && !isEmpty(selector) && !selects(selector, labels)) {
    const why = '`selector` does not match template `labels`';
    errors.push(invalidValue(path.child('metadata', 'labels'), labels ?? {}, why));
  }
  errors.push(...validatePodTemplate(template, path));
  const policy = template?.spec?.restartPolicy;
  if (policy !== undefined && policy !== '' && policy !== 'Always') {
    errors.push(notSupported(path.child('spec', 'restartPolicy'), policy, ['Always']));
  }
  if (template?.spec?.activeDeadlineSeconds !== undefined) {
    const deadlinePath = path.child('spec', 'activeDeadlineSeconds');
    const why = 'activeDeadlineSeconds in ReplicaSet is not Supported';
    errors.push(forbiddenField(deadlinePath, why));
  }
  return errors;
}

function selects(selector: LabelSelector, labels: Record<string, string> | undefined): boolean {
  try {
    return labelSelectorMatcher(selector)(labels);
  } catch {
    return true; // a selector that is wrong has its own cause already
  }
}

export function validateImmutableSelector(next: unknown, old: unknown): FieldError[] {
  if (isDeepStrictEqual(next, old)) return [];
  return [invalidValue(specPath.child('selector'), next, 'field is immutable')];
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

/** `low` may not exceed `high`, by upstream's words for each pair. */
export function validateNotMore<T extends object>(
  status: T | undefined,
  pairs: readonly (readonly [low: keyof T & string, high: keyof T & string])[],
): FieldError[] {
  return pairs.flatMap(([low, high]) => {
    const less = Number(status?.[low] ?? 0);
    if (less <= Number(status?.[high] ?? 0)) return [];
    const shownHigh = high === 'replicas' ? 'status.replicas' : high;
    return [invalidValue(statusPath.child(low), less, `cannot be greater than ${shownHigh}`)];
  });
}
