// PersistentVolume: a piece of storage of the cluster, whoever claims it.
import { timestamp } from '../../clock.ts';
import type { PersistentVolume } from '../../objects.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn, wideColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';
import {
  persistentVolumeWarnings,
  validatePersistentVolume,
  validatePersistentVolumeUpdate,
} from './persistent-volume-validation.ts';
import { accessModesCell, storageClassOf } from './storage-cells.ts';
import { setPersistentSourceDefaults } from './volume-defaults.ts';

function setPersistentVolumeDefaults(volume: PersistentVolume): void {
  volume.status ??= {};
  volume.status.phase ||= 'Pending';
  volume.spec ??= {};
  const { spec } = volume;
  spec.persistentVolumeReclaimPolicy ||= 'Retain';
  spec.volumeMode ??= 'Filesystem';
  setPersistentSourceDefaults(spec);
}

export const persistentVolumeResource = defineResource<PersistentVolume>({
  kind: 'PersistentVolume',
  plural: 'persistentvolumes',
  singular: 'persistentvolume',
  shortNames: ['pv'],
  namespaced: false,
  groups: [
    {
      group: '',
      versions: [
        {
          version: 'v1',
          schema: 'io.k8s.api.core.v1.PersistentVolume',
          defaults: setPersistentVolumeDefaults,
        },
      ],
    },
  ],
  hasGeneration: false,
  hasStatus: true,
  returnsDeletedObject: true,
  prepareCreate(volume, { clock }) {
    volume.status = { phase: 'Pending', lastPhaseTransitionTime: timestamp(clock) };
  },
  prepareStatusUpdate(next, old, { clock }) {
    const { status } = next;
    if (!status) return;
    const before = old.status?.lastPhaseTransitionTime;
    if (status.phase === old.status?.phase) {
      if (before !== undefined) status.lastPhaseTransitionTime ??= before;
      return;
    }
    // A client that says when the phase changed is believed.
    const said = status.lastPhaseTransitionTime;
    if (said === undefined || said === before) status.lastPhaseTransitionTime = timestamp(clock);
  },
  validate: validatePersistentVolume,
  validateUpdate: validatePersistentVolumeUpdate,
  warnings: (volume, _old, subresource) =>
    subresource === 'status' ? [] : persistentVolumeWarnings(volume),
  table: {
    columns: [
      nameColumn,
      column(
        'Capacity',
        "capacity is the description of the persistent volume's resources and capacity. More " +
          'info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#capacity',
      ),
      column(
        'Access Modes',
        'accessModes contains all ways the volume can be mounted. More info: ' +
          'https://kubernetes.io/docs/concepts/storage/persistent-volumes#access-modes',
      ),
      column(
        'Reclaim Policy',
        'persistentVolumeReclaimPolicy defines what happens to a persistent volume when released ' +
          'from its claim. Valid options are Retain (default for manually created ' +
          'PersistentVolumes), Delete (default for dynamically provisioned PersistentVolumes), ' +
          'and Recycle (deprecated). Recycle must be supported by the volume plugin underlying ' +
          'this PersistentVolume. More info: ' +
          'https://kubernetes.io/docs/concepts/storage/persistent-volumes#reclaiming',
      ),
      column(
        'Status',
        'phase indicates if a volume is available, bound to a claim, or released by a claim. More ' +
          'info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#phase',
      ),
      column(
        'Claim',
        'claimRef is part of a bi-directional binding between PersistentVolume and ' +
          'PersistentVolumeClaim. Expected to be non-nil when bound. claim.VolumeName is the ' +
          'authoritative bind between PV and PVC. More info: ' +
          'https://kubernetes.io/docs/concepts/storage/persistent-volumes#binding',
      ),
      column('StorageClass', 'StorageClass of the pv'),
      column('VolumeAttributesClass', 'VolumeAttributesClass of the pv'),
      column(
        'Reason',
        'reason is a brief CamelCase string that describes any failure and is meant for machine ' +
          'parsing and tidy display in the CLI.',
      ),
      ageColumn,
      wideColumn(
        'VolumeMode',
        'volumeMode defines if a volume is intended to be used with a formatted filesystem or to ' +
          'remain in raw block state. Value of Filesystem is implied when not included in spec.',
      ),
    ],
    cells: (volume, nowMs) => {
      const { spec, status, metadata } = volume;
      const claim = spec?.claimRef;
      return [
        nameCell(volume),
        spec?.capacity?.storage ?? '0',
        accessModesCell(spec?.accessModes),
        spec?.persistentVolumeReclaimPolicy ?? '',
        metadata?.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating',
        claim ? `${claim.namespace ?? ''}/${claim.name ?? ''}` : '',
        storageClassOf(volume) ?? '',
        spec?.volumeAttributesClassName ?? '<unset>',
        status?.reason ?? '',
        ageCell(volume, nowMs),
        spec?.volumeMode ?? '<unset>',
      ];
    },
  },
});
