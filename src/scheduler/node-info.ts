// Makes NodeInfo: a node with the sums over its pods; every change gives a new one.
import type { Node } from '../objects.ts';
import { parseQuantity, quantityValue } from '../quantity.ts';
import { addResources, noResources, resourcesOf, subtractResources } from './resources.ts';
import type { NodeInfo, PodInfo } from './types.ts';

/** @param pods that are on the node already */
export function nodeInfo(node: Node, pods: readonly PodInfo[]): NodeInfo {
  const allocatable = node.status?.allocatable ?? {};
  const images = new Map<string, number>();
  for (const image of node.status?.images ?? []) {
    for (const name of image.names ?? []) images.set(name, image.sizeBytes ?? 0);
  }
  const empty: NodeInfo = {
    name: node.metadata?.name ?? '',
    node,
    labels: node.metadata?.labels ?? {},
    pods: [],
    allocatable: {
      ...resourcesOf(allocatable),
      pods: Number(quantityValue(parseQuantity(allocatable.pods ?? '0'))),
    },
    requested: noResources,
    scoredRequested: noResources,
    hostPorts: [],
    images,
  };
  return pods.reduce(withPod, empty);
}

export function withPod(info: NodeInfo, pod: PodInfo): NodeInfo {
  return {
    ...info,
    pods: [...info.pods, pod],
    requested: addResources(info.requested, pod.requests),
    scoredRequested: addResources(info.scoredRequested, pod.scoredRequests),
    hostPorts: pod.hostPorts.length === 0 ? info.hostPorts : [...info.hostPorts, ...pod.hostPorts],
  };
}

/** `info` as it is when the pod with `key` is not on it. */
export function withoutPod(info: NodeInfo, key: string): NodeInfo {
  const pod = info.pods.find((each) => each.key === key);
  if (pod === undefined) return info;
  const pods = info.pods.filter((each) => each !== pod);
  return {
    ...info,
    pods,
    requested: subtractResources(info.requested, pod.requests),
    scoredRequested: subtractResources(info.scoredRequested, pod.scoredRequests),
    hostPorts: pod.hostPorts.length === 0 ? info.hostPorts : pods.flatMap((each) => each.hostPorts),
  };
}
