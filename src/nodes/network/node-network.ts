// Composes one node's network: CNI, routes, service proxy, DNS, and the server's way to its pods.
import type { Client } from '../../client/client.ts';
import type { Lister } from '../../client/informer.ts';
import { createInformerFactory, type InformerFactory } from '../../client/informer-factory.ts';
import {
  endpointSlices,
  namespaces,
  nodes as nodesRef,
  pods as podsRef,
  services as servicesRef,
} from '../../client/resource-ref.ts';
import { type Clock, sleep } from '../../clock.ts';
import type { Logger } from '../../logger.ts';
import type { Node, Service } from '../../objects.ts';
import type { Random } from '../../random.ts';
import { createResolver } from '../dns/resolver.ts';
import { type DnsServer, startDnsServer } from '../dns/server.ts';
import { createUpstream } from '../dns/upstream.ts';
import { serviceIndexers, sliceIndexers, Zone } from '../dns/zone.ts';
import { startServiceProxy } from '../proxy/service-proxy.ts';
import { type Family, familyOf, internalAddresses, podRanges, rangeMatcher } from './addresses.ts';
import { type CniOptions, writeCniConfig } from './cni-config.ts';
import { type RunCommand, runCommand } from './command.ts';
import { createConnectProxy, type HandleConnect } from './connect-proxy.ts';
import { type Debounced, debounce } from './debounce.ts';
import { syncRoutes, wantedRoutes } from './routes.ts';
import { applySysctls } from './sysctls.ts';

export interface NodeNetworkOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly nodeName: string;
  /** The node's own addresses; DNS listens on each. */
  readonly addresses: readonly string[];
  /** The ranges that all pods' addresses are from, one per family in use. */
  readonly clusterRanges: readonly string[];
  /** The ranges that Services' addresses are from. */
  readonly serviceRanges: readonly string[];
  /** Default `cluster.local`. */
  readonly clusterDomain?: string;
  readonly cni?: CniOptions;
  /** Whose nameservers names outside the cluster are asked of; default /etc/resolv.conf. */
  readonly resolvConf?: string;
  /** Default 10053: what kube-dns' endpoints say. */
  readonly dnsPort?: number;
  readonly run?: RunCommand;
}

export interface NodeNetwork {
  /** Resolves when DNS answers and the first service rules are in the kernel. */
  ready(): Promise<void>;
  /** Serves the server's CONNECT to this node's pods. */
  readonly handleConnect: HandleConnect;
  /** All Services, for pods' environment. */
  readonly services: Lister<Service>;
  /** Whether something is still to be written to the kernel. */
  pending(): boolean;
  /** Stops following; rules, routes and CNI configuration stay for the next agent. */
  stop(): Promise<void>;
}

/** Seconds that clients may keep an answer, as kubeadm's Corefile says. */
const dnsTtl = 30;
const dnsPortDefault = 10053;
const dnsRetryMs = 5_000;
const resyncMs = 60_000;

/** Starts everything; failures are retried and logged, never thrown. */
export function startNodeNetwork(options: NodeNetworkOptions): NodeNetwork {
  const { client, clock, random, logger, nodeName, clusterRanges, run = runCommand } = options;
  const stopped = new AbortController();
  const { signal } = stopped;
  const informers = createInformerFactory(client, { clock, random, logger });
  const services = informers.informer(servicesRef, { indexers: serviceIndexers });
  const slices = informers.informer(endpointSlices, { indexers: sliceIndexers });
  const nodes = informers.informer(nodesRef);
  const pods = informers.informer(podsRef, { fieldSelector: `spec.nodeName=${nodeName}` });
  const families = [
    ...new Set(clusterRanges.map(familyOf).filter((each): each is Family => each !== undefined)),
  ];
  const machine = keepMachine(options, families, () => nodes.list());
  nodes.subscribe({
    add: () => machine.wake(),
    update: (next, old) => {
      if (machineView(next) !== machineView(old)) machine.wake();
    },
    delete: () => machine.wake(),
  });
  const proxy = startServiceProxy({
    nodeName,
    families,
    clusterRanges,
    services,
    slices,
    nodes,
    pods,
    clock,
    run,
    logger: logger.child('proxy'),
  });
  const dns = serveDns(options, informers, signal);
  const resyncing = resync(clock, signal, () => machine.wake());
  informers.start(signal);
  return {
    ready: async () => {
      await Promise.all([proxy.ready(), dns.ready]);
    },
    handleConnect: createConnectProxy({
      podRanges() {
        const own = nodes.get('', nodeName);
        return own === undefined ? [] : podRanges(own);
      },
    }),
    services,
    pending: () => proxy.pending || machine.pending || informers.pending() > 0,
    async stop() {
      stopped.abort();
      await Promise.all([proxy.stop(), machine.stop(), dns.stopped, resyncing]);
      await informers.stop();
    },
  };
}

