// NodePorts: host ports that are taken on a node reject it.
import { portsClash } from '../pod-info.ts';
import type { Plugin } from '../types.ts';

const rejection = { reasons: ["node(s) didn't have free ports for the requested pod ports"] };

export const nodePorts: Plugin = {
  name: 'NodePorts',
  weight: 0,
  curedBy: ['node-added', 'pod-deleted'],
  prepare({ hostPorts }) {
    if (hostPorts.length === 0) return undefined;
    return {
      filter: (node) =>
        node.hostPorts.some((used) => hostPorts.some((wanted) => portsClash(used, wanted)))
          ? rejection
          : undefined,
    };
  },
};
