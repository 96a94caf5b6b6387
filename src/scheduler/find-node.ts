// Finds the best node for one pod: filters with an early stop, scores, and breaks ties by seed.
import type { Random } from '../random.ts';
import type { Diagnosis } from './fit-error.ts';
import { type Prepared, prepareAll, refusalWithNominated, totalScores } from './framework.ts';
import type { NominatedPods } from './nominated-pods.ts';
import type { NodeInfo, Plugin, PodInfo, Rejection, Snapshot } from './types.ts';

/** With fewer nodes than this, all are looked at. */
const feasibleMin = 100;
const feasiblePercentageMin = 5;

export interface NodeSearch {
  readonly plugins: readonly Plugin[];
  readonly random: Random;
  /** Where in the snapshot to begin, so that all nodes have their turn. */
  readonly startIndex: number;
  readonly nominated: NominatedPods;
}

export type NodeChoice =
  | { readonly node: NodeInfo; readonly looked: number }
  | { readonly node: undefined; readonly diagnosis: Diagnosis };

/** The same arguments and random numbers choose the same node. */
export function findNode(pod: PodInfo, snapshot: Snapshot, search: NodeSearch): NodeChoice {
  const prepared = prepareAll(search.plugins, pod, snapshot);
  const nodeCount = snapshot.nodes.length;
  if (prepared.rejectAll !== undefined) {
    const { plugin, message } = prepared.rejectAll;
    const rejectedBy = new Set([plugin]);
    const diagnosis = { nodeCount, rejections: new Map(), rejectAll: message, rejectedBy };
    return { node: undefined, diagnosis };
  }
  const found = filter(pod, snapshot, prepared, search);
  const { feasible, looked } = found;
  if (feasible.length === 0) {
    const { rejections, rejectedBy } = found;
    const plugins = prepared.only?.plugins ?? [];
    for (const plugin of plugins) rejectedBy.add(plugin);
    const absent =
      plugins.length === 0
        ? {}
        : { absent: `node(s) didn't satisfy plugin(s) [${plugins.join(' ')}]` };
    return { node: undefined, diagnosis: { nodeCount, rejections, rejectedBy, ...absent } };
  }
  const [only] = feasible;
  if (only !== undefined && feasible.length === 1) return { node: only, looked };
  return { node: best(feasible, totalScores(feasible, prepared), search.random), looked };
}

/** Upstream's adaptive share: 50 % less one for every 125 nodes, at least 5 %. */
export function feasibleNodesWanted(nodeCount: number): number {
  if (nodeCount < feasibleMin) return nodeCount;
  const percentage = Math.max(50 - Math.floor(nodeCount / 125), feasiblePercentageMin);
  return Math.max(Math.floor((nodeCount * percentage) / 100), feasibleMin);
}

function filter(pod: PodInfo, snapshot: Snapshot, prepared: Prepared, search: NodeSearch) {
  const { plugins, nominated, startIndex } = search;
  const feasible: NodeInfo[] = [];
  const rejections = new Map<string, Rejection>();
  const rejectedBy = new Set<string>();
  const check = (node: NodeInfo) => {
    const refusal = refusalWithNominated(pod, node, snapshot, plugins, nominated, prepared);
    if (refusal === undefined) feasible.push(node);
    else {
      rejections.set(node.name, refusal.rejection);
      rejectedBy.add(refusal.plugin);
    }
  };
  // Room may have been made for this pod on one node: if it will do, it is taken.
  const nominee = snapshot.get(nominated.nodeOf(pod.key));
  if (nominee !== undefined) {
    check(nominee);
    if (feasible.length > 0) return { feasible, looked: 0, rejections, rejectedBy };
  }
  const nodes = prepared.only === undefined ? snapshot.nodes : named(prepared.only.nodes, snapshot);
  const wanted = feasibleNodesWanted(nodes.length);
  let looked = 0;
  for (; looked < nodes.length && feasible.length < wanted; looked++) {
    const node = nodes[(startIndex + looked) % nodes.length];
    if (node !== undefined) check(node);
  }
  return { feasible, looked, rejections, rejectedBy };
}

function named(names: ReadonlySet<string>, snapshot: Snapshot): readonly NodeInfo[] {
  return [...names].flatMap((name) => snapshot.get(name) ?? []);
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
