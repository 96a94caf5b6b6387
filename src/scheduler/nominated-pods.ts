// Pods without a node that have one in view: preemption is making room for them there.
import type { PodInfo } from './types.ts';

export class NominatedPods {
  readonly #byNode = new Map<string, Map<string, PodInfo>>();
  readonly #nodeOf = new Map<string, string>();

  /** An empty `node` takes the nomination back. */
  set(pod: PodInfo, node: string): void {
    this.delete(pod.key);
    if (node === '') return;
    this.#nodeOf.set(pod.key, node);
    const pods = this.#byNode.get(node);
    if (pods === undefined) this.#byNode.set(node, new Map([[pod.key, pod]]));
    else pods.set(pod.key, pod);
  }

  delete(key: string): void {
    const node = this.#nodeOf.get(key);
    if (node === undefined) return;
    this.#nodeOf.delete(key);
    const pods = this.#byNode.get(node);
    pods?.delete(key);
    if (pods?.size === 0) this.#byNode.delete(node);
  }

  /** Empty when it has none. */
  nodeOf(key: string): string {
    return this.#nodeOf.get(key) ?? '';
  }

  on(node: string): readonly PodInfo[] {
    const pods = this.#byNode.get(node);
    return pods === undefined ? none : [...pods.values()];
  }
}

const none: readonly PodInfo[] = [];
