// PersistentVolumeClaimResize: only bound claims grow, and only where their class lets them.
import type { PersistentVolumeClaim, StorageClass } from '../../objects.ts';
import { compareQuantities } from '../../quantity.ts';
import { storageClassOf } from '../../registry/core/storage-cells.ts';
import { amountOf } from '../../registry/quantity-validation.ts';
import type { AdmissionParts, AdmissionPlugin } from './plugin.ts';
import { refuse, targetOf } from './plugin.ts';

function sizeOf(claim: PersistentVolumeClaim) {
  return amountOf(claim.spec?.resources?.requests?.storage);
}

export function persistentVolumeClaimResize({ objects }: AdmissionParts): AdmissionPlugin {
  const mayGrow = (next: PersistentVolumeClaim, old: PersistentVolumeClaim): boolean => {
    const name = storageClassOf(next);
    if (!name || name !== storageClassOf(old)) return false;
    const found = objects.get<StorageClass>('storage.k8s.io', 'storageclasses', '', name);
    return found?.allowVolumeExpansion === true;
  };
  return {
    name: 'PersistentVolumeClaimResize',
    validate(attributes) {
      if (targetOf(attributes) !== 'persistentvolumeclaims') return undefined;
      if (attributes.operation !== 'UPDATE') return undefined;
      const next = attributes.object as unknown as PersistentVolumeClaim;
      const old = attributes.old as unknown as PersistentVolumeClaim;
      if (compareQuantities(sizeOf(next), sizeOf(old)) <= 0) return undefined;
      if (old.status?.phase !== 'Bound') {
        throw refuse(attributes, 'Only bound persistent volume claims can be expanded');
      }
      if (mayGrow(next, old)) return undefined;
      throw refuse(
        attributes,
        'only dynamically provisioned pvc can be resized and the storageclass that provisions ' +
          'the pvc must support resize',
      );
    },
  };
}
