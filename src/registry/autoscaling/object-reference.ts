// References of autoscalers to what they scale and what their metrics describe.
import type { HorizontalPodAutoscaler } from '../../objects.ts';
import { type FieldError, type FieldPath, invalidValue, required } from '../field.ts';
import { validatePathSegmentName } from '../metadata/names.ts';
import { invalidEach } from '../metadata/object-meta.ts';

type Reference = NonNullable<HorizontalPodAutoscaler['spec']>['scaleTargetRef'];

export interface ReferenceRules {
  /** The core group, which has no name, is fine. */
  readonly coreGroup?: boolean;
  /** The version is not looked at. */
  readonly anyVersion?: boolean;
}

export function apiVersionError(
  { apiVersion = '' }: Reference,
  rules: ReferenceRules,
): string | undefined {
  if (rules.anyVersion === true) return undefined;
  const parts = apiVersion.split('/');
  if (parts.length > 2) return `unexpected GroupVersion string: ${apiVersion}`;
  const group = parts.length === 2 ? parts[0] : '';
  if (group === '' && rules.coreGroup !== true) return 'apiVersion must specify API group';
  return undefined;
}

export function validateReference(
  reference: Reference,
  path: FieldPath,
  rules: ReferenceRules,
): FieldError[] {
  const errors = (['kind', 'name'] as const).flatMap((field) => {
    const value = reference[field] ?? '';
    const own = path.child(field);
    return value === '' ? [required(own)] : invalidEach(own, value, validatePathSegmentName(value));
  });
  const wrong = apiVersionError(reference, rules);
  if (wrong === undefined) return errors;
  return [...errors, invalidValue(path.child('apiVersion'), reference.apiVersion ?? '', wrong)];
}
