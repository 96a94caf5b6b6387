// ResourceQuota: how much all objects of a namespace may ask for together.
import type { ResourceQuota } from '../../objects.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn } from '../printer-column.ts';
import { roundToMilli } from '../quantity-validation.ts';
import { defineResource } from '../resource.ts';
import {
  resourceQuotaWarnings,
  validateResourceQuota,
  validateResourceQuotaStatusUpdate,
  validateResourceQuotaUpdate,
} from './resource-quota-validation.ts';

/** `name: used/hard` of every resource whose name starts with `limits.`, or of all the others. */
function usageCell({ status }: ResourceQuota, limits: boolean): string {
  return Object.entries(status?.hard ?? {})
    .filter(([name]) => name.startsWith('limits.') === limits)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, hard]) => `${name}: ${status?.used?.[name] ?? '0'}/${hard}`)
    .join(', ');
}

export const resourceQuotaResource = defineResource<ResourceQuota>({
  kind: 'ResourceQuota',
  plural: 'resourcequotas',
  singular: 'resourcequota',
  shortNames: ['quota'],
  namespaced: true,
  groups: [
    {
      group: '',
      versions: [
        {
          version: 'v1',
          schema: 'io.k8s.api.core.v1.ResourceQuota',
          defaults({ spec, status }) {
            for (const list of [spec?.hard, status?.hard, status?.used]) roundToMilli(list);
          },
        },
      ],
    },
  ],
  hasGeneration: false,
  hasStatus: true,
  returnsDeletedObject: true,
  validate: validateResourceQuota,
  validateUpdate: validateResourceQuotaUpdate,
  validateStatusUpdate: validateResourceQuotaStatusUpdate,
  warnings: resourceQuotaWarnings,
  table: {
    columns: [
      nameColumn,
      column(
        'Request',
        'Request represents a minimum amount of cpu/memory that a container may consume.',
      ),
      column(
        'Limit',
        'Limits control the maximum amount of cpu/memory that a container may use independent of ' +
          'contention on the node.',
      ),
      ageColumn,
    ],
    cells: (quota, nowMs) => [
      nameCell(quota),
      usageCell(quota, false),
      usageCell(quota, true),
      ageCell(quota, nowMs),
    ],
  },
});
