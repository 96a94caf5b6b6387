// ComponentStatus: whether a part of the control plane is well; found out when asked, never stored.
import type { ComponentStatus } from '../../objects.ts';
import { column, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource, type TableShape } from '../resource.ts';

export const componentStatusTable: TableShape<ComponentStatus> = {
  columns: [
    nameColumn,
    column('Status', 'Status of the component conditions'),
    column('Message', 'Message of the component conditions'),
    column('Error', 'Error of the component conditions'),
  ],
  cells: (component) => {
    const healthy = component.conditions?.find(({ type }) => type === 'Healthy');
    const status = healthy?.status === 'True' ? 'Healthy' : 'Unhealthy';
    return [
      nameCell(component),
      healthy === undefined ? 'Unknown' : status,
      healthy?.message ?? '',
      healthy?.error ?? '',
    ];
  },
};

export const componentStatusResource = defineResource<ComponentStatus>({
  kind: 'ComponentStatus',
  plural: 'componentstatuses',
  singular: 'componentstatus',
  shortNames: ['cs'],
  namespaced: false,
  groups: [
    { group: '', versions: [{ version: 'v1', schema: 'io.k8s.api.core.v1.ComponentStatus' }] },
  ],
  verbs: ['get', 'list'],
  virtual: true,
  hasGeneration: false,
  table: componentStatusTable,
});
