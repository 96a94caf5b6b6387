// NodeName: a pod that names its node goes there or nowhere.
import type { Plugin } from '../types.ts';

export const nodeName: Plugin = {
  name: 'NodeName',
  weight: 0,
  curedBy: ['node-added'],
  prepare({ pod }) {
    const wanted = pod.spec?.nodeName ?? '';
    if (wanted === '') return undefined;
    const rejection = { reasons: ["node(s) didn't match the requested node name"], final: true };
    return { filter: (node) => (node.name === wanted ? undefined : rejection) };
  },
};
