// The garbage collector's picture: which objects there are and who depends on whom.
import type { MetadataRef } from '../client/resource-ref.ts';
import type { KubernetesObject, OwnerReference } from '../objects.ts';

/** An object as the collector needs it. */
export interface GraphNode {
  readonly ref: MetadataRef;
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly owners: readonly OwnerReference[];
  readonly deleting: boolean;
  readonly finalizers: readonly string[];
}

/** Waits for its dependents to go first (`kubectl delete --cascade=foreground`). */
export function isDeletingDependents(node: GraphNode): boolean {
  return node.deleting && node.finalizers.includes('foregroundDeletion');
}

export function isOrphaning(node: GraphNode): boolean {
  return node.deleting && node.finalizers.includes('orphan');
}

const noOwners: readonly OwnerReference[] = Object.freeze([]);
const noFinalizers: readonly string[] = Object.freeze([]);

export function graphNode(ref: MetadataRef, object: KubernetesObject): GraphNode {
  const { uid = '', namespace = '', name = '' } = object.metadata ?? {};
  return {
    ref,
    uid,
    namespace,
    name,
    owners: object.metadata?.ownerReferences ?? noOwners,
    deleting: object.metadata?.deletionTimestamp !== undefined,
    finalizers: object.metadata?.finalizers ?? noFinalizers,
  };
}

/** Nodes by UID, and dependents by their owner's UID, whether or not the owner is known. */
export class GarbageGraph {
  readonly #nodes = new Map<string, GraphNode>();
  readonly #dependents = new Map<string, Set<string>>();

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid);
  }

  dependentsOf(uid: string): readonly GraphNode[] {
    const nodes: GraphNode[] = [];
    for (const dependent of this.#dependents.get(uid) ?? []) {
      const node = this.#nodes.get(dependent);
      if (node !== undefined) nodes.push(node);
    }
    return nodes;
  }

  put(node: GraphNode): void {
    this.#unlink(node.uid);
    this.#nodes.set(node.uid, node);
    for (const { uid } of node.owners) {
      const dependents = this.#dependents.get(uid);
      if (dependents === undefined) this.#dependents.set(uid, new Set([node.uid]));
      else dependents.add(node.uid);
    }
  }

  delete(uid: string): void {
    this.#unlink(uid);
    this.#nodes.delete(uid);
  }

  #unlink(uid: string): void {
    for (const owner of this.#nodes.get(uid)?.owners ?? []) {
      const dependents = this.#dependents.get(owner.uid);
      if (dependents?.delete(uid) === true && dependents.size === 0) {
        this.#dependents.delete(owner.uid);
      }
    }
  }
}
