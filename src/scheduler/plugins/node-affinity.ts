// NodeAffinity: nodeSelector and required node affinity reject, preferred node affinity scores.
import { matchesTerm, matchesTerms } from '../node-selector.ts';
import type { Plugin } from '../types.ts';

const rejection = { reasons: ["node(s) didn't match Pod's node affinity/selector"], final: true };

export const nodeAffinity: Plugin = {
  name: 'NodeAffinity',
  weight: 2,
  curedBy: ['node-added', 'node-labels'],
  prepare({ pod }) {
    const selector = Object.entries(pod.spec?.nodeSelector ?? {});
    const affinity = pod.spec?.affinity?.nodeAffinity;
    const required = affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
    const preferred = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    if (selector.length === 0 && required === undefined && preferred.length === 0) return undefined;
    return {
      filter(node) {
        const fits =
          selector.every(([key, value]) => node.labels[key] === value) &&
          (required === undefined || matchesTerms(required, node));
        return fits ? undefined : rejection;
      },
      ...(preferred.length === 0
        ? {}
        : {
            score: (node) =>
              preferred.reduce(
                (sum, term) => sum + (matchesTerm(term.preference, node) ? term.weight : 0),
                0,
              ),
            normalize: 'default',
          }),
    };
  },
};
