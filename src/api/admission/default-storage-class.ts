// DefaultStorageClass: a claim that names no class gets the newest of the default ones.
import type { PersistentVolumeClaim, StorageClass } from '../../objects.ts';
import { storageClassOf } from '../../registry/core/storage-cells.ts';
import { isDefaultClass } from '../../registry/storage/storage-class.ts';
import type { ObjectReader } from '../object-reader.ts';
import type { AdmissionParts, AdmissionPlugin } from './plugin.ts';
import { targetOf } from './plugin.ts';

/** Of several made in the same second, the first by name. */
function newestDefault(objects: ObjectReader): StorageClass | undefined {
  const madeAt = ({ metadata }: StorageClass) => metadata?.creationTimestamp ?? '';
  let newest: StorageClass | undefined;
  for (const each of objects.list<StorageClass>('storage.k8s.io', 'storageclasses')) {
    if (!isDefaultClass(each)) continue;
    if (newest === undefined || madeAt(each) > madeAt(newest)) newest = each;
  }
  return newest;
}

export function defaultStorageClass({ objects }: AdmissionParts): AdmissionPlugin {
  return {
    name: 'DefaultStorageClass',
    mutate(attributes) {
      if (targetOf(attributes) !== 'persistentvolumeclaims') return undefined;
      if (attributes.operation !== 'CREATE' || attributes.object === undefined) return undefined;
      const claim = attributes.object as unknown as PersistentVolumeClaim;
      // An empty name is a wish too: for a volume without a class.
      if (storageClassOf(claim) !== undefined) return undefined;
      const name = newestDefault(objects)?.metadata?.name;
      if (name === undefined) return undefined;
      claim.spec ??= {};
      claim.spec.storageClassName = name;
      return undefined;
    },
  };
}
