// The chains and map elements of one Service port: balancing, affinity, policies, reject.
import type { Service } from '../../objects.ts';
import { familyOf } from '../network/addresses.ts';
import { chainName, type Draft } from './draft.ts';
import type { Endpoint, Selection } from './endpoints.ts';

type ServicePort = NonNullable<NonNullable<Service['spec']>['ports']>[number];

/** Clients remembered per endpoint of a Service with ClientIP affinity. */
const affinityClientsMax = 65_536;
const affinitySecondsDefault = 10_800;

/** One port on its way into the draft. */
interface Port {
  readonly draft: Draft;
  readonly spec: NonNullable<Service['spec']>;
  readonly names: readonly string[];
  readonly protocol: string;
  readonly port: number;
  readonly clusterIps: readonly string[];
  readonly selection: Selection;
}

export function addServicePort(
  draft: Draft,
  service: Service,
  servicePort: ServicePort,
  selection: Selection,
): void {
  const spec = service.spec ?? {};
  const protocol = (servicePort.protocol ?? 'TCP').toLowerCase();
  const { namespace = '', name = '' } = service.metadata ?? {};
  const own = (address: string | undefined) =>
    address !== undefined && familyOf(address) === draft.family;
  const port: Port = {
    draft,
    spec,
    names: [namespace, name, protocol, servicePort.name || String(servicePort.port)],
    protocol,
    port: servicePort.port,
    clusterIps: (spec.clusterIPs ?? [spec.clusterIP ?? '']).filter(own),
    selection,
  };
  const balancers = loadBalancerAddresses(service).filter(own);
  const external = [...(spec.externalIPs ?? []).filter(own), ...balancers];
  const nodePort = servicePort.nodePort === 0 ? undefined : servicePort.nodePort;
  const internalLocal = spec.internalTrafficPolicy === 'Local';
  const externalLocal = spec.externalTrafficPolicy === 'Local';
  const reachable = external.length > 0 || nodePort !== undefined;

  addInternal(port, internalLocal ? selection.local : selection.cluster, internalLocal);
  if (reachable) addExternal(port, external, nodePort, externalLocal);
  addFirewall(port, balancers);
  if (protocol === 'udp') noteUdpTargets(port, external, nodePort, { internalLocal });
}

/** Addresses that a load balancer gave the Service and that the node itself must answer. */
function loadBalancerAddresses(service: Service): readonly string[] {
  if (service.spec?.type !== 'LoadBalancer') return [];
  return (service.status?.loadBalancer?.ingress ?? [])
    .filter(({ ip, ipMode }) => ip !== undefined && ip !== '' && ipMode !== 'Proxy')
    .map(({ ip }) => ip ?? '');
}

function addInternal(port: Port, endpoints: readonly Endpoint[], local: boolean): void {
  const { draft, clusterIps } = port;
  const chain = endpoints.length === 0 ? undefined : addBalancing(port, local, endpoints);
  for (const address of clusterIps) {
    const key = `${address} . ${port.protocol} . ${port.port}`;
    draft.put('cluster-ips', address);
    if (chain !== undefined) draft.put('service-ips', key, `goto ${chain}`);
    else draft.put('no-endpoint-services', key, missing(port, local));
  }
}

function addExternal(
  port: Port,
  addresses: readonly string[],
  nodePort: number | undefined,
  local: boolean,
): void {
  const { draft, selection, protocol } = port;
  const endpoints = local ? selection.local : selection.cluster;
  const chain = selection.any ? addExternalChain(port, local) : undefined;
  const verdict = missing(port, local);
  const keys = addresses.map((address) => `${address} . ${protocol} . ${port.port}`);
  const nodeKey = `${protocol} . ${nodePort}`;
  for (const key of keys) {
    if (chain !== undefined) draft.put('service-ips', key, `goto ${chain}`);
    if (endpoints.length === 0) draft.put('no-endpoint-services', key, verdict);
  }
  if (nodePort === undefined) return;
  if (chain !== undefined) draft.put('service-nodeports', nodeKey, `goto ${chain}`);
  if (endpoints.length === 0) draft.put('no-endpoint-nodeports', nodeKey, verdict);
}

/** Elsewhere there are endpoints: another node may answer, so say nothing. Nowhere: say so. */
function missing({ selection }: Port, local: boolean): string {
  return local && selection.any ? 'drop' : 'goto reject-packet';
}

/** Traffic from outside the cluster, and from inside to an outside address of the Service. */
function addExternalChain(port: Port, local: boolean): string {
  const { draft, names, selection } = port;
  const { ip, ownRanges } = draft;
  const name = chainName('external', ...names);
  const rules: string[] = [];
  const everywhere =
    selection.cluster.length === 0 ? undefined : addBalancing(port, false, selection.cluster);
  if (!local) {
    // The reply must come back this way, wherever the endpoint is.
    rules.push('jump mark-for-masquerade', `goto ${everywhere}`);
  } else {
    if (everywhere !== undefined) {
      // Whoever is on this node reaches every endpoint, as by the cluster address. Not so pods of
      // other nodes: an endpoint beside them would answer them directly, past the translation.
      if (ownRanges.length > 0) {
        rules.push(`${ip} saddr { ${ownRanges.join(', ')} } goto ${everywhere}`);
      }
      rules.push('fib saddr type local jump mark-for-masquerade');
      rules.push(`fib saddr type local goto ${everywhere}`);
    }
    if (selection.local.length > 0) rules.push(`goto ${addBalancing(port, true, selection.local)}`);
  }
  draft.chains.set(name, { rules });
  return name;
}

