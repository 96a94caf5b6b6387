// NodeResourcesBalancedAllocation: prefers nodes whose use of cpu and memory the pod brings nearer.
import type { NodeInfo, Plugin } from '../types.ts';

export const nodeResourcesBalancedAllocation: Plugin = {
  name: 'NodeResourcesBalancedAllocation',
  weight: 1,
  curedBy: [],
  prepare({ requests: { milliCpu, memoryBytes } }) {
    // A best-effort pod changes no balance.
    if (milliCpu === 0 && memoryBytes === 0) return undefined;
    return {
      scoring: () => ({
        score(node) {
          const gain = balance(node, milliCpu, memoryBytes) - balance(node, 0, 0);
          // Between 50 (worse) and 100 (better); 75 when nothing changes.
          return 50 + Math.trunc((50 + gain) / 2);
        },
      }),
    };
  },
};

/** 100 less the standard deviation of what is used, which is half the distance of two shares. */
function balance(node: NodeInfo, milliCpu: number, memoryBytes: number): number {
  const { allocatable, requested } = node;
  // A resource that the node does not have cannot be out of balance.
  if (allocatable.milliCpu === 0 || allocatable.memoryBytes === 0) return 100;
  const cpu = Math.min(1, (requested.milliCpu + milliCpu) / allocatable.milliCpu);
  const memory = Math.min(1, (requested.memoryBytes + memoryBytes) / allocatable.memoryBytes);
  return Math.floor((1 - Math.abs((cpu - memory) / 2)) * 100);
}
