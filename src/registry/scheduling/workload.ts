// Workload: the groups of pods that something consists of; alpha, off by default.
import type { Workload } from '../../objects.ts';
import { ageCell, ageColumn, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';
import {
  dropGatedFields,
  validateWorkload,
  validateWorkloadUpdate,
} from './pod-group-validation.ts';

function prepare({ spec }: Workload): void {
  for (const template of spec?.podGroupTemplates ?? []) dropGatedFields(template);
}

export const workloadResource = defineResource<Workload>({
  kind: 'Workload',
  plural: 'workloads',
  singular: 'workload',
  namespaced: true,
  groups: [
    {
      group: 'scheduling.k8s.io',
      versions: [
        {
          version: 'v1alpha2',
          schema: 'io.k8s.api.scheduling.v1alpha2.Workload',
          served: false,
        },
      ],
    },
  ],
  hasGeneration: false,
  prepareCreate: prepare,
  prepareUpdate: prepare,
  validate: validateWorkload,
  validateUpdate: validateWorkloadUpdate,
  table: {
    columns: [nameColumn, ageColumn],
    cells: (workload, nowMs) => [nameCell(workload), ageCell(workload, nowMs)],
  },
});
