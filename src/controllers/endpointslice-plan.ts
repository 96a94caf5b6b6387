// Fits a service's endpoints into slices, with as few writes as possible.
import type { EndpointSlice } from '../objects.ts';
import type { EndpointGroup, SliceEndpoint, SlicePort } from './endpoints-plan.ts';

/** Endpoints of one slice (kube-controller-manager's --max-endpoints-per-slice). */
export const endpointsPerSliceMax = 100;

/** A slice to be: `existing` when it is an old one with new content. */
export interface SliceContent {
  readonly existing: EndpointSlice | undefined;
  readonly addressType: 'IPv4' | 'IPv6';
  readonly ports: readonly SlicePort[];
  readonly endpoints: readonly SliceEndpoint[];
}

export interface SlicePlan {
  readonly create: readonly SliceContent[];
  readonly update: readonly SliceContent[];
  readonly keep: readonly SliceContent[];
  readonly delete: readonly EndpointSlice[];
}

/**
 * Endpoints stay in the slice that has them; new ones fill updated slices first, then others with
 * room, then new slices. A service without endpoints keeps one empty slice per family.
 */
export function planSlices(
  groups: readonly EndpointGroup[],
  existing: readonly EndpointSlice[],
  families: readonly ('IPv4' | 'IPv6')[],
): SlicePlan {
  const plan = { create: [], update: [], keep: [], delete: [] } as {
    [Key in keyof SlicePlan]: SlicePlan[Key][number][];
  } & {
    create: SliceContent[];
    update: SliceContent[];
    keep: SliceContent[];
    delete: EndpointSlice[];
  };
  const unused = new Set(existing);
  const wanted = [...groups];
  for (const addressType of families) {
    if (groups.some((group) => group.addressType === addressType)) continue;
    wanted.push({ addressType, ports: [], endpoints: [] });
  }
  for (const group of wanted) {
    const ports = portsKey(group.ports);
    const own = existing.filter(
      (slice) => slice.addressType === group.addressType && portsKey(slice.ports ?? []) === ports,
    );
    for (const slice of own) unused.delete(slice);
    planGroup(group, own, plan);
  }
  plan.delete.push(...unused);
  return plan;
}

function planGroup(
  group: EndpointGroup,
  own: readonly EndpointSlice[],
  plan: {
    create: SliceContent[];
    update: SliceContent[];
    keep: SliceContent[];
    delete: EndpointSlice[];
  },
): void {
  const { addressType, ports } = group;
  const missing = new Map(group.endpoints.map((endpoint) => [endpointKey(endpoint), endpoint]));
  const contents = own.map((slice) => {
    const endpoints: SliceEndpoint[] = [];
    for (const old of slice.endpoints ?? []) {
      const current = missing.get(endpointKey(old));
      if (current !== undefined) endpoints.push(current);
      missing.delete(endpointKey(old));
    }
    const same = JSON.stringify(slice.endpoints ?? []) === JSON.stringify(endpoints);
    return { existing: slice, addressType, ports, endpoints, changed: !same };
  });
  const added = [...missing.values()];
  contents.sort(
    (a, b) => Number(b.changed) - Number(a.changed) || b.endpoints.length - a.endpoints.length,
  );
  for (const content of contents) {
    const room = endpointsPerSliceMax - content.endpoints.length;
    if (added.length === 0 || room <= 0) continue;
    content.endpoints.push(...added.splice(0, room));
    content.changed = true;
  }
  let filled = 0;
  for (const { changed, ...content } of contents) {
    const spare = content.endpoints.length === 0 && (group.endpoints.length > 0 || filled > 0);
    if (spare) plan.delete.push(content.existing);
    else if (changed) plan.update.push(content);
    else plan.keep.push(content);
    if (!spare) filled++;
  }
  while (added.length > 0 || filled === 0) {
    const endpoints = added.splice(0, endpointsPerSliceMax);
    plan.create.push({ existing: undefined, addressType, ports, endpoints });
    filled++;
  }
}

/** What makes two sets of ports the same, in whatever order. */
export function portsKey(ports: readonly SlicePort[]): string {
  const parts = ports.map(({ name, port, protocol, appProtocol }) =>
    [name ?? '', port ?? '', protocol ?? 'TCP', appProtocol ?? ''].join('/'),
  );
  return parts.sort().join(',');
}

function endpointKey(endpoint: SliceEndpoint): string {
  return `${endpoint.targetRef?.uid ?? ''}|${endpoint.addresses[0] ?? ''}`;
}
