// NodeUnschedulable: cordoned nodes take only pods that tolerate it.
import type { Plugin } from '../types.ts';
import { toleratedBy } from './tolerations.ts';

const taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' } as const;
const rejection = { reasons: ['node(s) were unschedulable'], final: true };

export const nodeUnschedulable: Plugin = {
  name: 'NodeUnschedulable',
  weight: 0,
  curedBy: ['node-added', 'node-spec', 'node-taints'],
  prepare({ pod }) {
    if (toleratedBy(pod.spec?.tolerations ?? [], taint)) return undefined;
    return { filter: ({ node }) => (node.spec?.unschedulable === true ? rejection : undefined) };
  },
};
