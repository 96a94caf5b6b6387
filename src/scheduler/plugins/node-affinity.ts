// NodeAffinity: nodeSelector and required node affinity reject, preferred node affinity scores.
import type * as k8s from '@kubernetes/client-node';
import type { PodSpec, Wire } from '../../objects.ts';
import { matchesTerm, matchesTerms } from '../node-selector.ts';
import type { NodeInfo, Plugin } from '../types.ts';

const rejection = { reasons: ["node(s) didn't match Pod's node affinity/selector"], final: true };

export const nodeAffinity: Plugin = {
  name: 'NodeAffinity',
  weight: 2,
  curedBy: ['node-added', 'node-labels'],
  prepare({ pod }) {
    const required = requiredTerms(pod.spec);
    const preferred =
      pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    const matches = requiredNodeMatcher(pod.spec);
    if (matches === undefined && preferred.length === 0) return undefined;
    const names = required === undefined ? undefined : namedNodes(required);
    if (names?.size === 0) return { rejectAll: 'pod affinity terms conflict' };
    return {
      ...(names === undefined ? {} : { onlyNodes: names }),
      filter: (node) => (matches === undefined || matches(node) ? undefined : rejection),
      scoring: () =>
        preferred.length === 0
          ? undefined
          : {
              score: (node) =>
                preferred.reduce(
                  (sum, term) => sum + (matchesTerm(term.preference, node) ? term.weight : 0),
                  0,
                ),
              normalize: 'default',
            },
    };
  },
};

/** Whether a node is one that nodeSelector and required affinity allow; undefined when all are. */
export function requiredNodeMatcher(
  spec: PodSpec | undefined,
): ((node: NodeInfo) => boolean) | undefined {
  const selector = Object.entries(spec?.nodeSelector ?? {});
  const required = requiredTerms(spec);
  if (selector.length === 0 && required === undefined) return undefined;
  return (node) =>
    selector.every(([key, value]) => node.labels[key] === value) &&
    (required === undefined || matchesTerms(required, node));
}

type Terms = readonly Wire<k8s.V1NodeSelectorTerm>[];

function requiredTerms(spec: PodSpec | undefined): Terms | undefined {
  return spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
    ?.nodeSelectorTerms;
}

/** The nodes that the terms name, when every one of them does (a DaemonSet's pods). */
function namedNodes(terms: Terms): ReadonlySet<string> | undefined {
  if (terms.length === 0) return undefined;
  let names: ReadonlySet<string> = new Set();
  for (const { matchFields = [] } of terms) {
    const named = matchFields
      .filter(({ key, operator }) => key === 'metadata.name' && operator === 'In')
      .map(({ values }): ReadonlySet<string> => new Set(values));
    if (named.length === 0) return undefined;
    names = names.union(named.reduce((left, right) => left.intersection(right)));
  }
  return names;
}
