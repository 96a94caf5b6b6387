// Which endpoints of a Service port take traffic on this node, by upstream's rules.
import type { EndpointSlice, Service } from '../../objects.ts';
import type { Family } from '../network/addresses.ts';

/** One endpoint of one port of a Service. */
export interface Endpoint {
  readonly ip: string;
  readonly port: number;
  readonly nodeName: string | undefined;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly nodeHints: readonly string[];
  readonly zoneHints: readonly string[];
}

/** Where the proxy runs. */
export interface Place {
  readonly nodeName: string;
  readonly zone: string | undefined;
}

/** Endpoints for policy Cluster, those for policy Local, and whether any node has one. */
export interface Selection {
  readonly cluster: readonly Endpoint[];
  readonly local: readonly Endpoint[];
  readonly any: boolean;
}

const serviceLabel = 'kubernetes.io/service-name';

/** Slices by the key of the Service that they belong to. */
export function slicesByService(
  slices: readonly EndpointSlice[],
): ReadonlyMap<string, readonly EndpointSlice[]> {
  const byService = new Map<string, EndpointSlice[]>();
  for (const slice of slices) {
    const service = slice.metadata?.labels?.[serviceLabel];
    if (service === undefined || service === '') continue;
    const key = `${slice.metadata?.namespace ?? ''}/${service}`;
    const known = byService.get(key);
    if (known === undefined) byService.set(key, [slice]);
    else known.push(slice);
  }
  return byService;
}

/** The endpoints of the port named `portName`, each address and port once, in a stable order. */
export function endpointsOf(
  slices: readonly EndpointSlice[],
  portName: string,
  protocol: string,
  family: Family,
): readonly Endpoint[] {
  const found = new Map<string, Endpoint>();
  for (const slice of slices) {
    if (slice.addressType !== family) continue;
    const port = slice.ports?.find(
      (each) => (each.name ?? '') === portName && (each.protocol ?? 'TCP') === protocol,
    )?.port;
    if (port === undefined) continue;
    for (const { addresses, conditions = {}, nodeName, hints } of slice.endpoints ?? []) {
      const [ip] = addresses;
      if (ip === undefined) continue;
      const ready = conditions.ready ?? true;
      const endpoint: Endpoint = {
        ip,
        port,
        nodeName,
        ready,
        serving: conditions.serving ?? ready,
        terminating: conditions.terminating ?? false,
        nodeHints: hints?.forNodes?.map(({ name }) => name) ?? [],
        zoneHints: hints?.forZones?.map(({ name }) => name) ?? [],
      };
      const key = `${ip}:${port}`;
      // While an endpoint moves between slices it is in both; the better state is the newer.
      if (found.get(key)?.ready !== true) found.set(key, endpoint);
    }
  }
  return [...found.keys()].sort().flatMap((key) => found.get(key) ?? []);
}

/** Chooses among `endpoints`: ready ones; where there is none, those that end but still serve. */
export function selectEndpoints(endpoints: readonly Endpoint[], place: Place): Selection {
  const usable = (ready: boolean, among: readonly Endpoint[]) =>
    among.filter((each) => (ready ? each.ready : each.serving && each.terminating));
  const choose = (among: readonly Endpoint[]) => {
    const ready = usable(true, among);
    return ready.length > 0 ? ready : usable(false, among);
  };
  const ready = usable(true, endpoints);
  const cluster = ready.length > 0 ? nearest(ready, place) : choose(endpoints);
  const local = choose(endpoints.filter(({ nodeName }) => nodeName === place.nodeName));
  return { cluster, local, any: choose(endpoints).length > 0 };
}

/** Hints count only where every ready endpoint has them and some point here. */
function nearest(ready: readonly Endpoint[], { nodeName, zone }: Place): readonly Endpoint[] {
  const hinted = (hints: (endpoint: Endpoint) => readonly string[], own: string | undefined) => {
    if (own === undefined || !ready.every((each) => hints(each).length > 0)) return [];
    return ready.filter((each) => hints(each).includes(own));
  };
  const byNode = hinted((each) => each.nodeHints, nodeName);
  if (byNode.length > 0) return byNode;
  const byZone = hinted((each) => each.zoneHints, zone);
  return byZone.length > 0 ? byZone : ready;
}

/** Whether the proxy has anything to do with a Service. */
export function isProxied(service: Service): boolean {
  const { clusterIP, type } = service.spec ?? {};
  const labels = service.metadata?.labels ?? {};
  if (labels['service.kubernetes.io/service-proxy-name'] !== undefined) return false;
  return (
    type !== 'ExternalName' && clusterIP !== undefined && clusterIP !== '' && clusterIP !== 'None'
  );
}
