// ClusterRole: what is allowed everywhere, or a set of rules for bindings to reuse.
import type { ClusterRole } from '../../objects.ts';
import { type FieldError, FieldPath, required } from '../field.ts';
import { validatePathSegmentName } from '../metadata/names.ts';
import { createdAtColumn, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';
import { validateLabelSelector } from '../selector-validation.ts';
import { validateRules } from './policy-validation.ts';

function validateClusterRole(role: ClusterRole): readonly FieldError[] {
  const errors = validateRules(role, false);
  const { aggregationRule } = role;
  if (aggregationRule === undefined) return errors;
  const path = FieldPath.of('aggregationRule', 'clusterRoleSelectors');
  const selectors = aggregationRule.clusterRoleSelectors ?? [];
  if (selectors.length === 0) {
    errors.push(
      required(path, 'at least one clusterRoleSelector required if aggregationRule is non-nil'),
    );
  }
  selectors.forEach((selector, index) => {
    errors.push(...validateLabelSelector(selector, path.index(index)));
  });
  return errors;
}

export const clusterRoleResource = defineResource<ClusterRole>({
  kind: 'ClusterRole',
  plural: 'clusterroles',
  singular: 'clusterrole',
  namespaced: false,
  groups: [
    {
      group: 'rbac.authorization.k8s.io',
      versions: [{ version: 'v1', schema: 'io.k8s.api.rbac.v1.ClusterRole' }],
    },
  ],
  hasGeneration: false,
  createOnUpdate: true,
  validateName: validatePathSegmentName,
  validate: validateClusterRole,
  table: {
    columns: [nameColumn, createdAtColumn],
    cells: (role) => [nameCell(role), role.metadata?.creationTimestamp ?? null],
  },
});