/** What routes and CNI need of a Node; heartbeats change the rest. */
function machineView(node: Node): string {
  return JSON.stringify([podRanges(node), internalAddresses(node)]);
}

/** Kernel settings, routes to other nodes' pods, and this node's CNI configuration. */
function keepMachine(
  options: NodeNetworkOptions,
  families: readonly Family[],
  listNodes: () => readonly Node[],
): Debounced {
  const { clock, logger, nodeName, cni, run = runCommand } = options;
  return debounce(
    async () => {
      await applySysctls(families, logger);
      const nodes = listNodes();
      const own = nodes.find(({ metadata }) => metadata?.name === nodeName);
      const ranges = own === undefined ? [] : podRanges(own);
      if (ranges.length > 0 && (await writeCniConfig(ranges, cni))) {
        logger.info('the pod network is configured', { ranges: ranges.join(',') });
      }
      // Without this node's own object the list is not whole yet: routes of others must stay.
      if (own !== undefined) await syncRoutes(wantedRoutes(nodes, nodeName), run);
    },
    {
      clock,
      settleMs: 5,
      intervalMs: 100,
      retryMs: 1000,
      onError: (error) => logger.error('cannot set up pod routes, will retry', error),
    },
  );
}

async function resync(clock: Clock, signal: AbortSignal, wake: () => void): Promise<void> {
  while (!signal.aborted) {
    await sleep(clock, resyncMs, signal);
    if (!signal.aborted) wake();
  }
}

function serveDns(
  options: NodeNetworkOptions,
  informers: InformerFactory,
  signal: AbortSignal,
): { readonly ready: Promise<void>; readonly stopped: Promise<void> } {
  const { clock, random, addresses, clusterRanges, serviceRanges } = options;
  const logger = options.logger.child('dns');
  const services = informers.informer(servicesRef, { indexers: serviceIndexers });
  const slices = informers.informer(endpointSlices, { indexers: sliceIndexers });
  const allNamespaces = informers.informer(namespaces);
  const isClusterAddress = rangeMatcher([...clusterRanges, ...serviceRanges]);
  const zone = new Zone({
    domain: options.clusterDomain ?? 'cluster.local',
    ttl: dnsTtl,
    services,
    slices,
    namespaces: allNamespaces,
    isClusterAddress,
  });
  const upstream = createUpstream({
    clock,
    resolvConf: options.resolvConf ?? '/etc/resolv.conf',
    isOwn: isClusterAddress,
  });
  const hasSynced = () => services.hasSynced && slices.hasSynced && allNamespaces.hasSynced;
  const resolve = createResolver({ zone, upstream, random, hasSynced });
  const port = options.dnsPort ?? dnsPortDefault;
  const listening = Promise.withResolvers<void>();
  const serve = async () => {
    let server: DnsServer | undefined;
    while (!signal.aborted && server === undefined) {
      try {
        server = await startDnsServer({ addresses, port, resolve, logger });
        listening.resolve();
      } catch (error) {
        logger.error('cannot listen, will retry', error, { port });
        await sleep(clock, dnsRetryMs, signal);
      }
    }
    if (!signal.aborted) await aborted(signal);
    await server?.stop();
  };
  const ready = listening.promise.then(() => allSynced(services, slices, allNamespaces));
  return { ready, stopped: serve() };
}

async function allSynced(...informers: { synced(): Promise<void> }[]): Promise<void> {
  await Promise.all(informers.map((informer) => informer.synced()));
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
