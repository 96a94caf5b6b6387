// CSIStorageCapacity: how much of a storage class a driver could still provide, and where.
import type { CSIStorageCapacity } from '../../objects.ts';
import { nodeLabelSelectorWarnings } from '../core/node-label-warnings.ts';
import { type FieldError, FieldPath } from '../field.ts';
import { validateDns1123Subdomain } from '../metadata/names.ts';
import { invalidEach, validateImmutableField } from '../metadata/object-meta.ts';
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
});
