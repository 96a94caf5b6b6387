// The cluster as one cycle sees it: nodes in a fixed order, and questions about all of them.
import type { ClusterFacts, NodeInfo, Snapshot } from './types.ts';

/**
 * What a snapshot shares with those before and after it. Like `affinityNodes` it is the cache's
 * own and moves on with it: a snapshot is for the turn of the event loop in which it was taken.
 */
export interface SnapshotBasis {
  /** Where each node is, by name. */
  readonly positions: ReadonlyMap<string, number>;
  /** How many nodes hold each image. */
  readonly images: ReadonlyMap<string, number>;
  readonly facts: ClusterFacts;
}

/** `nodes` must not change any more; `affinityNodes` names those whose pods have terms. */
export function makeSnapshot(
  nodes: readonly NodeInfo[],
  affinityNodes: ReadonlySet<string>,
  basis: SnapshotBasis,
): Snapshot {
  const { positions, images, facts } = basis;
  const get = (name: string) => {
    const position = positions.get(name);
    return position === undefined ? undefined : nodes[position];
  };
  return {
    nodes,
    facts,
    withAffinity: [...affinityNodes].flatMap((name) => get(name) ?? []),
    get,
    with(node) {
      const changed = nodes.slice();
      const position = positions.get(node.name);
      if (position === undefined) throw new Error(`cannot replace node ${node.name}: unknown`);
      changed[position] = node;
      const has = hasAffinity(node);
      const named =
        has === affinityNodes.has(node.name)
          ? affinityNodes
          : has
            ? new Set([...affinityNodes, node.name])
            : new Set([...affinityNodes].filter((name) => name !== node.name));
      return makeSnapshot(changed, named, basis);
    },
    imageHolders: (image) => images.get(image) ?? 0,
  };
}

export function hasAffinity({ pull, keepsAway }: NodeInfo): boolean {
  return pull.length + keepsAway.length > 0;
}

const regionLabel = 'topology.kubernetes.io/region';
const zoneLabel = 'topology.kubernetes.io/zone';

/** Nodes of different zones in turn, so that an early stop has looked into each. */
export function inZoneOrder(nodes: Iterable<NodeInfo>): NodeInfo[] {
  const zones = new Map<string, NodeInfo[]>();
  for (const node of nodes) {
    const zone = zoneOf(node);
    const members = zones.get(zone);
    if (members === undefined) zones.set(zone, [node]);
    else members.push(node);
  }
  const groups = [...zones.values()];
  const ordered: NodeInfo[] = [];
  for (let turn = 0; groups.some((group) => turn < group.length); turn++) {
    for (const group of groups) {
      const node = group[turn];
      if (node !== undefined) ordered.push(node);
    }
  }
  return ordered;
}

export function zoneOf({ labels }: NodeInfo): string {
  return `${labels[regionLabel] ?? ''}:${labels[zoneLabel] ?? ''}`;
}
