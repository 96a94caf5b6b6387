// What EndpointSlices mirror an Endpoints object, and which writes make the old ones so.
import { isIP, isIPv6 } from 'node:net';
import { endpoints } from '../client/resource-ref.ts';
import type { EndpointSlice, Endpoints } from '../objects.ts';
import { canonicalJson } from './deployment-template.ts';
import type { SliceEndpoint, SlicePort } from './endpoints-plan.ts';
import { portsKey } from './endpointslice-plan.ts';
import { controllerReference } from './ownership.ts';

/** Addresses of one set of ports (--mirroring-max-endpoints-per-subset); others are left out. */
export const endpointsPerSubsetMax = 1000;

export const mirrorManagedBy = 'endpointslicemirroring-controller.k8s.io';
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
export const serviceNameLabel = 'kubernetes.io/service-name';
/** Of no use to those who read slices, or untrue of them. */
const annotationsNotMirrored = [
  'endpoints.kubernetes.io/last-change-trigger-time',
  'kubectl.kubernetes.io/last-applied-configuration',
];

export interface MirrorPlan {
  readonly create: readonly EndpointSlice[];
  readonly update: readonly EndpointSlice[];
  readonly delete: readonly EndpointSlice[];
  /** Addresses that are no IPs. */
  readonly invalid: number;
  /** Addresses beyond the limit. */
  readonly skipped: number;
}

type Subset = NonNullable<Endpoints['subsets']>[number];
type Address = NonNullable<Subset['addresses']>[number];

interface Group {
  readonly addressType: 'IPv4' | 'IPv6';
  readonly ports: readonly SlicePort[];
  readonly endpoints: Map<string, SliceEndpoint>;
}

/** One slice for each family and set of ports; slices that are left over are used again. */
export function planMirror(source: Endpoints, existing: readonly EndpointSlice[]): MirrorPlan {
  const { groups, invalid, skipped } = groupsOf(source);
  const unused = new Set(existing);
  const waiting: EndpointSlice[] = [];
  const update: EndpointSlice[] = [];
  for (const [key, group] of groups) {
    const slice = sliceOf(source, group);
    const kept = existing.find((each) => unused.has(each) && keyOf(each) === key);
    if (kept === undefined) {
      waiting.push(slice);
      continue;
    }
    unused.delete(kept);
    if (!isSame(kept, slice)) update.push(named(slice, kept));
  }
  const create: EndpointSlice[] = [];
  for (const slice of waiting) {
    // The family of a slice cannot be changed.
    const spare = [...unused].find((each) => each.addressType === slice.addressType);
    if (spare === undefined) create.push(slice);
    else {
      unused.delete(spare);
      update.push(named(slice, spare));
    }
  }
  return { create, update, delete: [...unused], invalid, skipped };
}

function groupsOf({ subsets = [] }: Endpoints) {
  const groups = new Map<string, Group>();
  let invalid = 0;
  let skipped = 0;
  for (const subset of subsets) {
    const ports = (subset.ports ?? []).map(({ name = '', ...rest }) => ({ name, ...rest }));
    const { addresses = [], notReadyAddresses = [] } = subset;
    // Whatever is also named as not ready is not ready.
    const notReady = new Set(notReadyAddresses.map(({ ip }) => ip));
    const ready = addresses.filter(({ ip }) => !notReady.has(ip));
    let added = 0;
    for (const address of [...ready, ...notReadyAddresses]) {
      if (isIP(address.ip) === 0) invalid++;
      else if (added >= endpointsPerSubsetMax) skipped++;
      else {
        addTo(groups, ports, address, !notReady.has(address.ip));
        added++;
      }
    }
  }
  return { groups, invalid, skipped };
}

function addTo(
  groups: Map<string, Group>,
  ports: readonly SlicePort[],
  address: Address,
  ready: boolean,
): void {
  const addressType = isIPv6(address.ip) ? 'IPv6' : 'IPv4';
  const key = `${addressType}-${portsKey(ports)}`;
  const group: Group = groups.get(key) ?? { addressType, ports, endpoints: new Map() };
  groups.set(key, group);
  const { ip, hostname = '', nodeName, targetRef } = address;
  const id = `${ip}|${targetRef?.uid ?? ''}`;
  if (group.endpoints.has(id)) return;
  group.endpoints.set(id, {
    addresses: [ip],
    conditions: { ready },
    ...(hostname === '' ? {} : { hostname }),
    ...(targetRef === undefined ? {} : { targetRef }),
    ...(nodeName === undefined ? {} : { nodeName }),
  });
}

function keyOf({ addressType, ports }: EndpointSlice): string {
  return `${addressType}-${portsKey(ports ?? [])}`;
}

function sliceOf(source: Endpoints, group: Group): EndpointSlice {
  const { name = '', namespace = '', labels, annotations } = source.metadata ?? {};
  const kept = Object.entries(annotations ?? {}).filter(
    ([key]) => !annotationsNotMirrored.includes(key),
  );
  return {
    metadata: {
      generateName: `${name}-`,
      namespace,
      labels: { ...labels, [serviceNameLabel]: name, [managedByLabel]: mirrorManagedBy },
      annotations: Object.fromEntries(kept),
      ownerReferences: [controllerReference(endpoints, source)],
    },
    addressType: group.addressType,
    ports: [...group.ports],
    endpoints: [...group.endpoints.values()],
  };
}

function isSame(old: EndpointSlice, next: EndpointSlice): boolean {
  return contentOf(old) === contentOf(next);
}

/** All that a mirror sets, with endpoints in an order of their own. */
function contentOf({ metadata, endpoints: all }: EndpointSlice): string {
  const { labels, annotations, ownerReferences } = metadata ?? {};
  const sorted = (all ?? []).map((each) => canonicalJson(each)).sort();
  return canonicalJson([labels, annotations ?? {}, ownerReferences, sorted]);
}

function named(slice: EndpointSlice, old: EndpointSlice): EndpointSlice {
  const { labels, annotations, ownerReferences } = slice.metadata ?? {};
  return {
    ...slice,
    metadata: {
      ...old.metadata,
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(ownerReferences === undefined ? {} : { ownerReferences }),
    },
  };
}
