// InterPodAffinity: required terms of this pod and anti-affinity of others reject, preferred score.
import type { Term } from '../affinity-terms.ts';
import { countPods } from '../node-info.ts';
import type { ClusterFacts, NodeInfo, Plugin, PodInfo, Rejection, Snapshot } from '../types.ts';

/** How much each value of a topology key has of something. */
type Counts = Map<string, Map<string, number>>;

const affinityRejection = { reasons: ["node(s) didn't match pod affinity rules"], final: true };
const antiAffinityRejection = { reasons: ["node(s) didn't match pod anti-affinity rules"] };
const existingRejection = {
  reasons: ["node(s) didn't satisfy existing pods anti-affinity rules"],
};
export const interPodAffinity: Plugin = {
  name: 'InterPodAffinity',
  weight: 2,
  curedBy: ['node-added', 'node-labels', 'pod-added', 'pod-labels', 'pod-deleted'],
  prepare(pod, snapshot) {
    if (!pod.affinity.any && snapshot.withAffinity.length === 0) return undefined;
    const { nodes, facts } = snapshot;
    const { required, requiredAnti } = pod.affinity;
    const affinityCounts = countAll(required, nodes, facts);
    const antiCounts = countEach(requiredAnti, nodes, facts);
    const forbidden = forbiddenTopologies(pod, snapshot);
    return {
      filter(node): Rejection | undefined {
        const fits = satisfiesAffinity(required, affinityCounts, pod, node, facts);
        if (!fits) return affinityRejection;
        if (touches(antiCounts, node)) return antiAffinityRejection;
        return touches(forbidden, node) ? existingRejection : undefined;
      },
      scoring() {
        const scores = topologyScores(pod, snapshot);
        if (scores.size === 0) return undefined;
        return { score: (node) => sumScores(scores, node), normalize: spreadToHundred };
      },
    };
  },
};

/** Pods that match every term, by topology: required affinity wants them all from one pod. */
function countAll(terms: readonly Term[], nodes: readonly NodeInfo[], facts: ClusterFacts): Counts {
  const counts: Counts = new Map();
  if (terms.length === 0) return counts;
  const keys = terms.map((term) => term.key);
  const key = keys.includes(undefined) ? undefined : `all ${keys.join(' ')}`;
  const matchesAll = (pod: PodInfo) => terms.every((term) => term.matches(pod, facts));
  for (const node of nodes) {
    const matching = countPods(node, key, matchesAll);
    if (matching === 0) continue;
    for (const { topologyKey } of terms) add(counts, topologyKey, node, matching);
  }
  return counts;
}

function countEach(
  terms: readonly Term[],
  nodes: readonly NodeInfo[],
  facts: ClusterFacts,
): Counts {
  const counts: Counts = new Map();
  for (const term of terms) {
    const matches = (pod: PodInfo) => term.matches(pod, facts);
    for (const node of nodes) {
      const matching = countPods(node, term.key, matches);
      if (matching > 0) add(counts, term.topologyKey, node, matching);
    }
  }
  return counts;
}

function add(counts: Counts, key: string, node: NodeInfo, amount: number): void {
  const value = node.labels[key];
  if (value === undefined) return;
  const values = counts.get(key) ?? new Map<string, number>();
  values.set(value, (values.get(value) ?? 0) + amount);
  counts.set(key, values);
}

function satisfiesAffinity(
  terms: readonly Term[],
  counts: Counts,
  pod: PodInfo,
  node: NodeInfo,
  facts: ClusterFacts,
): boolean {
  let found = true;
  for (const { topologyKey } of terms) {
    const value = node.labels[topologyKey];
    if (value === undefined) return false;
    if (!counts.get(topologyKey)?.has(value)) found = false;
  }
  // The first pod of a group that wants its own kind near may go anywhere with the labels.
  return found || (counts.size === 0 && terms.every((term) => term.matches(pod, facts)));
}

/** Whether the node is in a topology that has some count. */
function touches(counts: Counts, node: NodeInfo): boolean {
  for (const [key, values] of counts) {
    const value = node.labels[key];
    if (value !== undefined && values.has(value)) return true;
  }
  return false;
}

/** Where some pod's required anti-affinity does not want `pod`. */
function forbiddenTopologies(pod: PodInfo, { withAffinity, facts }: Snapshot): Counts {
  const forbidden: Counts = new Map();
  const isMeant = meaning(pod, facts);
  for (const node of withAffinity) {
    for (const { term } of node.keepsAway) {
      if (isMeant(term)) add(forbidden, term.topologyKey, node, 1);
    }
  }
  return forbidden;
}

/** What each topology value is worth to `pod`, by its own preferences and those of others. */
function topologyScores(pod: PodInfo, { nodes, withAffinity, facts }: Snapshot): Counts {
  const scores: Counts = new Map();
  for (const { term, weight } of pod.affinity.preferred) {
    const matches = (existing: PodInfo) => term.matches(existing, facts);
    for (const node of nodes) {
      const matching = countPods(node, term.key, matches);
      if (matching > 0) add(scores, term.topologyKey, node, matching * weight);
    }
  }
  const isMeant = meaning(pod, facts);
  for (const node of withAffinity) {
    for (const { term, weight } of node.pull) {
      if (isMeant(term)) add(scores, term.topologyKey, node, weight);
    }
  }
  return scores;
}

/** Whether a term means `pod`; found out once for equal terms. */
function meaning(pod: PodInfo, facts: ClusterFacts): (term: Term) => boolean {
  const known = new Map<string, boolean>();
  return (term) => {
    const { key } = term;
    if (key === undefined) return term.matches(pod, facts);
    const isMeant = known.get(key) ?? term.matches(pod, facts);
    known.set(key, isMeant);
    return isMeant;
  };
}

function sumScores(scores: Counts, node: NodeInfo): number {
  let sum = 0;
  for (const [key, values] of scores) {
    const value = node.labels[key];
    if (value !== undefined) sum += values.get(value) ?? 0;
  }
  return sum;
}

/** Scores may be below zero: the lowest becomes 0, the highest 100. */
function spreadToHundred(scores: number[]): void {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (const score of scores) {
    if (score < least) least = score;
    if (score > most) most = score;
  }
  for (let i = 0; i < scores.length; i++) {
    scores[i] =
      most === least ? 0 : Math.floor((100 * ((scores[i] ?? 0) - least)) / (most - least));
  }
}
