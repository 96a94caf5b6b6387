// Role: what is allowed within one namespace.
import type { Role } from '../../objects.ts';
import { validatePathSegmentName } from '../metadata/names.ts';
import { createdAtColumn, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';
import { validateRules } from './policy-validation.ts';

export const roleResource = defineResource<Role>({
  kind: 'Role',
  plural: 'roles',
  singular: 'role',
  namespaced: true,
  groups: [
    {
      group: 'rbac.authorization.k8s.io',
      versions: [{ version: 'v1', schema: 'io.k8s.api.rbac.v1.Role' }],
    },
  ],
  hasGeneration: false,
  createOnUpdate: true,
  validateName: validatePathSegmentName,
  validate: (role) => validateRules(role, true),
  table: {
    columns: [nameColumn, createdAtColumn],
    cells: (role) => [nameCell(role), role.metadata?.creationTimestamp ?? null],
  },
});
