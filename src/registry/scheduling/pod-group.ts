// PodGroup: pods that are scheduled together; alpha, off by default.
import type { Condition, PodGroup } from '../../objects.ts';
import { FieldPath } from '../field.ts';
import { validateConditions } from '../metadata/conditions.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';
import {
  dropGatedFields,
  validatePodGroup,
  validatePodGroupUpdate,
} from './pod-group-validation.ts';

function statusCell({ status }: PodGroup): string {
  const find = (wanted: string) => status?.conditions?.findLast(({ type }) => type === wanted);
  const disruption = find('DisruptionTarget');
  if (disruption !== undefined) return disruption.reason;
  const scheduled = find('PodGroupScheduled');
  if (scheduled === undefined) return 'Pending';
  return scheduled.status === 'True' ? 'Scheduled' : 'Unschedulable';
}

function prepare({ spec }: PodGroup): void {
  if (spec !== undefined) dropGatedFields(spec);
}

export const podGroupResource = defineResource<PodGroup>({
  kind: 'PodGroup',
  plural: 'podgroups',
  singular: 'podgroup',
  namespaced: true,
  groups: [
    {
      group: 'scheduling.k8s.io',
      versions: [
        {
          version: 'v1alpha2',
          schema: 'io.k8s.api.scheduling.v1alpha2.PodGroup',
          served: false,
        },
      ],
    },
  ],
  hasGeneration: false,
  hasStatus: true,
  statusKeepsMetadata: true,
  prepareCreate: prepare,
  prepareUpdate: prepare,
  prepareStatusUpdate(next) {
    delete next.status?.resourceClaimStatuses;
  },
  validate: validatePodGroup,
  validateUpdate: validatePodGroupUpdate,
  validateStatusUpdate: ({ status }) =>
    validateConditions(
      status?.conditions as Condition[] | undefined,
      FieldPath.of('status', 'conditions'),
    ),
  table: {
    columns: [
      nameColumn,
      column(
        'Policy',
        'SchedulingPolicy defines the scheduling policy for this instance of the PodGroup. ' +
          'Controllers are expected to fill this field by copying it from a PodGroupTemplate. This ' +
          'field is immutable.',
      ),
      column('Workload', 'Name of the referenced Workload object'),
      column('Status', 'Status of the PodGroup'),
      ageColumn,
    ],
    cells: (group, nowMs) => [
      nameCell(group),
      group.spec?.schedulingPolicy?.gang === undefined ? 'Basic' : 'Gang',
      group.spec?.podGroupTemplateRef?.workload?.workloadName ?? '<none>',
      statusCell(group),
      ageCell(group, nowMs),
    ],
  },
});
