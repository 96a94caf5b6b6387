// Finds the best node for one pod: filters with an early stop, scores, and breaks ties by seed.
import type { Random } from '../random.ts';
import type { Diagnosis } from './fit-error.ts';
import { type Prepared, prepareAll, rejectionOf } from './framework.ts';
import type { NodeInfo, Plugin, PodInfo, Rejection, Snapshot } from './types.ts';

/** With fewer nodes than this, all are looked at. */
const feasibleMin = 100;
const feasiblePercentageMin = 5;
const scoreMax = 100;

export interface NodeSearch {
  readonly plugins: readonly Plugin[];
  readonly random: Random;
  /** Where in the snapshot to begin, so that all nodes have their turn. */
  readonly startIndex: number;
  /** Pods that wait for room made on a node by preemption. */
  readonly nominated?: NominatedPods;
}

/** Pods without a node that have one in view, by its name. */
export type NominatedPods = ReadonlyMap<string, readonly PodInfo[]>;

export type NodeChoice =
  | { readonly node: NodeInfo; readonly looked: number }
  | { readonly node: undefined; readonly diagnosis: Diagnosis };

/** Pure: the same arguments and random numbers choose the same node. */
export function findNode(pod: PodInfo, snapshot: Snapshot, search: NodeSearch): NodeChoice {
  const { plugins, random } = search;
  const prepared = prepareAll(plugins, pod, snapshot);
  if (prepared.rejectAll !== undefined) {
    const { rejectAll, rejectedBy } = prepared;
    const rejections = new Map(
      snapshot.nodes.map(({ name }) => [name, { reasons: [rejectAll], final: true }]),
    );
    const nodeCount = snapshot.nodes.length;
    return { node: undefined, diagnosis: { nodeCount, rejections, rejectAll, rejectedBy } };
  }
  const { feasible, looked, rejections, rejectedBy } = filter(pod, snapshot, prepared, search);
  if (feasible.length === 0) {
    const nodeCount = snapshot.nodes.length;
    return { node: undefined, diagnosis: { nodeCount, rejections, rejectedBy } };
  }
  const [only] = feasible;
  if (only !== undefined && feasible.length === 1) return { node: only, looked };
  const node = best(feasible, totalScores(feasible, prepared), random);
  return { node, looked };
}

/** Upstream's adaptive share: 50 % less one for every 125 nodes, at least 5 %. */
export function feasibleNodesWanted(nodeCount: number): number {
  if (nodeCount < feasibleMin) return nodeCount;
  const percentage = Math.max(50 - Math.floor(nodeCount / 125), feasiblePercentageMin);
  return Math.max(Math.floor((nodeCount * percentage) / 100), feasibleMin);
}

function filter(pod: PodInfo, snapshot: Snapshot, prepared: Prepared, search: NodeSearch) {
  const { nodes } = snapshot;
  const wanted = feasibleNodesWanted(nodes.length);
  const feasible: NodeInfo[] = [];
  const rejections = new Map<string, Rejection>();
  const rejectedBy = new Set<string>();
  const check = (node: NodeInfo) => {
    const found = rejectionOf(pod, node, snapshot, prepared, search);
    if (found === undefined) {
      feasible.push(node);
      return;
    }
    rejections.set(node.name, found.rejection);
    rejectedBy.add(found.plugin);
  };
  // Room may have been made for this pod on one node: if it will do, it is taken.
  const nominee = snapshot.get(pod.pod.status?.nominatedNodeName ?? '');
  if (nominee !== undefined) {
    check(nominee);
    if (feasible.length > 0) return { feasible, looked: 0, rejections, rejectedBy };
  }
  let looked = 0;
  for (; looked < nodes.length && feasible.length < wanted; looked++) {
    const node = nodes[(search.startIndex + looked) % nodes.length];
    if (node !== undefined) check(node);
  }
  return { feasible, looked, rejections, rejectedBy };
}

function totalScores(feasible: readonly NodeInfo[], { scorers }: Prepared): number[] {
  const totals = new Array<number>(feasible.length).fill(0);
  for (const { weight, score, normalize } of scorers) {
    const scores = feasible.map(score);
    if (normalize === 'default' || normalize === 'reverse') {
      shareOfHighest(scores, normalize === 'reverse');
    } else normalize?.(scores, feasible);
    for (let i = 0; i < scores.length; i++) {
      totals[i] = (totals[i] ?? 0) + weight * (scores[i] ?? 0);
    }
  }
  return totals;
}

function shareOfHighest(scores: number[], reverse: boolean): void {
  let highest = 0;
  for (const score of scores) if (score > highest) highest = score;
  for (let i = 0; i < scores.length; i++) {
    const share = highest === 0 ? 0 : Math.floor(((scores[i] ?? 0) * scoreMax) / highest);
    scores[i] = reverse ? scoreMax - share : share;
  }
}

function best(nodes: readonly NodeInfo[], scores: readonly number[], random: Random): NodeInfo {
  let highest = Number.NEGATIVE_INFINITY;
  let ties: NodeInfo[] = [];
  nodes.forEach((node, index) => {
    const score = scores[index] ?? 0;
    if (score > highest) {
      highest = score;
      ties = [node];
    } else if (score === highest) ties.push(node);
  });
  const chosen = ties[Math.floor(random.next() * ties.length)];
  if (chosen === undefined) throw new Error('cannot choose a node: there is none');
  return chosen;
}
