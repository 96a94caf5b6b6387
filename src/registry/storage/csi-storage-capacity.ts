// CSIStorageCapacity: how much of a storage class a driver could still provide, and where.
import type { CSIStorageCapacity } from '../../objects.ts';
import { nodeLabelSelectorWarnings } from '../core/node-label-warnings.ts';
import { type FieldError, FieldPath } from '../field.ts';
import { validateDns1123Subdomain } from '../metadata/names.ts';
import { invalidEach, validateImmutableField } from '../metadata/object-meta.ts';
import { column, nameCell, nameColumn } from '../printer-column.ts';
import { validateNonnegativeQuantity } from '../quantity-validation.ts';
import { defineResource } from '../resource.ts';
import { validateLabelSelector } from '../selector-validation.ts';

const topologyPath = FieldPath.of('nodeTopology');
const classPath = FieldPath.of('storageClassName');

function validateCapacity(capacity: CSIStorageCapacity): FieldError[] {
  const { storageClassName: name = '' } = capacity;
  return [
    ...validateLabelSelector(capacity.nodeTopology, topologyPath),
    ...invalidEach(classPath, name, validateDns1123Subdomain(name)),
    ...validateNonnegativeQuantity(capacity.capacity, FieldPath.of('capacity')),
  ];
}

export const csiStorageCapacityResource = defineResource<CSIStorageCapacity>({
  kind: 'CSIStorageCapacity',
  plural: 'csistoragecapacities',
  singular: 'csistoragecapacity',
  namespaced: true,
  groups: [
    {
      group: 'storage.k8s.io',
      versions: [{ version: 'v1', schema: 'io.k8s.api.storage.v1.CSIStorageCapacity' }],
    },
  ],
  unconditionalUpdate: false,
  validate: validateCapacity,
  validateUpdate: (next, old) => [
    ...validateImmutableField(next.nodeTopology, old.nodeTopology, topologyPath),
    ...validateImmutableField(next.storageClassName, old.storageClassName, classPath),
  ],
  warnings: ({ nodeTopology }) => nodeLabelSelectorWarnings(nodeTopology, topologyPath),
  table: {
    columns: [
      nameColumn,
      column(
        'StorageClassName',
        'storageClassName represents the name of the StorageClass that the reported capacity ' +
          'applies to. It must meet the same requirements as the name of a StorageClass object ' +
          '(non-empty, DNS subdomain). If that object no longer exists, the CSIStorageCapacity ' +
          'object is obsolete and should be removed by its creator. This field is immutable.',
      ),
      column(
        'Capacity',
        'capacity is the value reported by the CSI driver in its GetCapacityResponse for a ' +
          'GetCapacityRequest with topology and parameters that match the previous fields.\n\n' +
          'The semantic is currently (CSI spec 1.2) defined as: The available capacity, in bytes, ' +
          'of the storage that can be used to provision volumes. If not set, that information is ' +
          'currently unavailable.',
      ),
    ],
    cells: (capacity) => [
      nameCell(capacity),
      capacity.storageClassName ?? '',
      capacity.capacity ?? '<unset>',
    ],
  },
});
