// ResourceClaim: asks for devices; its status says which were given, to whom, and how they are.
import type { ResourceClaim } from '../../objects.ts';
import { FieldPath } from '../field.ts';
import { validateImmutableField } from '../metadata/object-meta.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';
import { claimConversion } from './beta-conversion.ts';
import { dropDeallocatedDevices, validateClaimStatus } from './claim-status-validation.ts';
import { validateClaimSpec } from './claim-validation.ts';
import { defaultClaimSpec } from './defaults.ts';
import { resourceVersions } from './group.ts';

const specPath = FieldPath.of('spec');

function stateCell({ metadata, status }: ResourceClaim): string {
  const isDeleted = metadata?.deletionTimestamp !== undefined;
  const states = isDeleted ? ['deleted'] : [];
  if (status?.allocation !== undefined) {
    states.push('allocated');
    if ((status.reservedFor ?? []).length > 0) states.push('reserved');
  } else if (!isDeleted) states.push('pending');
  return states.join(',');
}

export const resourceClaimResource = defineResource<ResourceClaim>({
  kind: 'ResourceClaim',
  plural: 'resourceclaims',
  singular: 'resourceclaim',
  namespaced: true,
  returnsDeletedObject: true,
  groups: [
    resourceVersions('ResourceClaim', ({ spec }) => defaultClaimSpec(spec), claimConversion),
  ],
  hasGeneration: false,
  hasStatus: true,
  statusKeepsMetadata: true,
  prepareStatusUpdate(next, old) {
    if (next.status !== undefined) dropDeallocatedDevices(next.status, old.status);
  },
  validate: ({ spec }, _context, old) =>
    old === undefined ? validateClaimSpec(spec, specPath) : [],
  validateUpdate: (next, old) => validateImmutableField(next.spec, old.spec, specPath),
  validateStatusUpdate: validateClaimStatus,
  table: {
    columns: [
      nameColumn,
      column('State', 'A summary of the current state (allocated, pending, reserved, etc.).'),
      ageColumn,
    ],
    cells: (claim, nowMs) => [nameCell(claim), stateCell(claim), ageCell(claim, nowMs)],
  },
});
