// The scheduler's picture of the cluster: what informers say plus the pods it has just placed.
import type { Node, Pod } from '../objects.ts';
import { nodeInfo, withoutPod, withPod } from './node-info.ts';
import { isTerminal, podInfo } from './pod-info.ts';
import type { NodeInfo, PodInfo, Snapshot } from './types.ts';

/** Pods placed by the scheduler count at once; the informer's word confirms or corrects it. */
export class SchedulerCache {
  readonly #nodes = new Map<string, NodeInfo>();
  /** Where each pod counts. A pod may name a node that is not known (yet). */
  readonly #placed = new Map<string, { readonly node: string; readonly pod: PodInfo }>();
  readonly #assumed = new Set<string>();
  readonly #podsByNode = new Map<string, Map<string, PodInfo>>();
  readonly #namespaceLabels: (namespace: string) => Readonly<Record<string, string>>;
  #snapshot: Snapshot | undefined;

  constructor(namespaceLabels: (namespace: string) => Readonly<Record<string, string>>) {
    this.#namespaceLabels = namespaceLabels;
  }

  setNode(node: Node): void {
    const name = node.metadata?.name ?? '';
    this.#nodes.set(name, nodeInfo(node, [...(this.#podsByNode.get(name)?.values() ?? [])]));
    this.#snapshot = undefined;
  }

  removeNode(name: string): void {
    this.#nodes.delete(name);
    this.#snapshot = undefined;
  }

  /** A bound pod as the API has it; also confirms one that was assumed. */
  setPod(pod: Pod): void {
    const info = podInfo(pod);
    this.#assumed.delete(info.key);
    if (isTerminal(pod)) this.#remove(info.key);
    else this.#place(info, pod.spec?.nodeName ?? '');
  }

  removePod(key: string): void {
    this.#assumed.delete(key);
    this.#remove(key);
  }

  /** Counts a pod as placed before the API has said so. */
  assume(pod: PodInfo, node: string): void {
    this.#assumed.add(pod.key);
    this.#place(pod, node);
  }

  /** Takes an assumed pod back (binding failed); a confirmed one stays. */
  forget(key: string): void {
    if (this.#assumed.delete(key)) this.#remove(key);
  }

  /** Whether the pod counts on some node, confirmed or assumed. */
  isPlaced(key: string): boolean {
    return this.#placed.has(key);
  }

  snapshot(): Snapshot {
    this.#snapshot ??= makeSnapshot(new Map(this.#nodes), this.#namespaceLabels);
    return this.#snapshot;
  }

  #place(pod: PodInfo, node: string): void {
    const before = this.#placed.get(pod.key);
    if (before !== undefined) this.#remove(pod.key);
    this.#placed.set(pod.key, { node, pod });
    const pods = this.#podsByNode.get(node);
    if (pods === undefined) this.#podsByNode.set(node, new Map([[pod.key, pod]]));
    else pods.set(pod.key, pod);
    const info = this.#nodes.get(node);
    if (info !== undefined) this.#nodes.set(node, withPod(info, pod));
    this.#snapshot = undefined;
  }

  #remove(key: string): void {
    const placed = this.#placed.get(key);
    if (placed === undefined) return;
    this.#placed.delete(key);
    const pods = this.#podsByNode.get(placed.node);
    pods?.delete(key);
    if (pods?.size === 0) this.#podsByNode.delete(placed.node);
    const info = this.#nodes.get(placed.node);
    if (info !== undefined) this.#nodes.set(placed.node, withoutPod(info, key));
    this.#snapshot = undefined;
  }
}

/** A snapshot over `nodes`, which must not change any more; also for what-if questions. */
export function makeSnapshot(
  nodes: ReadonlyMap<string, NodeInfo>,
  namespaceLabels: (namespace: string) => Readonly<Record<string, string>>,
): Snapshot {
  const list = [...nodes.values()];
  let withAffinity: readonly NodeInfo[] | undefined;
  let withRequiredAntiAffinity: readonly NodeInfo[] | undefined;
  return {
    nodes: list,
    get withAffinity() {
      withAffinity ??= list.filter((info) => info.pods.some((pod) => pod.hasAffinity));
      return withAffinity;
    },
    get withRequiredAntiAffinity() {
      withRequiredAntiAffinity ??= list.filter((info) =>
        info.pods.some((pod) => pod.hasRequiredAntiAffinity),
      );
      return withRequiredAntiAffinity;
    },
    get: (name) => nodes.get(name),
    namespaceLabels,
  };
}

/** `snapshot` with one node as `info` has it. */
export function replaceNode(snapshot: Snapshot, info: NodeInfo): Snapshot {
  const nodes = new Map(snapshot.nodes.map((each) => [each.name, each]));
  nodes.set(info.name, info);
  return makeSnapshot(nodes, snapshot.namespaceLabels);
}
