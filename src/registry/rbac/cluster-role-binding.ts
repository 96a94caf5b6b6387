// ClusterRoleBinding: grants a ClusterRole's rules to subjects everywhere.
import type { ClusterRoleBinding } from '../../objects.ts';
import { validatePathSegmentName } from '../metadata/names.ts';
import { defineResource } from '../resource.ts';
import {
  bindingTable,
  setBindingDefaults,
  validateBinding,
  validateBindingUpdate,
} from './binding-validation.ts';

export const clusterRoleBindingResource = defineResource<ClusterRoleBinding>({
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  singular: 'clusterrolebinding',
  namespaced: false,
  groups: [
    {
      group: 'rbac.authorization.k8s.io',
      versions: [
        {
          version: 'v1',
          schema: 'io.k8s.api.rbac.v1.ClusterRoleBinding',
          defaults: setBindingDefaults,
        },
      ],
    },
  ],
  hasGeneration: false,
  createOnUpdate: true,
  validateName: validatePathSegmentName,
  validate: (binding) => validateBinding(binding, ['ClusterRole'], false),
  validateUpdate: validateBindingUpdate,
  table: bindingTable('clusterRoleBinding'),
});
