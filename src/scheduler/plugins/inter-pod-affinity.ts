// InterPodAffinity: required terms of this pod and anti-affinity of others reject, preferred score.
import type { NodeInfo, Plugin, PodInfo, Rejection, Snapshot } from '../types.ts';
import { preferredTerms, requiredTerms, type Term } from './affinity-terms.ts';

/** How many matching pods each value of a topology key has. */
type Counts = Map<string, Map<string, number>>;

const affinityRejection = { reasons: ["node(s) didn't match pod affinity rules"], final: true };
const antiAffinityRejection = { reasons: ["node(s) didn't match pod anti-affinity rules"] };
const existingRejection = {
  reasons: ["node(s) didn't satisfy existing pods anti-affinity rules"],
};
/** Upstream's HardPodAffinityWeight: existing pods' required affinity pulls this much. */
const hardAffinityWeight = 1;

export const interPodAffinity: Plugin = {
  name: 'InterPodAffinity',
  weight: 2,
  curedBy: ['node-added', 'node-labels', 'pod-added', 'pod-labels', 'pod-deleted'],
  prepare(pod, snapshot) {
    const affinity = requiredTerms('podAffinity', pod, snapshot);
    const antiAffinity = requiredTerms('podAntiAffinity', pod, snapshot);
    const preferred = preferredTerms(pod, snapshot);
    const others = snapshot.withAffinity.length > 0;
    if (!others && affinity.length + antiAffinity.length + preferred.length === 0) return undefined;
    const affinityCounts = countAll(affinity, snapshot.nodes);
    const antiCounts = countEach(antiAffinity, snapshot.nodes);
    const forbidden = forbiddenTopologies(pod, snapshot);
    const scores = topologyScores(pod, snapshot);
    return {
      filter(node): Rejection | undefined {
        if (!satisfiesAffinity(affinity, affinityCounts, pod, node)) return affinityRejection;
        if (touches(antiAffinity, antiCounts, node)) return antiAffinityRejection;
        for (const [key, values] of forbidden) {
          const value = node.labels[key];
          if (value !== undefined && values.has(value)) return existingRejection;
        }
        return undefined;
      },
      ...(scores.size === 0
        ? {}
        : { score: (node) => sumScores(scores, node), normalize: spreadToHundred }),
    };
  },
};

/** Pods that match every term, by topology: required affinity wants them all from one pod. */
function countAll(terms: readonly Term[], nodes: readonly NodeInfo[]): Counts {
  const counts: Counts = new Map();
  if (terms.length === 0) return counts;
  for (const node of nodes) {
    const matching = node.pods.filter((pod) => terms.every((term) => term.matches(pod))).length;
    if (matching === 0) continue;
    for (const { topologyKey } of terms) add(counts, topologyKey, node, matching);
  }
  return counts;
}

function countEach(terms: readonly Term[], nodes: readonly NodeInfo[]): Counts {
  const counts: Counts = new Map();
  for (const term of terms) {
    for (const node of nodes) {
      const matching = node.pods.filter((pod) => term.matches(pod)).length;
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
): boolean {
  let found = true;
  for (const { topologyKey } of terms) {
    const value = node.labels[topologyKey];
    if (value === undefined) return false;
    if ((counts.get(topologyKey)?.get(value) ?? 0) === 0) found = false;
  }
  // The first pod of a group that wants its own kind near may go anywhere with the labels.
  return found || (counts.size === 0 && terms.every((term) => term.matches(pod)));
}

function touches(terms: readonly Term[], counts: Counts, node: NodeInfo): boolean {
  return terms.some(({ topologyKey }) => {
    const value = node.labels[topologyKey];
    return value !== undefined && (counts.get(topologyKey)?.get(value) ?? 0) > 0;
  });
}

/** Topology values where some pod's required anti-affinity does not want `pod`. */
function forbiddenTopologies(pod: PodInfo, snapshot: Snapshot): ReadonlyMap<string, Set<string>> {
  const forbidden = new Map<string, Set<string>>();
  for (const node of snapshot.withRequiredAntiAffinity) {
    for (const existing of node.pods) {
      if (!existing.hasRequiredAntiAffinity) continue;
      for (const term of requiredTerms('podAntiAffinity', existing, snapshot)) {
        const value = node.labels[term.topologyKey];
        if (value === undefined || !term.matches(pod)) continue;
        const values = forbidden.get(term.topologyKey) ?? new Set();
        forbidden.set(term.topologyKey, values.add(value));
      }
    }
  }
  return forbidden;
}

/** What each topology value is worth to `pod`, by its own preferences and those of others. */
function topologyScores(pod: PodInfo, snapshot: Snapshot): Counts {
  const scores: Counts = new Map();
  const own = preferredTerms(pod, snapshot);
  for (const node of own.length > 0 ? snapshot.nodes : snapshot.withAffinity) {
    for (const existing of node.pods) {
      for (const { term, weight } of own) {
        if (term.matches(existing)) add(scores, term.topologyKey, node, weight);
      }
      if (!existing.hasAffinity) continue;
      for (const { term, weight } of preferredTerms(existing, snapshot)) {
        if (term.matches(pod)) add(scores, term.topologyKey, node, weight);
      }
      for (const term of requiredTerms('podAffinity', existing, snapshot)) {
        if (term.matches(pod)) add(scores, term.topologyKey, node, hardAffinityWeight);
      }
    }
  }
  return scores;
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
  const least = Math.min(...scores);
  const range = Math.max(...scores) - least;
  scores.forEach((score, index) => {
    scores[index] = range === 0 ? 0 : Math.floor((100 * (score - least)) / range);
  });
}
