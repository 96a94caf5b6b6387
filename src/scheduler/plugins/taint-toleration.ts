// TaintToleration: hard taints reject, soft ones cost score.
import type { NodeInfo, Plugin } from '../types.ts';
import { toleratedBy } from './tolerations.ts';

const rejection = { reasons: ['node(s) had untolerated taint(s)'], final: true };

export const taintToleration: Plugin = {
  name: 'TaintToleration',
  weight: 3,
  curedBy: ['node-added', 'node-taints'],
  prepare({ pod }) {
    const tolerations = pod.spec?.tolerations ?? [];
    const soft = tolerations.filter(
      ({ effect = '' }) => effect === '' || effect === 'PreferNoSchedule',
    );
    return {
      filter({ node }) {
        const untolerated = node.spec?.taints?.some(
          (taint) => taint.effect !== 'PreferNoSchedule' && !toleratedBy(tolerations, taint),
        );
        return untolerated === true ? rejection : undefined;
      },
      scoring: (feasible) =>
        // The usual cluster has no soft taints, and nothing to choose by.
        feasible.some(hasSoftTaint)
          ? {
              score: ({ node }) =>
                (node.spec?.taints ?? []).filter(
                  (taint) => taint.effect === 'PreferNoSchedule' && !toleratedBy(soft, taint),
                ).length,
              normalize: 'reverse',
            }
          : undefined,
    };
  },
};

function hasSoftTaint({ node }: NodeInfo): boolean {
  return node.spec?.taints?.some(({ effect }) => effect === 'PreferNoSchedule') === true;
}
