// Which endpoints a service has, from its pods: addresses, conditions, ports.
import type { EndpointSlice, Node, Pod, Service } from '../objects.ts';
import { isPodReady, isPodTerminal } from './pod-state.ts';

export type SliceEndpoint = NonNullable<EndpointSlice['endpoints']>[number];
export type SlicePort = NonNullable<EndpointSlice['ports']>[number];
type ServicePort = NonNullable<NonNullable<Service['spec']>['ports']>[number];

/** Endpoints that share an address family and the numbers of all ports. */
export interface EndpointGroup {
  readonly addressType: 'IPv4' | 'IPv6';
  readonly ports: readonly SlicePort[];
  readonly endpoints: readonly SliceEndpoint[];
}

export type NodeOf = (name: string) => Node | undefined;

/** Groups in a stable order; a service without pods has none. */
export function endpointGroups(
  service: Service,
  pods: readonly Pod[],
  nodeOf: NodeOf,
): readonly EndpointGroup[] {
  const groups = new Map<string, { group: EndpointGroup; endpoints: SliceEndpoint[] }>();
  for (const addressType of familiesOf(service)) {
    for (const pod of pods) {
      if (isPodTerminal(pod)) continue;
      const address = addressOf(pod, addressType);
      if (address === undefined) continue;
      const ports = portsFor(service, pod);
      // None of the service's named ports is one of this pod's.
      if (ports.length === 0 && (service.spec?.ports ?? []).length > 0) continue;
      const key = `${addressType}|${JSON.stringify(ports)}`;
      let entry = groups.get(key);
      if (entry === undefined) {
        const endpoints: SliceEndpoint[] = [];
        entry = { group: { addressType, ports, endpoints }, endpoints };
        groups.set(key, entry);
      }
      entry.endpoints.push(endpointOf(service, pod, address, nodeOf));
    }
  }
  return [...groups.values()].map((entry) => entry.group);
}

/** The service's address families; IPv4 until they are known. */
export function familiesOf(service: Service): readonly ('IPv4' | 'IPv6')[] {
  const families = (service.spec?.ipFamilies ?? []).filter(
    (family): family is 'IPv4' | 'IPv6' => family === 'IPv4' || family === 'IPv6',
  );
  return families.length === 0 ? ['IPv4'] : families;
}

function addressOf(pod: Pod, family: 'IPv4' | 'IPv6'): string | undefined {
  const all = pod.status?.podIPs?.map((each) => each.ip) ?? [];
  if (all.length === 0 && pod.status?.podIP !== undefined) all.push(pod.status.podIP);
  return all.find((ip) => ip !== '' && (family === 'IPv6') === ip.includes(':'));
}

export function portsFor(service: Service, pod: Pod): readonly SlicePort[] {
  const ports: SlicePort[] = [];
  for (const servicePort of service.spec?.ports ?? []) {
    const port = targetPort(servicePort, pod);
    if (port === undefined) continue;
    const { name = '', protocol = 'TCP', appProtocol } = servicePort;
    ports.push({ name, port, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) });
  }
  return ports;
}

function targetPort(servicePort: ServicePort, pod: Pod): number | undefined {
  const target: unknown = servicePort.targetPort;
  if (typeof target === 'number') return target === 0 ? servicePort.port : target;
  if (typeof target !== 'string' || target === '') return servicePort.port;
  const protocol = servicePort.protocol ?? 'TCP';
  const sidecars = (pod.spec?.initContainers ?? []).filter(
    (each) => each.restartPolicy === 'Always',
  );
  for (const container of [...(pod.spec?.containers ?? []), ...sidecars]) {
    for (const port of container.ports ?? []) {
      if (port.name === target && (port.protocol ?? 'TCP') === protocol) return port.containerPort;
    }
  }
  return undefined;
}

function endpointOf(service: Service, pod: Pod, address: string, nodeOf: NodeOf): SliceEndpoint {
  const { name = '', namespace = '', uid = '', deletionTimestamp } = pod.metadata ?? {};
  const serving = isPodReady(pod);
  const terminating = deletionTimestamp !== undefined;
  const ready = service.spec?.publishNotReadyAddresses === true || (serving && !terminating);
  const { nodeName = '', hostname = '', subdomain = '' } = pod.spec ?? {};
  const zone = nodeOf(nodeName)?.metadata?.labels?.['topology.kubernetes.io/zone'];
  const named = hostname !== '' && subdomain === service.metadata?.name;
  return {
    addresses: [address],
    conditions: { ready, serving, terminating },
    ...(named ? { hostname } : {}),
    targetRef: { kind: 'Pod', namespace, name, uid },
    ...(nodeName === '' ? {} : { nodeName }),
    ...(zone === undefined || zone === '' ? {} : { zone }),
  };
}
