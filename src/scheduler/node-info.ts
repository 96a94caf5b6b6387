// Makes NodeInfo: a node with the sums over its pods; every change gives a new one.

import type { Node } from '../objects.ts';
import { parseQuantity, quantityValue } from '../quantity.ts';
import { groupTerms } from './affinity-terms.ts';
import { addResources, noResources, resourcesOf, subtractResources } from './resources.ts';
import type { NodeInfo, PodInfo, PodSelection } from './types.ts';

/** Selections that one node remembers its counts of; then it starts anew. */
const countedMax = 64;

/** @param pods that are on the node already */
export function nodeInfo(node: Node, pods: readonly PodInfo[]): NodeInfo {
  const allocatable = node.status?.allocatable ?? {};
  const images = new Map<string, number>();
  for (const image of node.status?.images ?? []) {
    for (const name of image.names ?? []) images.set(name, image.sizeBytes ?? 0);
  }
  return {
    name: node.metadata?.name ?? '',
    node,
    labels: node.metadata?.labels ?? {},
    allocatable: {
      ...resourcesOf(allocatable),
      pods: quantityValue(parseQuantity(allocatable.pods ?? '0')),
    },
    images,
    ...sums(pods),
    requested: pods.reduce((sum, pod) => addResources(sum, pod.requests), noResources),
    scoredRequested: pods.reduce((sum, pod) => addResources(sum, pod.scoredRequests), noResources),
  };
}

/** What is gathered from the pods of a node, but for their requests. */
function sums(pods: readonly PodInfo[]) {
  return {
    pods,
    ...affinities(pods.filter((pod) => pod.affinity.any)),
    hostPorts: pods.flatMap((pod) => pod.hostPorts),
    counted: new Map<string, number>(),
  };
}

function affinities(pods: readonly PodInfo[]): Pick<NodeInfo, 'pull' | 'keepsAway'> {
  return {
    pull: groupTerms(pods.flatMap(({ affinity }) => affinity.pull)),
    keepsAway: groupTerms(
      pods.flatMap(({ affinity }) => affinity.requiredAnti.map((term) => ({ term, weight: 1 }))),
    ),
  };
}

export function withPod(info: NodeInfo, pod: PodInfo): NodeInfo {
  const plain = !pod.affinity.any && pod.hostPorts.length === 0;
  const pods = [...info.pods, pod];
  return {
    ...info,
    // The usual pod adds to nothing but the sums.
    ...(plain ? { pods, counted: new Map() } : sums(pods)),
    requested: addResources(info.requested, pod.requests),
    scoredRequested: addResources(info.scoredRequested, pod.scoredRequests),
  };
}

/** `info` as it is when the pod with `key` is not on it. */
export function withoutPod(info: NodeInfo, key: string): NodeInfo {
  const pod = info.pods.find((each) => each.key === key);
  if (pod === undefined) return info;
  return {
    ...info,
    ...sums(info.pods.filter((each) => each !== pod)),
    requested: subtractResources(info.requested, pod.requests),
    scoredRequested: subtractResources(info.scoredRequested, pod.scoredRequests),
  };
}

/** Pods of the selection on the node that are not on their way out. */
export function countMatching(info: NodeInfo, selection: PodSelection): number {
  const { key, namespace, matches } = selection;
  return countPods(
    info,
    key,
    (pod) => pod.namespace === namespace && !pod.terminating && matches(pod.labels),
  );
}

/** Counted once a NodeInfo for each key, since most nodes are the same in the next cycle. */
export function countPods(
  info: NodeInfo,
  key: string | undefined,
  matches: (pod: PodInfo) => boolean,
): number {
  const known = key === undefined ? undefined : info.counted.get(key);
  if (known !== undefined) return known;
  let count = 0;
  for (const pod of info.pods) if (matches(pod)) count++;
  if (key === undefined) return count;
  if (info.counted.size >= countedMax) info.counted.clear();
  info.counted.set(key, count);
  return count;
}
