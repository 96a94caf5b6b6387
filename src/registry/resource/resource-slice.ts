// ResourceSlice: the devices that a driver offers, on a node or for several.

import { timestamp } from '../../clock.ts';
import type { ResourceSlice } from '../../objects.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource, type HookContext } from '../resource.ts';
import { sliceConversion } from './beta-conversion.ts';
import { resourceVersions } from './group.ts';
import { validateSlice } from './slice-validation.ts';

/** Fields behind feature gates that are off, as in upstream's v1.36, do not get in. */
function prepare({ spec }: ResourceSlice, { clock }: HookContext): void {
  for (const device of spec?.devices ?? []) {
    delete device.nodeAllocatableResourceMappings;
    for (const attribute of Object.values(device.attributes ?? {})) {
      for (const name of ['bools', 'ints', 'strings', 'versions'] as const) delete attribute[name];
    }
    for (const taint of device.taints ?? []) taint.timeAdded ??= timestamp(clock);
  }
}

export const resourceSliceResource = defineResource<ResourceSlice>({
  kind: 'ResourceSlice',
  plural: 'resourceslices',
  singular: 'resourceslice',
  namespaced: false,
  returnsDeletedObject: true,
  groups: [resourceVersions('ResourceSlice', undefined, sliceConversion)],
  unknownFieldMessage: (field) =>
    `field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: ${field}`,
  selectableFields: {
    'spec.nodeName': (slice) => slice.spec?.nodeName ?? '',
    'spec.driver': (slice) => slice.spec?.driver ?? '',
  },
  triggerField: 'spec.nodeName',
  prepareCreate: prepare,
  prepareUpdate: (next, _old, context) => prepare(next, context),
  validate: (slice, _context, old) => validateSlice(slice, old),
  warnings({ spec }) {
    const driver = spec?.driver ?? '';
    if (driver === driver.toLowerCase()) return [];
    const shown = JSON.stringify(driver);
    return [
      `spec.driver: driver names should be lowercase; ${shown} contains uppercase characters`,
    ];
  },
  table: {
    columns: [
      nameColumn,
      column(
        'Node',
        'NodeName identifies the node which provides the resources in this pool. A field selector ' +
          'can be used to list only ResourceSlice objects belonging to a certain node.\n\nThis ' +
          'field can be used to limit access from nodes to ResourceSlices with the same node ' +
          'name. It also indicates to autoscalers that adding new nodes of the same type as some ' +
          'old node might also make new resources available.\n\nExactly one of NodeName, ' +
          'NodeSelector, AllNodes, and PerDeviceNodeSelection must be set. This field is immutable.',
      ),
      column(
        'Driver',
        'Driver identifies the DRA driver providing the capacity information. A field selector can ' +
          'be used to list only ResourceSlice objects with a certain driver name.\n\nMust be a ' +
          'DNS subdomain and should end with a DNS domain owned by the vendor of the driver. It ' +
          'should use only lower case characters. This field is immutable.',
      ),
      column(
        'Pool',
        'Name is used to identify the pool. For node-local devices, this is often the node name, ' +
          'but this is not required.\n\nIt must not be longer than 253 characters and must ' +
          'consist of one or more DNS sub-domains separated by slashes. This field is immutable.',
      ),
      ageColumn,
    ],
    cells: (slice, nowMs) => [
      nameCell(slice),
      slice.spec?.nodeName ?? '',
      slice.spec?.driver ?? '',
      slice.spec?.pool?.name ?? '',
      ageCell(slice, nowMs),
    ],
  },
});
