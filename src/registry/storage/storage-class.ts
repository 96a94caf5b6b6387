// StorageClass: a kind of storage that claims can ask for, and who provides it.
import type { StorageClass } from '../../objects.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';
import {
  storageClassWarnings,
  validateStorageClass,
  validateStorageClassUpdate,
} from './storage-class-validation.ts';

const defaultAnnotations = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];

/** Whether claims without a class are to get this one. */
export function isDefaultClass({ metadata }: StorageClass): boolean {
  return defaultAnnotations.some((name) => metadata?.annotations?.[name] === 'true');
}

function setStorageClassDefaults(storageClass: StorageClass): void {
  storageClass.reclaimPolicy ??= 'Delete';
  storageClass.volumeBindingMode ??= 'Immediate';
}

export const storageClassResource = defineResource<StorageClass>({
  kind: 'StorageClass',
  plural: 'storageclasses',
  singular: 'storageclass',
  shortNames: ['sc'],
  namespaced: false,
  groups: [
    {
      group: 'storage.k8s.io',
      versions: [
        {
          version: 'v1',
          schema: 'io.k8s.api.storage.v1.StorageClass',
          defaults: setStorageClassDefaults,
        },
      ],
    },
  ],
  returnsDeletedObject: true,
  validate: validateStorageClass,
  validateUpdate: validateStorageClassUpdate,
  warnings: storageClassWarnings,
  table: {
    columns: [
      nameColumn,
      column('Provisioner', 'provisioner indicates the type of the provisioner.'),
      column(
        'ReclaimPolicy',
        'reclaimPolicy controls the reclaimPolicy for dynamically provisioned PersistentVolumes ' +
          'of this storage class. Defaults to Delete.',
      ),
      column(
        'VolumeBindingMode',
        'volumeBindingMode indicates how PersistentVolumeClaims should be provisioned and bound.  ' +
          'When unset, VolumeBindingImmediate is used. This field is only honored by servers that ' +
          'enable the VolumeScheduling feature.',
      ),
      column(
        'AllowVolumeExpansion',
        'allowVolumeExpansion shows whether the storage class allow volume expand.',
      ),
      ageColumn,
    ],
    cells: (storageClass, nowMs) => [
      nameCell(storageClass) + (isDefaultClass(storageClass) ? ' (default)' : ''),
      storageClass.provisioner ?? '',
      storageClass.reclaimPolicy ?? 'Delete',
      storageClass.volumeBindingMode ?? 'Immediate',
      storageClass.allowVolumeExpansion ?? false,
      ageCell(storageClass, nowMs),
    ],
  },
});
