// StorageObjectInUseProtection: volumes, claims and classes of attributes stay while they are used.
import type { AdmissionPlugin } from './plugin.ts';
import { targetOf } from './plugin.ts';

/** The finalizers that controllers take away once nothing uses the object. */
const finalizers: ReadonlyMap<string, string> = new Map([
  ['persistentvolumes', 'kubernetes.io/pv-protection'],
  ['persistentvolumeclaims', 'kubernetes.io/pvc-protection'],
  ['volumeattributesclasses.storage.k8s.io', 'kubernetes.io/vac-protection'],
]);

export function storageObjectInUseProtection(): AdmissionPlugin {
  return {
    name: 'StorageObjectInUseProtection',
    mutate(attributes) {
      const { object, operation } = attributes;
      const finalizer = finalizers.get(targetOf(attributes));
      if (finalizer === undefined || object === undefined || operation !== 'CREATE') {
        return undefined;
      }
      const present = object.metadata.finalizers ?? [];
      if (!present.includes(finalizer)) object.metadata.finalizers = [...present, finalizer];
      return undefined;
    },
  };
}
