// Turns Services, EndpointSlices, nodes and local pods into one ruleset; pure.
import type { EndpointSlice, Node, Pod, Service } from '../../objects.ts';
import { type Family, familyOf, internalAddresses, podRanges } from '../network/addresses.ts';
import { chainName, createDraft, type Draft } from './draft.ts';
import {
  endpointsOf,
  isProxied,
  type Place,
  selectEndpoints,
  slicesByService,
} from './endpoints.ts';
import { hostPortsOf } from './host-ports.ts';
import type { Ruleset } from './ruleset.ts';
import { addServicePort } from './service-port.ts';

export interface ProxyInput {
  readonly family: Family;
  readonly place: Place;
  readonly services: readonly Service[];
  readonly slices: readonly EndpointSlice[];
  readonly nodes: readonly Node[];
  /** Pods of this node, for their hostPorts. */
  readonly pods: readonly Pod[];
  /** The ranges that all pods' addresses are from. */
  readonly clusterRanges: readonly string[];
}

/** What a health check of a Service with externalTrafficPolicy Local answers from. */
export interface HealthCheck {
  readonly namespace: string;
  readonly name: string;
  readonly localEndpoints: number;
}

export interface Compiled {
  readonly ruleset: Ruleset;
  /** By healthCheckNodePort. */
  readonly healthChecks: ReadonlyMap<number, HealthCheck>;
  /** UDP destinations (`address:port`, or `:nodePort`) → endpoints (`address:port`) they lead to. */
  readonly udpTargets: ReadonlyMap<string, ReadonlySet<string>>;
}

export const tableName = 'coracle-services';

/** Compiles for one family; the order of the inputs does not matter to the outcome. */
export function compile(input: ProxyInput): Compiled {
  const own = input.nodes.find(({ metadata }) => metadata?.name === input.place.nodeName);
  const ownRanges = own === undefined ? [] : podRanges(own);
  const draft = createDraft(input.family, input.clusterRanges, ownRanges);
  const healthChecks = new Map<number, HealthCheck>();
  const byService = slicesByService(input.slices);
  const services = input.services.filter(isProxied).toSorted(byAgeThenKey);
  for (const service of services) {
    const { namespace = '', name = '' } = service.metadata ?? {};
    const slices = byService.get(`${namespace}/${name}`) ?? [];
    const localEndpoints = new Set<string>();
    for (const port of service.spec?.ports ?? []) {
      const protocol = port.protocol ?? 'TCP';
      const all = endpointsOf(slices, port.name ?? '', protocol, input.family);
      const selection = selectEndpoints(all, input.place);
      for (const { ip, ready } of selection.local) if (ready) localEndpoints.add(ip);
      addServicePort(draft, service, port, selection);
    }
    const { healthCheckNodePort, externalTrafficPolicy } = service.spec ?? {};
    if (healthCheckNodePort !== undefined && externalTrafficPolicy === 'Local') {
      const check = { namespace, name, localEndpoints: localEndpoints.size };
      healthChecks.set(healthCheckNodePort, check);
    }
  }
  addHostPorts(draft, input.pods);
  for (const address of input.nodes.flatMap(internalAddresses)) {
    if (familyOf(address) === input.family) draft.put('node-ips', address);
  }
  const { ip: family, chains, collections, udpTargets } = draft;
  return {
    ruleset: { family, table: tableName, chains, collections },
    healthChecks,
    udpTargets,
  };
}

function byAgeThenKey(a: Service, b: Service): number {
  return compareText(ageKey(a), ageKey(b));
}

function ageKey({ metadata = {} }: Service): string {
  return `${metadata.creationTimestamp ?? ''} ${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function addHostPorts(draft: Draft, pods: readonly Pod[]): void {
  const { ip } = draft;
  for (const port of hostPortsOf(pods, draft.family)) {
    const { protocol, hostPort, podIp, containerPort, hostIp } = port;
    const name = chainName('hostport', port.pod, hostIp, protocol, hostPort, podIp, containerPort);
    const to = ip === 'ip' ? `${podIp}:${containerPort}` : `[${podIp}]:${containerPort}`;
    draft.chains.set(name, {
      rules: [
        `${ip} saddr ${podIp} jump mark-for-masquerade`,
        `meta l4proto ${protocol} dnat to ${to}`,
      ],
    });
    if (hostIp === '') draft.put('host-ports', `${protocol} . ${hostPort}`, `goto ${name}`);
    else draft.put('host-ip-ports', `${hostIp} . ${protocol} . ${hostPort}`, `goto ${name}`);
  }
}
