// Node: a machine that runs pods.
import type { Node } from '../../objects.ts';
import { validateDns1123Subdomain } from '../metadata/names.ts';
import { defineResource } from '../resource.ts';
import { nodeTable } from './node-table.ts';
import { nodeWarnings, validateNode, validateNodeUpdate } from './node-validation.ts';

function setNodeDefaults(node: Node): void {
  const { spec, status } = node;
  if (status?.capacity !== undefined && status.allocatable === undefined) {
    status.allocatable = { ...status.capacity };
  }
  // One range is the first of several; what the writer gave as the one wins, and both are shown.
  const [first = ''] = spec?.podCIDRs ?? [];
  if (spec?.podCIDR && spec.podCIDR !== first) spec.podCIDRs = [spec.podCIDR];
  else if (spec && first !== '') spec.podCIDR = first;
}

export const nodeResource = defineResource<Node>({
  kind: 'Node',
  plural: 'nodes',
  singular: 'node',
  storagePrefix: 'minions',
  shortNames: ['no'],
  namespaced: false,
  groups: [
    {
      group: '',
      versions: [{ version: 'v1', schema: 'io.k8s.api.core.v1.Node', defaults: setNodeDefaults }],
    },
  ],
  selectableFields: {
    'spec.unschedulable': (node) => String(node.spec?.unschedulable ?? false),
  },
  hasGeneration: false,
  hasStatus: true,
  keepsStatusOnCreate: true,
  validateName: validateDns1123Subdomain,
  validate: validateNode,
  validateUpdate: validateNodeUpdate,
  validateStatusUpdate: validateNodeUpdate,
  warnings: nodeWarnings,
  table: nodeTable,
});
