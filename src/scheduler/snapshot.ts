// The cluster as one cycle sees it: nodes in a fixed order, and questions about all of them.
import type { ClusterFacts, NodeInfo, Snapshot } from './types.ts';

/** `nodes` must not change any more; `positions` says where each is by name. */
export function makeSnapshot(
  nodes: readonly NodeInfo[],
  positions: ReadonlyMap<string, number>,
  images: ReadonlyMap<string, number>,
  facts: ClusterFacts,
): Snapshot {
  let withAffinity: readonly NodeInfo[] | undefined;
  let withRequiredAntiAffinity: readonly NodeInfo[] | undefined;
  return {
    nodes,
    facts,
    get withAffinity() {
      withAffinity ??= nodes.filter((info) => info.podsWithAffinity.length > 0);
      return withAffinity;
    },
    get withRequiredAntiAffinity() {
      withRequiredAntiAffinity ??= nodes.filter(
        (info) => info.podsWithRequiredAntiAffinity.length > 0,
      );
      return withRequiredAntiAffinity;
    },
    get(name) {
      const position = positions.get(name);
      return position === undefined ? undefined : nodes[position];
    },
    with(node) {
      const changed = nodes.slice();
      const position = positions.get(node.name);
      if (position === undefined) throw new Error(`cannot replace node ${node.name}: unknown`);
      changed[position] = node;
      return makeSnapshot(changed, positions, images, facts);
    },
    imageHolders: (image) => images.get(image) ?? 0,
  };
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
