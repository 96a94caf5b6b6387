// CSIDriver: what a storage driver needs of Kubernetes, and what it can do.
import type { CSIDriver } from '../../objects.ts';
import { sameJson } from '../engine/json.ts';
import { defineResource } from '../resource.ts';
import { csiDriverTable } from './csi-driver-table.ts';
import {
  csiDriverWarnings,
  validateCsiDriver,
  validateCsiDriverUpdate,
} from './csi-driver-validation.ts';

function setCsiDriverDefaults(driver: CSIDriver): void {
  driver.spec ??= {};
  const { spec } = driver;
  spec.attachRequired ??= true;
  spec.podInfoOnMount ??= false;
  spec.storageCapacity ??= false;
  spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
  if ((spec.volumeLifecycleModes ?? []).length === 0) spec.volumeLifecycleModes = ['Persistent'];
  spec.requiresRepublish ??= false;
  spec.seLinuxMount ??= false;
}

/** Behind the gate VolumeLimitScaling, which is off. */
function dropGatedFields(driver: CSIDriver, old: CSIDriver | undefined): void {
  if (old?.spec?.preventPodSchedulingIfMissing !== undefined) return;
  if (driver.spec) delete driver.spec.preventPodSchedulingIfMissing;
}

export const csiDriverResource = defineResource<CSIDriver>({
  kind: 'CSIDriver',
  plural: 'csidrivers',
  singular: 'csidriver',
  namespaced: false,
  groups: [
    {
      group: 'storage.k8s.io',
      versions: [
        {
          version: 'v1',
          schema: 'io.k8s.api.storage.v1.CSIDriver',
          defaults: setCsiDriverDefaults,
        },
      ],
    },
  ],
  // Counted from the first change on, not from the start: a new driver has none.
  hasGeneration: false,
  returnsDeletedObject: true,
  unconditionalUpdate: false,
  prepareCreate: (driver) => dropGatedFields(driver, undefined),
  prepareUpdate(next, old) {
    dropGatedFields(next, old);
    if (!next.metadata || sameJson(next.spec, old.spec)) return;
    next.metadata.generation = (old.metadata?.generation ?? 0) + 1;
  },
  validate: validateCsiDriver,
  validateUpdate: validateCsiDriverUpdate,
  warnings: csiDriverWarnings,
  table: csiDriverTable,
});
