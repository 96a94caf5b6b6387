// What bindings of both scopes share: defaults of references, the immutable role, subjects.
import { isDeepStrictEqual } from 'node:util';
import type { RoleBinding } from '../../objects.ts';
import { type FieldError, FieldPath, invalidValue, notSupported, required } from '../field.ts';
import { validateDns1123Subdomain, validatePathSegmentName } from '../metadata/names.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn, wideColumn } from '../printer-column.ts';
import type { TableShape } from '../resource.ts';

const rbacGroup = 'rbac.authorization.k8s.io';

type Binding = Pick<RoleBinding, 'metadata' | 'roleRef' | 'subjects'>;
type Subject = NonNullable<RoleBinding['subjects']>[number];

export function setBindingDefaults(binding: Binding): void {
  if (binding.roleRef !== undefined) binding.roleRef.apiGroup ||= rbacGroup;
  for (const subject of binding.subjects ?? []) {
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= rbacGroup;
  }
}

/** @param kinds the kinds that roleRef may name */
export function validateBinding(
  binding: Binding,
  kinds: readonly string[],
  namespaced: boolean,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  const path = FieldPath.of('roleRef');
  const { apiGroup = '', kind = '', name = '' } = binding.roleRef ?? {};
  if (apiGroup !== rbacGroup) {
    errors.push(notSupported(path.child('apiGroup'), apiGroup, [rbacGroup]));
  }
  if (!kinds.includes(kind)) errors.push(notSupported(path.child('kind'), kind, kinds));
  if (name === '') errors.push(required(path.child('name')));
  else {
    for (const message of validatePathSegmentName(name)) {
      errors.push(invalidValue(path.child('name'), name, message));
    }
  }
  (binding.subjects ?? []).forEach((subject, index) => {
    errors.push(...validateSubject(subject, namespaced, FieldPath.of('subjects').index(index)));
  });
  return errors;
}

function validateSubject(subject: Subject, namespaced: boolean, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const { name = '', kind = '', apiGroup = '', namespace = '' } = subject;
  if (name === '') errors.push(required(path.child('name')));
  switch (kind) {
    case 'ServiceAccount':
      if (name !== '') {
        for (const message of validateDns1123Subdomain(name)) {
          errors.push(invalidValue(path.child('name'), name, message));
        }
      }
      if (apiGroup !== '') errors.push(notSupported(path.child('apiGroup'), apiGroup, ['']));
      if (!namespaced && namespace === '') errors.push(required(path.child('namespace')));
      break;
    case 'User':
    case 'Group':
      if (apiGroup !== rbacGroup) {
        errors.push(notSupported(path.child('apiGroup'), apiGroup, [rbacGroup]));
      }
      break;
    default:
      errors.push(notSupported(path.child('kind'), kind, ['ServiceAccount', 'User', 'Group']));
  }
  return errors;
}

/** A binding's role is what was reviewed when it was made; another role needs another binding. */
export function validateBindingUpdate(next: Binding, old: Binding): readonly FieldError[] {
  if (isDeepStrictEqual(next.roleRef, old.roleRef)) return [];
  // As Go writes its own type, which has no names for JSON.
  const { apiGroup, kind, name } = next.roleRef;
  const shown = { APIGroup: apiGroup, Kind: kind, Name: name };
  return [invalidValue(FieldPath.of('roleRef'), shown, 'cannot change roleRef')];
}

function subjectNames(binding: Binding, kind: string): string {
  return (binding.subjects ?? [])
    .filter((subject) => subject.kind === kind)
    .map((subject) =>
      kind === 'ServiceAccount' ? `${subject.namespace ?? ''}/${subject.name}` : subject.name,
    )
    .join(', ');
}

/** @param kind as the columns' descriptions name it: `roleBinding` */
export const bindingTable = (kind: string): TableShape<Binding> => ({
  columns: [
    nameColumn,
    column(
      'Role',
      kind === 'roleBinding'
        ? 'RoleRef can reference a Role in the current namespace or a ClusterRole in the global ' +
            'namespace. If the RoleRef cannot be resolved, the Authorizer must return an error.'
        : 'RoleRef can only reference a ClusterRole in the global namespace. If the RoleRef ' +
            'cannot be resolved, the Authorizer must return an error.',
    ),
    ageColumn,
    wideColumn('Users', `Users in the ${kind}`),
    wideColumn('Groups', `Groups in the ${kind}`),
    wideColumn('ServiceAccounts', `ServiceAccounts in the ${kind}`),
  ],
  cells: (binding, nowMs) => [
    nameCell(binding),
    `${binding.roleRef.kind}/${binding.roleRef.name}`,
    ageCell(binding, nowMs),
    subjectNames(binding, 'User'),
    subjectNames(binding, 'Group'),
    subjectNames(binding, 'ServiceAccount'),
  ],
});
