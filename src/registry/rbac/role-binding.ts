// RoleBinding: grants a role's rules to subjects within one namespace.
import type { RoleBinding } from '../../objects.ts';
import { validatePathSegmentName } from '../metadata/names.ts';
import { defineResource } from '../resource.ts';
import {
  bindingTable,
  setBindingDefaults,
  validateBinding,
  validateBindingUpdate,
} from './binding-validation.ts';

export const roleBindingResource = defineResource<RoleBinding>({
  kind: 'RoleBinding',
  plural: 'rolebindings',
  singular: 'rolebinding',
  namespaced: true,
  groups: [
    {
      group: 'rbac.authorization.k8s.io',
      versions: [
        {
          version: 'v1',
          schema: 'io.k8s.api.rbac.v1.RoleBinding',
          defaults: setBindingDefaults,
        },
      ],
    },
  ],
  hasGeneration: false,
  createOnUpdate: true,
  validateName: validatePathSegmentName,
  validate: (binding) => validateBinding(binding, ['Role', 'ClusterRole'], true),
  validateUpdate: validateBindingUpdate,
  table: bindingTable('roleBinding'),
});