/** The chain that picks one of `endpoints`; made once for each policy. */
function addBalancing(port: Port, local: boolean, endpoints: readonly Endpoint[]): string {
  const { draft, names, clusterIps, spec } = port;
  const { ip, clusterRanges } = draft;
  const name = chainName(local ? 'local' : 'service', ...names);
  if (draft.chains.has(name)) return name;
  const rules: string[] = [];
  const chains = endpoints.map((endpoint) => addEndpoint(port, endpoint));
  if (clusterIps.length > 0) {
    // From a machine that is neither pod nor node and cannot be answered by a pod directly.
    rules.push(
      `${ip} daddr { ${clusterIps.join(', ')} } ${ip} saddr != { ${clusterRanges.join(', ')} } ` +
        `${ip} saddr != @node-ips fib saddr type != local jump mark-for-masquerade`,
    );
  }
  if (spec.sessionAffinity === 'ClientIP') {
    for (const { chain, affinity } of chains) rules.push(`${ip} saddr @${affinity} goto ${chain}`);
  }
  const [first] = chains;
  if (chains.length === 1 && first !== undefined) rules.push(`goto ${first.chain}`);
  else {
    const choices = chains.map(({ chain }, i) => `${i} : goto ${chain}`).join(', ');
    rules.push(`numgen random mod ${chains.length} vmap { ${choices} }`);
  }
  draft.chains.set(name, { rules });
  return name;
}

/** The chain that leads to one endpoint, and the set of clients that stay with it. */
function addEndpoint(port: Port, endpoint: Endpoint): { chain: string; affinity: string } {
  const { draft, names, protocol, spec } = port;
  const { ip } = draft;
  const chain = chainName('endpoint', ...names, endpoint.ip, endpoint.port);
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? affinitySecondsDefault;
  // A set's timeout is fixed when it is made: another timeout is another set.
  const affinity = chainName('affinity', ...names, `${seconds}s`, endpoint.ip, endpoint.port);
  if (draft.chains.has(chain)) return { chain, affinity };
  // A pod that reaches itself would answer itself past the translation.
  const rules = [`${ip} saddr ${endpoint.ip} jump mark-for-masquerade`];
  if (spec.sessionAffinity === 'ClientIP') {
    const type = ip === 'ip' ? 'ipv4_addr' : 'ipv6_addr';
    const declaration = `type ${type}; size ${affinityClientsMax}; flags dynamic,timeout; timeout ${seconds}s;`;
    draft.collections.set(affinity, { kind: 'set', declaration, elements: new Map() });
    rules.push(`update @${affinity} { ${ip} saddr }`);
  }
  const address = ip === 'ip' ? endpoint.ip : `[${endpoint.ip}]`;
  rules.push(`meta l4proto ${protocol} dnat to ${address}:${endpoint.port}`);
  draft.chains.set(chain, { rules });
  return { chain, affinity };
}

/** `loadBalancerSourceRanges`: everyone else's packets to these addresses are dropped. */
function addFirewall(port: Port, balancers: readonly string[]): void {
  const { draft, spec, names } = port;
  const ranges = (spec.loadBalancerSourceRanges ?? [])
    .map((range) => range.trim())
    .filter((range) => familyOf(range) === draft.family);
  if (ranges.length === 0 || balancers.length === 0) return;
  const name = chainName('firewall', ...names);
  // A rule each: nft refuses a set whose ranges overlap.
  const rules = [...new Set(ranges)].map((range) => `${draft.ip} saddr ${range} return`);
  draft.chains.set(name, { rules: [...rules, 'drop'] });
  for (const address of balancers) {
    draft.put('firewall-ips', `${address} . ${port.protocol} . ${port.port}`, `goto ${name}`);
  }
}

function noteUdpTargets(
  port: Port,
  external: readonly string[],
  nodePort: number | undefined,
  { internalLocal }: { readonly internalLocal: boolean },
): void {
  const { draft, selection, clusterIps } = port;
  const all = [...selection.cluster, ...selection.local];
  const internal = internalLocal ? selection.local : selection.cluster;
  const texts = (endpoints: readonly Endpoint[]) =>
    new Set(endpoints.map(({ ip, port: number }) => `${ip}:${number}`));
  for (const address of clusterIps) {
    draft.udpTargets.set(`${address}:${port.port}`, texts(internal));
  }
  for (const address of external) draft.udpTargets.set(`${address}:${port.port}`, texts(all));
  if (nodePort !== undefined) draft.udpTargets.set(`:${nodePort}`, texts(all));
}
