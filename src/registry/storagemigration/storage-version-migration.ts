// StorageVersionMigration: asks for a resource to be written anew; beta, off by default.
import type { Condition, StorageVersionMigration } from '../../objects.ts';
import { type FieldError, FieldPath, invalidValue, required } from '../field.ts';
import { validateConditions } from '../metadata/conditions.ts';
import { validateDns1035Label, validateDns1123Subdomain } from '../metadata/names.ts';
import { validateImmutableField } from '../metadata/object-meta.ts';
import { column, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';

const specPath = FieldPath.of('spec');
const statusPath = FieldPath.of('status');

function validateMigration({ spec }: StorageVersionMigration): readonly FieldError[] {
  const errors: FieldError[] = [];
  const { resource = '', group = '' } = spec?.resource ?? {};
  const path = specPath.child('resource');
  const wrong = validateDns1035Label(resource);
  if (resource === '') {
    errors.push(required(path.child('resource'), 'resource is required to be set'));
  } else if (wrong.length > 0) {
    errors.push(invalidValue(path.child('resource'), resource, wrong.join(',')));
  }
  if (group === '') return errors;
  const messages = validateDns1123Subdomain(group);
  if (messages.length === 0) return errors;
  return [...errors, invalidValue(path.child('group'), group, messages.join(','))];
}

function holds({ status }: StorageVersionMigration, type: string): boolean {
  return status?.conditions?.some((each) => each.type === type && each.status === 'True') === true;
}

/** Why upstream cannot compare a resource version. */
function resourceVersionError(version: string): string | undefined {
  if (/^[1-9][0-9]*$/.test(version)) return undefined;
  return `resource version is not well formed: ${version}`;
}

function validateStatus(
  next: StorageVersionMigration,
  old: StorageVersionMigration,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  const version = next.status?.resourceVersion ?? '';
  const versionPath = statusPath.child('resourceVersion');
  const wrong = version === '' ? undefined : resourceVersionError(version);
  if (wrong !== undefined) errors.push(invalidValue(versionPath, version, wrong));
  const conditions = (next.status?.conditions ?? []) as Condition[];
  const path = statusPath.child('conditions');
  errors.push(...validateConditions(conditions, path));
  const before = old.status?.resourceVersion ?? '';
  if (before !== '' && before !== version) {
    errors.push(invalidValue(versionPath, version, 'field is immutable'));
  }
  const refuse = (why: string) => void errors.push(invalidValue(path, conditions, why));
  if (holds(next, 'Succeeded') && holds(next, 'Failed')) {
    refuse('Both success and failed conditions cannot be true at the same time');
  }
  if (holds(old, 'Succeeded') && !holds(next, 'Succeeded')) {
    refuse('Success condition cannot be set to false once it is true');
  }
  if (holds(old, 'Failed') && !holds(next, 'Failed')) {
    refuse('Failed condition cannot be set to false once it is true');
  }
  return errors;
}

function resourceCell({ spec }: StorageVersionMigration): string {
  const { group = '', resource = '' } = spec?.resource ?? {};
  return group === '' ? resource : `${resource}.${group}`;
}

function statusCell({ status }: StorageVersionMigration): string {
  const shown = ['Running', 'Failed', 'Succeeded'];
  const last = status?.conditions?.findLast(
    (each) => each.status === 'True' && shown.includes(each.type),
  );
  return last?.type ?? 'Unknown';
}

export const storageVersionMigrationResource = defineResource<StorageVersionMigration>({
  kind: 'StorageVersionMigration',
  plural: 'storageversionmigrations',
  singular: 'storageversionmigration',
  namespaced: false,
  groups: [
    {
      group: 'storagemigration.k8s.io',
      versions: [
        {
          version: 'v1beta1',
          schema: 'io.k8s.api.storagemigration.v1beta1.StorageVersionMigration',
          served: false,
        },
      ],
    },
  ],
  hasGeneration: false,
  hasStatus: true,
  statusKeepsMetadata: true,
  unconditionalUpdate: false,
  validate: validateMigration,
  validateUpdate: (next, old) => validateImmutableField(next.spec, old.spec, specPath),
  validateStatusUpdate: validateStatus,
  table: {
    // Unlike elsewhere, upstream's name column has no format here.
    columns: [
      column('Name', nameColumn.description),
      column('Resource', 'GroupResource to migrate'),
      column('Status', 'Status of the migration'),
    ],
    cells: (migration) => [nameCell(migration), resourceCell(migration), statusCell(migration)],
  },
});
