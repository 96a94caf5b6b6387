// NodeResourcesFit: what does not fit rejects; the node with the most left scores highest.
import type { NodeInfo, Plugin, PodInfo, Rejection } from '../types.ts';

export const nodeResourcesFit: Plugin = {
  name: 'NodeResourcesFit',
  weight: 1,
  curedBy: ['node-added', 'node-allocatable', 'pod-deleted'],
  prepare(pod) {
    return {
      filter: (node) => missingResources(pod, node),
      scoring: () => ({ score: (node) => leastAllocated(pod, node) }),
    };
  },
};

/** Everything that is short on `node`, in upstream's words; final when not even empty it would do. */
export function missingResources(pod: PodInfo, node: NodeInfo): Rejection | undefined {
  const { allocatable, requested } = node;
  const { requests } = pod;
  const reasons: string[] = [];
  let final = false;
  const need = (name: string, wanted: number, offered: number, used: number) => {
    if (wanted <= 0 || wanted <= offered - used) return;
    reasons.push(`Insufficient ${name}`);
    if (wanted > offered) final = true;
  };
  if (node.pods.length + 1 > allocatable.pods) reasons.push('Too many pods');
  need('cpu', requests.milliCpu, allocatable.milliCpu, requested.milliCpu);
  need('memory', requests.memoryBytes, allocatable.memoryBytes, requested.memoryBytes);
  need(
    'ephemeral-storage',
    requests.ephemeralBytes,
    allocatable.ephemeralBytes,
    requested.ephemeralBytes,
  );
  for (const [name, wanted] of requests.extended) {
    need(name, wanted, allocatable.extended.get(name) ?? 0, requested.extended.get(name) ?? 0);
  }
  return reasons.length === 0 ? undefined : { reasons, final };
}

/** The mean of what would be left of cpu and memory, of those that the node has. */
function leastAllocated(pod: PodInfo, { allocatable, scoredRequested }: NodeInfo): number {
  let sum = 0;
  let resources = 0;
  const add = (offered: number, total: number) => {
    if (offered === 0) return;
    resources++;
    if (total <= offered) sum += Math.floor(((offered - total) * 100) / offered);
  };
  const { milliCpu, memoryBytes } = pod.scoredRequests;
  add(allocatable.milliCpu, scoredRequested.milliCpu + milliCpu);
  add(allocatable.memoryBytes, scoredRequested.memoryBytes + memoryBytes);
  return resources === 0 ? 0 : Math.floor(sum / resources);
}
