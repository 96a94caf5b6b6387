// PersistentVolumeClaim: a namespace's wish for storage, and what it got.
import type { PersistentVolumeClaim } from '../../objects.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn, wideColumn } from '../printer-column.ts';
import { roundToMilli } from '../quantity-validation.ts';
import { defineResource } from '../resource.ts';
import type { ClaimSpec } from './claim-spec-validation.ts';
import {
  claimWarnings,
  validateClaim,
  validateClaimStatusUpdate,
  validateClaimUpdate,
} from './persistent-volume-claim-validation.ts';
import { accessModesCell, storageClassOf } from './storage-cells.ts';
import { setClaimSpecDefaults } from './volume-defaults.ts';

function setClaimDefaults(claim: PersistentVolumeClaim): void {
  claim.status ??= {};
  claim.status.phase ||= 'Pending';
  claim.spec ??= {};
  setClaimSpecDefaults(claim.spec);
  roundToMilli(claim.status.capacity);
  roundToMilli(claim.status.allocatedResources);
}

function isClaimOrSnapshot({ apiGroup: group, kind }: NonNullable<ClaimSpec['dataSource']>) {
  const apiGroup = group ?? '';
  if (kind === 'PersistentVolumeClaim') return apiGroup === '';
  return kind === 'VolumeSnapshot' && apiGroup === 'snapshot.storage.k8s.io';
}

/**
 * Makes `dataSource` and `dataSourceRef` say the same (KEP-1495). A source in another namespace
 * is behind a gate that is off; one of another kind counts only in `dataSourceRef`.
 */
function settleDataSources(spec: ClaimSpec, old: ClaimSpec | undefined): void {
  if (spec.dataSourceRef?.namespace && !old?.dataSourceRef) delete spec.dataSourceRef;
  const inUse = Boolean(old?.dataSource ?? old?.dataSourceRef);
  const { dataSource, dataSourceRef } = spec;
  if (!inUse && !dataSourceRef && dataSource && !isClaimOrSnapshot(dataSource)) {
    delete spec.dataSource;
  }
  if (spec.dataSource && !dataSourceRef) spec.dataSourceRef = { ...spec.dataSource };
  if (dataSourceRef && !dataSource && !dataSourceRef.namespace) {
    const { namespace: _, ...local } = dataSourceRef;
    spec.dataSource = local;
  }
}

export const persistentVolumeClaimResource = defineResource<PersistentVolumeClaim>({
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
  singular: 'persistentvolumeclaim',
  shortNames: ['pvc'],
  namespaced: true,
  groups: [
    {
      group: '',
      versions: [
        {
          version: 'v1',
          schema: 'io.k8s.api.core.v1.PersistentVolumeClaim',
          defaults: setClaimDefaults,
        },
      ],
    },
  ],
  hasGeneration: false,
  hasStatus: true,
  returnsDeletedObject: true,
  prepareCreate(claim) {
    claim.status = { phase: 'Pending' };
    if (claim.spec) settleDataSources(claim.spec, undefined);
  },
  prepareUpdate(next, old) {
    if (next.spec) settleDataSources(next.spec, old.spec);
  },
  validate: validateClaim,
  validateUpdate: validateClaimUpdate,
  validateStatusUpdate: validateClaimStatusUpdate,
  warnings: (claim, _old, subresource) => (subresource === 'status' ? [] : claimWarnings(claim)),
  table: {
    columns: [
      nameColumn,
      column('Status', 'phase represents the current phase of PersistentVolumeClaim.'),
      column(
        'Volume',
        'volumeName is the binding reference to the PersistentVolume backing this claim.',
      ),
      column('Capacity', 'capacity represents the actual resources of the underlying volume.'),
      column(
        'Access Modes',
        'accessModes contains the actual access modes the volume backing the PVC has. More info: ' +
          'https://kubernetes.io/docs/concepts/storage/persistent-volumes#access-modes-1',
      ),
      column('StorageClass', 'StorageClass of the pvc'),
      column('VolumeAttributesClass', 'VolumeAttributesClass of the pvc'),
      ageColumn,
      wideColumn(
        'VolumeMode',
        'volumeMode defines what type of volume is required by the claim. Value of Filesystem is ' +
          'implied when not included in claim spec.',
      ),
    ],
    cells: (claim, nowMs) => {
      const { spec, status, metadata } = claim;
      const bound = Boolean(spec?.volumeName);
      return [
        nameCell(claim),
        metadata?.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating',
        spec?.volumeName ?? '',
        bound ? (status?.capacity?.storage ?? '0') : '',
        bound ? accessModesCell(status?.accessModes) : '',
        storageClassOf(claim) ?? '',
        spec?.volumeAttributesClassName ?? '<unset>',
        ageCell(claim, nowMs),
        spec?.volumeMode ?? '<unset>',
      ];
    },
  },
});
