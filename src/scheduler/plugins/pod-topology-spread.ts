// PodTopologySpread: keeps pods of one kind even over zones, hosts and the like.
import { countMatching } from '../node-info.ts';
import {
  hostnameLabel,
  type SpreadConstraint,
  type SpreadConstraints,
  spreadConstraints,
} from '../spread-constraints.ts';
import type { NodeInfo, Plugin, Scoring, Snapshot } from '../types.ts';

const reason = "node(s) didn't match pod topology spread constraints";
const rejection = { reasons: [reason] };
const labelRejection = { reasons: [`${reason} (missing required label)`], final: true };

export const podTopologySpread: Plugin = {
  name: 'PodTopologySpread',
  weight: 2,
  curedBy: [
    'node-added',
    'node-deleted',
    'node-labels',
    'node-taints',
    'pod-added',
    'pod-labels',
    'pod-deleted',
  ],
  prepare(pod, snapshot) {
    const constraints = spreadConstraints(pod, snapshot);
    const { hard, soft } = constraints;
    if (hard.length + soft.length === 0) return undefined;
    const domains = countDomains(hard, snapshot.nodes);
    return {
      filter(node) {
        for (const { constraint, counts, least } of domains) {
          const value = node.labels[constraint.topologyKey];
          if (value === undefined) return labelRejection;
          const skew = (counts.get(value) ?? 0) + constraint.self - least;
          if (skew > constraint.maxSkew) return rejection;
        }
        return undefined;
      },
      scoring: (feasible) =>
        soft.length === 0 ? undefined : scoringOf(constraints, feasible, snapshot),
    };
  },
};

function hasAllKeys(node: NodeInfo, constraints: readonly SpreadConstraint[]): boolean {
  return constraints.every(({ topologyKey }) => node.labels[topologyKey] !== undefined);
}

/** Matching pods by topology value, for each hard constraint, and the least of them. */
function countDomains(hard: readonly SpreadConstraint[], nodes: readonly NodeInfo[]) {
  const eligible = hard.length === 0 ? [] : nodes.filter((node) => hasAllKeys(node, hard));
  return hard.map((constraint) => {
    const counts = new Map<string, number>();
    for (const node of eligible) {
      if (!constraint.includes(node)) continue;
      const value = node.labels[constraint.topologyKey] ?? '';
      const count = countMatching(node, constraint.selection);
      counts.set(value, (counts.get(value) ?? 0) + count);
    }
    let least = Number.POSITIVE_INFINITY;
    for (const count of counts.values()) if (count < least) least = count;
    // Domains that are still to come count as empty.
    if (counts.size < constraint.minDomains) least = 0;
    return { constraint, counts, least };
  });
}

function scoringOf(
  { soft, defaulted }: SpreadConstraints,
  feasible: readonly NodeInfo[],
  snapshot: Snapshot,
): Scoring {
  const isIgnored = (node: NodeInfo) => !defaulted && !hasAllKeys(node, soft);
  const taking = feasible.filter((node) => !isIgnored(node));
  const counted = soft.map((constraint) => countSoft(constraint, taking, snapshot, isIgnored));
  return {
    score(node) {
      if (isIgnored(node)) return 0;
      let score = 0;
      for (const { constraint, counts, weight } of counted) {
        const { topologyKey, selection, maxSkew } = constraint;
        const value = node.labels[topologyKey];
        if (value === undefined) continue;
        const count =
          topologyKey === hostnameLabel ? countMatching(node, selection) : (counts.get(value) ?? 0);
        score += count * weight + (maxSkew - 1);
      }
      return Math.round(score);
    },
    normalize: (scores, nodes) => fewestFirst(scores, nodes, isIgnored),
  };
}

/** Hosts are counted when they are scored; the fewer values there are, the less each weighs. */
function countSoft(
  constraint: SpreadConstraint,
  taking: readonly NodeInfo[],
  { nodes }: Snapshot,
  isIgnored: (node: NodeInfo) => boolean,
) {
  const { topologyKey, selection, includes } = constraint;
  const counts = new Map<string, number>();
  if (topologyKey === hostnameLabel) {
    return { constraint, counts, weight: Math.log(taking.length + 2) };
  }
  const values = new Set(taking.map(({ labels }) => labels[topologyKey] ?? ''));
  for (const node of nodes) {
    const value = node.labels[topologyKey];
    if (value === undefined || !values.has(value)) continue;
    if (isIgnored(node) || !includes(node)) continue;
    counts.set(value, (counts.get(value) ?? 0) + countMatching(node, selection));
  }
  return { constraint, counts, weight: Math.log(values.size + 2) };
}

function fewestFirst(
  scores: number[],
  nodes: readonly NodeInfo[],
  isIgnored: (node: NodeInfo) => boolean,
): void {
  const ignored = nodes.map(isIgnored);
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  scores.forEach((score, index) => {
    if (ignored[index] === true) return;
    if (score < least) least = score;
    if (score > most) most = score;
  });
  scores.forEach((score, index) => {
    if (ignored[index] === true) scores[index] = 0;
    else scores[index] = most === 0 ? 100 : Math.trunc((100 * (most + least - score)) / most);
  });
}
