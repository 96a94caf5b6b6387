// The scheduler's picture of the cluster: what informers say plus the pods it has just placed.
import type { Node, Pod } from '../objects.ts';
import { nodeInfo, withoutPod, withPod } from './node-info.ts';
import { isTerminal, podInfo } from './pod-info.ts';
import { hasAffinity, inZoneOrder, makeSnapshot, zoneOf } from './snapshot.ts';
import type { ClusterFacts, NodeInfo, PodInfo, Snapshot } from './types.ts';

/** Pods placed by the scheduler count at once; the informer's word confirms or corrects it. */
export class SchedulerCache {
  readonly #facts: ClusterFacts;
  readonly #nodes = new Map<string, NodeInfo>();
  /** Where each pod counts. A pod may name a node that is not known (yet). */
  readonly #placed = new Map<string, { readonly node: string; readonly pod: PodInfo }>();
  readonly #assumed = new Set<string>();
  /** Pods of nodes that are not known. */
  readonly #homeless = new Map<string, Map<string, PodInfo>>();
  readonly #affinityNodes = new Set<string>();
  readonly #images = new Map<string, number>();
  #snapshot: Snapshot | undefined;
  #positions: ReadonlyMap<string, number> = new Map();
  /** Nodes that are other than in the snapshot, while its order still holds. */
  readonly #changed = new Set<string>();

  constructor(facts: ClusterFacts) {
    this.#facts = facts;
  }

  setNode(node: Node): void {
    const name = node.metadata?.name ?? '';
    const before = this.#nodes.get(name);
    const pods = before?.pods ?? [...(this.#homeless.get(name)?.values() ?? [])];
    const info = nodeInfo(node, pods);
    this.#homeless.delete(name);
    this.#put(info);
    this.#countImages(before, -1);
    this.#countImages(info, 1);
    if (before === undefined || zoneOf(before) !== zoneOf(info)) this.#snapshot = undefined;
    else this.#changed.add(name);
  }

  removeNode(name: string): void {
    const before = this.#nodes.get(name);
    if (before === undefined) return;
    this.#nodes.delete(name);
    this.#affinityNodes.delete(name);
    this.#countImages(before, -1);
    if (before.pods.length > 0) {
      this.#homeless.set(name, new Map(before.pods.map((pod) => [pod.key, pod])));
    }
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

  /** The cluster as it is now; costs what has changed since the last one. */
  snapshot(): Snapshot {
    if (this.#snapshot === undefined) {
      const nodes = inZoneOrder(this.#nodes.values());
      this.#positions = new Map(nodes.map(({ name }, position) => [name, position]));
      this.#snapshot = this.#snapshotOf(nodes);
    } else if (this.#changed.size > 0) {
      const nodes = this.#snapshot.nodes.slice();
      for (const name of this.#changed) {
        const position = this.#positions.get(name);
        const info = this.#nodes.get(name);
        if (position !== undefined && info !== undefined) nodes[position] = info;
      }
      this.#snapshot = this.#snapshotOf(nodes);
    }
    this.#changed.clear();
    return this.#snapshot;
  }

  #snapshotOf(nodes: readonly NodeInfo[]): Snapshot {
    const basis = { positions: this.#positions, images: this.#images, facts: this.#facts };
    return makeSnapshot(nodes, this.#affinityNodes, basis);
  }

  #put(info: NodeInfo): void {
    this.#nodes.set(info.name, info);
    if (hasAffinity(info)) this.#affinityNodes.add(info.name);
    else this.#affinityNodes.delete(info.name);
  }

  #place(pod: PodInfo, node: string): void {
    this.#remove(pod.key);
    this.#placed.set(pod.key, { node, pod });
    const info = this.#nodes.get(node);
    if (info === undefined) {
      const pods = this.#homeless.get(node);
      if (pods === undefined) this.#homeless.set(node, new Map([[pod.key, pod]]));
      else pods.set(pod.key, pod);
      return;
    }
    this.#put(withPod(info, pod));
    this.#changed.add(node);
  }

  #remove(key: string): void {
    const placed = this.#placed.get(key);
    if (placed === undefined) return;
    this.#placed.delete(key);
    const info = this.#nodes.get(placed.node);
    if (info === undefined) {
      const pods = this.#homeless.get(placed.node);
      pods?.delete(key);
      if (pods?.size === 0) this.#homeless.delete(placed.node);
      return;
    }
    this.#put(withoutPod(info, key));
    this.#changed.add(placed.node);
  }

  #countImages(info: NodeInfo | undefined, by: 1 | -1): void {
    for (const image of info?.images.keys() ?? []) {
      const count = (this.#images.get(image) ?? 0) + by;
      if (count === 0) this.#images.delete(image);
      else this.#images.set(image, count);
    }
  }
}
