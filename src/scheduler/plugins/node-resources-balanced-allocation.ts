// NodeResourcesBalancedAllocation: prefers nodes whose cpu and memory would be used alike.
import type { Plugin } from '../types.ts';

export const nodeResourcesBalancedAllocation: Plugin = {
  name: 'NodeResourcesBalancedAllocation',
  weight: 1,
  curedBy: [],
  prepare({ requests, scoredRequests }) {
    // A best-effort pod changes no balance; upstream leaves it out too.
    if (requests.milliCpu === 0 && requests.memoryBytes === 0) return undefined;
    return {
      score({ allocatable, requested }) {
        const fraction = (used: number, wanted: number, offered: number) =>
          offered === 0 ? 1 : Math.min(1, (used + wanted) / offered);
        const cpu = fraction(requested.milliCpu, scoredRequests.milliCpu, allocatable.milliCpu);
        const memory = fraction(
          requested.memoryBytes,
          scoredRequests.memoryBytes,
          allocatable.memoryBytes,
        );
        // The standard deviation of two values is half their distance.
        return Math.floor((1 - Math.abs(cpu - memory) / 2) * 100);
      },
    };
  },
};
