// `bindings`: the older way to bind a pod, by posting a Binding to its namespace.
import { defineResource } from '../../registry/resource.ts';

export const bindingResource = defineResource({
  kind: 'Binding',
  plural: 'bindings',
  singular: 'binding',
  namespaced: true,
  groups: [{ group: '', versions: [{ version: 'v1', schema: 'io.k8s.api.core.v1.Binding' }] }],
  verbs: ['create'],
  virtual: true,
  hasGeneration: false,
});
