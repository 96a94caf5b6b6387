// What the two kinds of webhook configuration have in common: names, columns, warnings.
import type { KubernetesObject } from '../../objects.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn } from '../printer-column.ts';
import type { TableShape } from '../resource.ts';

export const admissionGroup = 'admissionregistration.k8s.io';

export const webhooksTable: TableShape<KubernetesObject & { webhooks?: readonly unknown[] }> = {
  columns: [
    nameColumn,
    column(
      'Webhooks',
      'Webhooks indicates the number of webhooks registered in this configuration',
      'integer',
    ),
    ageColumn,
  ],
  cells: (configuration, nowMs) => [
    nameCell(configuration),
    configuration.webhooks?.length ?? 0,
    ageCell(configuration, nowMs),
  ],
};

const staticSuffix = '.static.k8s.io';

/** Such names will belong to configuration from files on the server. */
export function staticNameWarnings(object: KubernetesObject): readonly string[] {
  if (object.metadata?.name?.endsWith(staticSuffix) !== true) return [];
  return [
    `metadata.name: names ending with "${staticSuffix}" are reserved for static manifest-based ` +
      'configurations and cannot be managed via the API',
  ];
}
