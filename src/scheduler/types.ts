// What plugins see: pods and nodes with their sums made, an immutable snapshot, and the plugin shape.
import type { Node, Pod } from '../objects.ts';
import type { LabelMatcher } from '../selector.ts';
import type { AffinityTerms, WeightedTerm } from './affinity-terms.ts';

/** CPU in thousandths of a core; memory and ephemeral storage in bytes; extended by name. */
export interface Resources {
  readonly milliCpu: number;
  readonly memoryBytes: number;
  readonly ephemeralBytes: number;
  readonly extended: ReadonlyMap<string, number>;
}

export interface HostPort {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

/** A pod with what every cycle would compute anew. */
export interface PodInfo {
  readonly pod: Pod;
  /** `namespace/name`. */
  readonly key: string;
  readonly uid: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly priority: number;
  readonly requests: Resources;
  /** Requests with upstream's least amounts for containers that ask for nothing; for scores. */
  readonly scoredRequests: Resources;
  readonly hostPorts: readonly HostPort[];
  readonly affinity: AffinityTerms;
  /** It is being deleted. */
  readonly terminating: boolean;
}

/** A node and the pods on it, assumed ones included. Replaced, never changed. */
export interface NodeInfo {
  readonly name: string;
  readonly node: Node;
  readonly labels: Readonly<Record<string, string>>;
  readonly pods: readonly PodInfo[];
  /** What the affinity of its pods draws here or keeps away, preferably; equal terms as one. */
  readonly pull: readonly WeightedTerm[];
  /** What the required anti-affinity of its pods keeps away; the weight says of how many. */
  readonly keepsAway: readonly WeightedTerm[];
  readonly allocatable: Resources & { readonly pods: number };
  readonly requested: Resources;
  readonly scoredRequested: Resources;
  readonly hostPorts: readonly HostPort[];
  /** Bytes by image name, for image locality. */
  readonly images: ReadonlyMap<string, number>;
  /** What `countMatching` has found out; of the node as it is, so never stale. */
  readonly counted: Map<string, number>;
}

/** What plugins may ask about the rest of the cluster. */
export interface ClusterFacts {
  namespaceLabels(namespace: string): Readonly<Record<string, string>>;
  /** Pods of the same services and the same controller, which should be apart. */
  siblings(pod: PodInfo): PodSelection | undefined;
}

/** Pods of one namespace by their labels; equal keys select alike. */
export interface PodSelection {
  readonly key: string;
  readonly namespace: string;
  readonly matches: LabelMatcher;
}

export interface Snapshot {
  readonly nodes: readonly NodeInfo[];
  readonly facts: ClusterFacts;
  /** Nodes with `pull` or `keepsAway`, so that others need not be searched. */
  readonly withAffinity: readonly NodeInfo[];
  get(name: string): NodeInfo | undefined;
  /** The same cluster with one of its nodes as `node` has it: for what-if questions. */
  with(node: NodeInfo): Snapshot;
  /** How many nodes hold the image. */
  imageHolders(image: string): number;
}

/** What may cure a rejection; the queue wakes only pods that it could help. */
export type ClusterEvent =
  | 'node-added'
  | 'node-allocatable'
  | 'node-labels'
  | 'node-taints'
  | 'node-spec'
  | 'node-deleted'
  | 'pod-added'
  | 'pod-labels'
  | 'pod-deleted';

/** Why a node is none for this pod. `final`: no preemption there could help. */
export interface Rejection {
  readonly reasons: readonly string[];
  readonly final?: boolean;
}

export interface Scoring {
  /** Any number; `normalize` brings it to 0…100. */
  score(node: NodeInfo): number;
  /**
   * `default`: share of the highest; `reverse`: 100 less that; absent: it is 0…100 already.
   * A function changes the scores of `nodes` in place.
   */
  readonly normalize?:
    | 'default'
    | 'reverse'
    | ((scores: number[], nodes: readonly NodeInfo[]) => void);
}

/** A plugin's view of one pod in one cycle. */
export interface PreparedPlugin {
  /** The only nodes that can be, when the plugin knows without looking. */
  readonly onlyNodes?: ReadonlySet<string>;
  /** Rejects every node, with one message. */
  readonly rejectAll?: string;
  filter?(node: NodeInfo): Rejection | undefined;
  /** Of the nodes that passed every filter; undefined when it has no preference. */
  scoring?(feasible: readonly NodeInfo[]): Scoring | undefined;
}

/** Pure over the snapshot; `prepare` gives undefined when it has nothing to say about the pod. */
export interface Plugin {
  readonly name: string;
  readonly weight: number;
  readonly curedBy: readonly ClusterEvent[];
  prepare(pod: PodInfo, snapshot: Snapshot): PreparedPlugin | undefined;
}
