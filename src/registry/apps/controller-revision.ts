// ControllerRevision: a snapshot of a controller's template, never changed once made.
import type { ControllerRevision } from '../../objects.ts';
import { type FieldError, FieldPath, required } from '../field.ts';
import { validateImmutableField } from '../metadata/object-meta.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';
import { validateCounts } from './workload-validation.ts';

const dataPath = FieldPath.of('data');

function validateControllerRevision(
  revision: ControllerRevision,
  _context: unknown,
  old?: ControllerRevision,
): FieldError[] {
  const errors = validateCounts(revision, ['revision'], FieldPath.root);
  if (old !== undefined) return errors;
  const data: unknown = revision.data;
  if (data === undefined || data === null) {
    errors.push(required(dataPath, 'data is mandatory'));
  } else if (typeof data !== 'object' || Array.isArray(data)) {
    errors.push(required(dataPath, 'data must be a valid JSON object'));
  }
  return errors;
}

/** `daemonset.apps/agent`. */
function controllerCell({ metadata }: ControllerRevision): string {
  const owner = metadata?.ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined) return '<none>';
  const [group = '', version] = owner.apiVersion.split('/');
  const kind = version === undefined ? owner.kind : `${owner.kind}.${group}`;
  return `${kind.toLowerCase()}/${owner.name}`;
}

export const controllerRevisionResource = defineResource<ControllerRevision>({
  kind: 'ControllerRevision',
  plural: 'controllerrevisions',
  singular: 'controllerrevision',
  namespaced: true,
  groups: [
    {
      group: 'apps',
      versions: [{ version: 'v1', schema: 'io.k8s.api.apps.v1.ControllerRevision' }],
    },
  ],
  hasGeneration: false,
  validate: validateControllerRevision,
  validateUpdate: (next, old) => validateImmutableField(next.data, old.data, dataPath),
  table: {
    columns: [
      nameColumn,
      column('Controller', 'Controller of the object'),
      column('Revision', 'Revision indicates the revision of the state represented by Data.'),
      ageColumn,
    ],
    cells: (revision, nowMs) => [
      nameCell(revision),
      controllerCell(revision),
      revision.revision ?? 0,
      ageCell(revision, nowMs),
    ],
  },
});
