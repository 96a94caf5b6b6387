// Lease: who leads, and until when; also the heartbeat of nodes.
import type { Lease } from '../../objects.ts';
import {
  type FieldError,
  FieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
} from '../field.ts';
import { validateQualifiedName } from '../metadata/names.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';

const specPath = FieldPath.of('spec');
const strategies = ['OldestEmulationVersion'];

function validateLease(lease: Lease): readonly FieldError[] {
  const errors: FieldError[] = [];
  const { spec } = lease;
  if (spec === undefined || spec === null) return errors;
  if (spec.leaseDurationSeconds !== undefined && spec.leaseDurationSeconds <= 0) {
    const path = specPath.child('leaseDurationSeconds');
    errors.push(invalidValue(path, spec.leaseDurationSeconds, 'must be greater than 0'));
  }
  if (spec.leaseTransitions !== undefined && spec.leaseTransitions < 0) {
    const path = specPath.child('leaseTransitions');
    errors.push(invalidValue(path, spec.leaseTransitions, 'must be greater than or equal to 0'));
  }
  if (spec.strategy !== undefined) {
    const path = specPath.child('strategy');
    if (spec.strategy.includes('/')) {
      for (const message of validateQualifiedName(spec.strategy)) {
        errors.push(invalidValue(path, spec.strategy, message));
      }
    } else if (!strategies.includes(spec.strategy)) {
      errors.push(notSupported(path, spec.strategy, strategies));
    }
  }
  if ((spec.preferredHolder ?? '') !== '' && (spec.strategy ?? '') === '') {
    errors.push(
      forbiddenField(
        specPath.child('preferredHolder'),
        'may only be specified if `strategy` is defined',
      ),
    );
  }
  return errors;
}

export const leaseResource = defineResource<Lease>({
  kind: 'Lease',
  plural: 'leases',
  singular: 'lease',
  namespaced: true,
  unconditionalUpdate: false,
  groups: [
    {
      group: 'coordination.k8s.io',
      versions: [{ version: 'v1', schema: 'io.k8s.api.coordination.v1.Lease' }],
    },
  ],
  hasGeneration: false,
  createOnUpdate: true,
  validate: validateLease,
  table: {
    columns: [
      nameColumn,
      column(
        'Holder',
        'holderIdentity contains the identity of the holder of a current lease. If Coordinated ' +
          'Leader Election is used, the holder identity must be equal to the elected ' +
          'LeaseCandidate.metadata.name field.',
      ),
      ageColumn,
    ],
    cells: (lease, nowMs) => [
      nameCell(lease),
      lease.spec?.holderIdentity ?? '',
      ageCell(lease, nowMs),
    ],
  },
});
