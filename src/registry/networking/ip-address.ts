// IPAddress: one address of the service network and the Service that has it.
import type { IPAddress } from '../../objects.ts';
import { validateCanonicalIp } from '../core/ip-validation.ts';
import { type FieldError, FieldPath, required } from '../field.ts';
import { validateDns1123Subdomain, validatePathSegmentName } from '../metadata/names.ts';
import { invalidEach, validateImmutableField } from '../metadata/object-meta.ts';
import { ageCell, column, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';

type ParentReference = NonNullable<NonNullable<IPAddress['spec']>['parentRef']>;

const parentPath = FieldPath.of('spec', 'parentRef');

function validateParent(parent: ParentReference | undefined): FieldError[] {
  if (parent === undefined) return [required(parentPath)];
  const { group, resource, namespace, name } = parent;
  const errors = group
    ? invalidEach(parentPath.child('group'), group, validateDns1123Subdomain(group))
    : [];
  const segments = [
    ['resource', resource, true],
    ['name', name, true],
    ['namespace', namespace, false],
  ] as const;
  for (const [field, value, needed] of segments) {
    const path = parentPath.child(field);
    if (value) errors.push(...invalidEach(path, value, validatePathSegmentName(value)));
    else if (needed) errors.push(required(path));
  }
  return errors;
}

/** As Go's internal type is shown inside an error. */
function shownParent(parent: ParentReference | undefined): object | null {
  if (parent === undefined) return null;
  const { group: Group = '', resource: Resource = '', namespace: Namespace = '', name } = parent;
  return { Group, Resource, Namespace, Name: name ?? '' };
}

function parentCell({ spec }: IPAddress): string {
  const parent = spec?.parentRef;
  if (parent === undefined) return '<none>';
  const { group, resource = '', namespace, name = '' } = parent;
  const kind = (group ? `${resource}.${group}` : resource).toLowerCase();
  return [kind, ...(namespace ? [namespace] : []), name].join('/');
}

export const ipAddressResource = defineResource<IPAddress>({
  kind: 'IPAddress',
  plural: 'ipaddresses',
  singular: 'ipaddress',
  shortNames: ['ip'],
  namespaced: false,
  groups: [
    {
      group: 'networking.k8s.io',
      versions: [
        { version: 'v1', schema: 'io.k8s.api.networking.v1.IPAddress' },
        { version: 'v1beta1', schema: 'io.k8s.api.networking.v1beta1.IPAddress', served: false },
      ],
    },
  ],
  hasGeneration: false,
  validateName: (name) =>
    validateCanonicalIp(name, FieldPath.root).map(({ message }) =>
      message.slice(`Invalid value: ${JSON.stringify(name)}: `.length),
    ),
  validate: ({ spec }) => validateParent(spec?.parentRef),
  validateUpdate: (next, old) =>
    validateImmutableField(
      shownParent(next.spec?.parentRef),
      shownParent(old.spec?.parentRef),
      parentPath,
    ),
  table: {
    columns: [
      nameColumn,
      column(
        'ParentRef',
        'ParentRef references the resource that an IPAddress is attached to. An IPAddress must ' +
          'reference a parent object.',
      ),
    ],
    // Upstream's rows have the age, though no column says so.
    cells: (address, nowMs) => [nameCell(address), parentCell(address), ageCell(address, nowMs)],
  },
});
