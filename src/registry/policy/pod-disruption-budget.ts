// PodDisruptionBudget: how many pods of an application may be evicted at the same time.
import type { PodDisruptionBudget } from '../../objects.ts';
import { type FieldError, FieldPath, invalidValue, notSupported } from '../field.ts';
import { validateAtMost100Percent, validateIntOrPercent } from '../int-or-percent.ts';
import { validateConditions } from '../metadata/conditions.ts';
import { validatePathSegmentName } from '../metadata/names.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';
import { validateLabelSelector } from '../selector-validation.ts';

type Spec = NonNullable<PodDisruptionBudget['spec']>;

const specPath = FieldPath.of('spec');
const statusPath = FieldPath.of('status');
const evictionPolicies = ['AlwaysAllow', 'IfHealthyBudget'];

function validateSpec(spec: Spec): FieldError[] {
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy: policy } = spec;
  const errors: FieldError[] = [];
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    const why = 'minAvailable and maxUnavailable cannot be both set';
    errors.push(invalidValue(specPath, shownSpec(spec), why));
  }
  for (const [name, amount] of Object.entries({ minAvailable, maxUnavailable })) {
    if (amount === undefined) continue;
    const path = specPath.child(name);
    errors.push(...validateIntOrPercent(amount, path), ...validateAtMost100Percent(amount, path));
  }
  errors.push(...validateLabelSelector(selector, specPath.child('selector')));
  if (policy !== undefined && !evictionPolicies.includes(policy)) {
    const path = specPath.child('unhealthyPodEvictionPolicy');
    errors.push(notSupported(path, policy, evictionPolicies));
  }
  return errors;
}

/** As Go's internal type is shown inside an error. */
function shownSpec(spec: Spec): object {
  return {
    MinAvailable: spec.minAvailable ?? null,
    Selector: spec.selector ?? null,
    MaxUnavailable: spec.maxUnavailable ?? null,
    UnhealthyPodEvictionPolicy: spec.unhealthyPodEvictionPolicy ?? null,
  };
}

function validateStatus({ status }: PodDisruptionBudget): FieldError[] {
  const errors = [...validateConditions(status?.conditions, statusPath.child('conditions'))];
  for (const name of [
    'disruptionsAllowed',
    'currentHealthy',
    'desiredHealthy',
    'expectedPods',
  ] as const) {
    const count = status?.[name] ?? 0;
    if (count >= 0) continue;
    const why = 'must be greater than or equal to 0';
    errors.push(invalidValue(statusPath.child(name), count, why));
  }
  return errors;
}

function amountCell(amount: string | number | undefined): string {
  return amount === undefined ? 'N/A' : String(amount);
}

export const podDisruptionBudgetResource = defineResource<PodDisruptionBudget>({
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  singular: 'poddisruptionbudget',
  shortNames: ['pdb'],
  namespaced: true,
  groups: [
    {
      group: 'policy',
      versions: [{ version: 'v1', schema: 'io.k8s.api.policy.v1.PodDisruptionBudget' }],
    },
  ],
  hasStatus: true,
  // Upstream never asked for more than a name that fits into a path.
  validateName: validatePathSegmentName,
  unconditionalUpdate: false,
  validate: ({ spec }) => validateSpec(spec ?? {}),
  validateStatusUpdate: validateStatus,
  table: {
    columns: [
      nameColumn,
      column('Min Available', 'The minimum number of pods that must be available.'),
      column('Max Unavailable', 'The maximum number of pods that may be unavailable.'),
      column(
        'Allowed Disruptions',
        'Calculated number of pods that may be disrupted at this time.',
        'integer',
      ),
      ageColumn,
    ],
    cells: (budget, nowMs) => [
      nameCell(budget),
      amountCell(budget.spec?.minAvailable),
      amountCell(budget.spec?.maxUnavailable),
      budget.status?.disruptionsAllowed ?? 0,
      ageCell(budget, nowMs),
    ],
  },
});
