// NodeResourcesFit: what does not fit rejects; the node with the most left scores highest.
import type { NodeInfo, Plugin, PodInfo, Rejection } from '../types.ts';

export const nodeResourcesFit: Plugin = {
  name: 'NodeResourcesFit',
  weight: 1,
  curedBy: ['node-added', 'node-allocatable', 'pod-deleted'],
  prepare(pod) {
    return {
      filter: (node) => missingResources(pod, node),
      score: (node) => leastAllocated(pod, node),
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
  if (node.pods.length + 1 > allocatable.pods) {
    reasons.push('Too many pods');
    if (allocatable.pods === 0) final = true;
  }
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

function leastAllocated(pod: PodInfo, node: NodeInfo): number {
  const share = (offered: number, used: number, wanted: number) => {
    const total = used + wanted;
    return offered === 0 || total > offered ? 0 : Math.floor(((offered - total) * 100) / offered);
  };
  const { allocatable, scoredRequested } = node;
  const { scoredRequests } = pod;
  const cpu = share(allocatable.milliCpu, scoredRequested.milliCpu, scoredRequests.milliCpu);
  const memory = share(
    allocatable.memoryBytes,
    scoredRequested.memoryBytes,
    scoredRequests.memoryBytes,
  );
  return Math.floor((cpu + memory) / 2);
}
