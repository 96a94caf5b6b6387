// Cells that the tables of all workloads share: containers, images, selector.
import type { PodTemplateSpec } from '../../objects.ts';
import { wideColumn } from '../printer-column.ts';
import type { TableColumn } from '../resource.ts';

export const containersColumn: TableColumn = wideColumn(
  'Containers',
  'Names of each container in the template.',
);
export const imagesColumn: TableColumn = wideColumn(
  'Images',
  'Images referenced by each container in the template.',
);

export function containersCell(template: PodTemplateSpec | undefined): string {
  return (template?.spec?.containers ?? []).map((container) => container.name).join(',');
}

export function imagesCell(template: PodTemplateSpec | undefined): string {
  return (template?.spec?.containers ?? []).map((container) => container.image ?? '').join(',');
}
