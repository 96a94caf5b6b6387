// The cgroup port: upstream's tree of pods under one parent, whichever version the kernel has.

export type QosTier = 'Guaranteed' | 'Burstable' | 'BestEffort';

export interface PodCgroupResources {
  readonly cpuShares: number;
  readonly cpuQuotaUs?: number;
  readonly memoryLimitBytes?: number;
  readonly pidsLimit?: number;
}

/** What all pods together may take. */
export interface AllocatableResources {
  readonly milliCpu: number;
  readonly memoryBytes: number;
  readonly pidsLimit?: number;
}

/**
 * The node's own cgroups. Nothing else writes below /sys/fs/cgroup: the runtime only gets a
 * `cgroup_parent`. Every method may be repeated.
 */
export interface Cgroups {
  readonly version: 1 | 2;
  /** Makes `kubepods` with its tiers and enforces `allocatable` on it. */
  setUp(allocatable: AllocatableResources): Promise<void>;
  /** What the runtime is given as parent of a pod's containers. */
  podParent(uid: string, tier: QosTier): string;
  /** Makes or updates a pod's cgroup. */
  ensurePod(uid: string, tier: QosTier, resources: PodCgroupResources): Promise<void>;
  /** Kills what is left in it and removes it; absent is fine. */
  removePod(uid: string): Promise<void>;
  /** Uids of the pods that have a cgroup here. */
  listPods(): Promise<readonly string[]>;
  /** Sets cpu weights of the burstable tier from the requests in it (best effort has the least). */
  updateTiers(burstableMilliCpu: number): Promise<void>;
  /** Takes the whole tree away. */
  remove(): Promise<void>;
}

/** The folder of a tier below the parent. */
export function tierPath(tier: QosTier): string {
  if (tier === 'Burstable') return 'kubepods/burstable';
  return tier === 'BestEffort' ? 'kubepods/besteffort' : 'kubepods';
}

export const tiers: readonly QosTier[] = ['Guaranteed', 'Burstable', 'BestEffort'];
