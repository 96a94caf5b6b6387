// PriorityClass: a name for how important pods are, and the two that every cluster has.
import type { PriorityClass } from '../../objects.ts';
import { type FieldError, FieldPath, forbiddenField, notSupported, required } from '../field.ts';
import { validateImmutableField } from '../metadata/object-meta.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';

const userPriorityMax = 1_000_000_000;
const systemPrefix = 'system-';
const policies = ['PreemptLowerPriority', 'Never'];
const policyPath = FieldPath.of('preemptionPolicy');
const valuePath = FieldPath.of('value');

/** The classes that the server makes; nobody may delete them or claim their names. */
export const systemPriorityClasses: readonly {
  readonly name: string;
  readonly value: number;
  readonly description: string;
}[] = [
  {
    name: 'system-node-critical',
    value: 2_000_001_000,
    description: 'Used for system critical pods that must not be moved from their current node.',
  },
  {
    name: 'system-cluster-critical',
    value: 2_000_000_000,
    description:
      'Used for system critical pods that must run in the cluster, but can be moved to another ' +
      'node if necessary.',
  },
];

/** Why a `system-` name cannot be used like this. */
function systemRefusal(name: string, value: number, isDefault: boolean): string | undefined {
  const found = systemPriorityClasses.find((each) => each.name === name);
  if (found === undefined) return `${name} is not a known system priority class`;
  if (found.value !== value) return `value of ${name} PriorityClass must be ${found.value}`;
  return isDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}

function validatePriorityClass(priorityClass: PriorityClass): FieldError[] {
  const { metadata, value = 0, globalDefault = false, preemptionPolicy: policy } = priorityClass;
  const errors: FieldError[] = [];
  const name = metadata?.name ?? '';
  if (name.startsWith(systemPrefix)) {
    const why = systemRefusal(name, value, globalDefault);
    if (why !== undefined) {
      const detail =
        `priority class names with '${systemPrefix}' prefix are reserved for system use only. ` +
        `error: ${why}`;
      errors.push(forbiddenField(FieldPath.of('metadata', 'name'), detail));
    }
  } else if (value > userPriorityMax) {
    const why = `maximum allowed value of a user defined priority is ${userPriorityMax}`;
    errors.push(forbiddenField(valuePath, why));
  }
  if (policy === '') errors.push(required(policyPath));
  else if (policy !== undefined && !policies.includes(policy)) {
    errors.push(notSupported(policyPath, policy, policies));
  }
  return errors;
}

function validateChange(next: PriorityClass, old: PriorityClass): FieldError[] {
  const errors =
    (next.value ?? 0) === (old.value ?? 0)
      ? []
      : [forbiddenField(valuePath, 'may not be changed in an update.')];
  const { preemptionPolicy } = next;
  return [...errors, ...validateImmutableField(preemptionPolicy, old.preemptionPolicy, policyPath)];
}

export const priorityClassResource = defineResource<PriorityClass>({
  kind: 'PriorityClass',
  plural: 'priorityclasses',
  singular: 'priorityclass',
  shortNames: ['pc'],
  namespaced: false,
  groups: [
    {
      group: 'scheduling.k8s.io',
      versions: [
        {
          version: 'v1',
          schema: 'io.k8s.api.scheduling.v1.PriorityClass',
          defaults(priorityClass) {
            priorityClass.preemptionPolicy ??= 'PreemptLowerPriority';
          },
        },
      ],
    },
  ],
  // It is 1 and stays so: there is no spec to count changes of.
  prepareCreate({ metadata }) {
    if (metadata !== undefined) metadata.generation = 1;
  },
  validate: (priorityClass, _context, old) =>
    old === undefined ? validatePriorityClass(priorityClass) : validateChange(priorityClass, old),
  table: {
    columns: [
      nameColumn,
      column(
        'Value',
        'value represents the integer value of this priority class. This is the actual priority ' +
          'that pods receive when they have the name of this class in their pod spec.',
        'integer',
      ),
      column(
        'Global-Default',
        'globalDefault specifies whether this PriorityClass should be considered as the default ' +
          'priority for pods that do not have any priority class. Only one PriorityClass can be ' +
          'marked as `globalDefault`. However, if more than one PriorityClasses exists with their ' +
          '`globalDefault` field set to true, the smallest value of such global default ' +
          'PriorityClasses will be used as the default priority.',
        'boolean',
      ),
      ageColumn,
      column(
        'PreemptionPolicy',
        'preemptionPolicy is the Policy for preempting pods with lower priority. One of Never, ' +
          'PreemptLowerPriority. Defaults to PreemptLowerPriority if unset.',
      ),
    ],
    cells: (priorityClass, nowMs) => [
      nameCell(priorityClass),
      priorityClass.value ?? 0,
      priorityClass.globalDefault ?? false,
      ageCell(priorityClass, nowMs),
      priorityClass.preemptionPolicy ?? '',
    ],
  },
});
