// The node's service proxy: watches, compiles and applies, soon after each change.
import { networkInterfaces } from 'node:os';
import type { Informer } from '../../client/informer.ts';
import type { Clock, Timer } from '../../clock.ts';
import { describeError, type Logger } from '../../logger.ts';
import type { EndpointSlice, KubernetesObject, Node, Pod, Service } from '../../objects.ts';
import type { Family } from '../network/addresses.ts';
import { type RunCommand, runCommand } from '../network/command.ts';
import { debounce } from '../network/debounce.ts';
import { type Compiled, compile, type HealthCheck, type ProxyInput } from './compile.ts';
import { cleanFlows } from './conntrack.ts';
import { createHealthChecks } from './health-checks.ts';
import { createTable } from './table.ts';

export interface ServiceProxyOptions {
  readonly nodeName: string;
  readonly families: readonly Family[];
  readonly clusterRanges: readonly string[];
  readonly services: Informer<Service>;
  readonly slices: Informer<EndpointSlice>;
  readonly nodes: Informer<Node>;
  /** Pods of this node. */
  readonly pods: Informer<Pod>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly run?: RunCommand;
  /** How long to wait for more changes before applying; default 5 ms. */
  readonly settleMs?: number;
  /** The least time between two applications; default 50 ms. */
  readonly intervalMs?: number;
}

export interface ServiceProxy {
  /** Resolves when the first ruleset is in the kernel. */
  ready(): Promise<void>;
  /** Whether a change waits to be applied. */
  readonly pending: boolean;
  /** Stops following; the rules stay, so that Services outlive a restart of the agent. */
  stop(): Promise<void>;
}

const checkIntervalMs = 60_000;
const zoneLabel = 'topology.kubernetes.io/zone';

export function startServiceProxy(options: ServiceProxyOptions): ServiceProxy {
  const { services, slices, nodes, pods, clock, logger, families, run = runCommand } = options;
  const lanes = families.map((family) => ({
    family,
    table: createTable(run, logger),
    udpTargets: new Map() as Compiled['udpTargets'],
  }));
  const healthChecks = createHealthChecks(logger);
  const ready = Promise.withResolvers<void>();
  let synced = false;
  let stopped = false;

  const sync = async () => {
    if (!synced) return;
    const merged = new Map<number, HealthCheck>();
    for (const lane of lanes) {
      const compiled = compile(inputFor(options, lane.family));
      await lane.table.apply(compiled.ruleset);
      if (!sameTargets(lane.udpTargets, compiled.udpTargets)) {
        await cleanUdp(lane.family, compiled, run, logger);
        lane.udpTargets = compiled.udpTargets;
      }
      for (const [port, check] of compiled.healthChecks) {
        const known = merged.get(port)?.localEndpoints ?? 0;
        if (check.localEndpoints >= known) merged.set(port, check);
      }
    }
    healthChecks.update(merged);
    ready.resolve();
  };
  const work = debounce(sync, {
    clock,
    settleMs: options.settleMs ?? 5,
    intervalMs: options.intervalMs ?? 50,
    retryMs: 1000,
    onError: (error) => logger.error('cannot apply the service rules, will retry', error),
  });
  const wake = () => work.wake();
  const subscriptions = [
    follow(services, wake),
    follow(slices, wake),
    follow(nodes, wake, proxyViewOfNode),
    follow(pods, wake, proxyViewOfPod),
  ];
  void Promise.all([services.synced(), slices.synced(), nodes.synced(), pods.synced()]).then(() => {
    synced = true;
    work.wake();
  });
  let timer: Timer;
  const checkLater = () => {
    timer = clock.setTimeout(() => {
      void Promise.all(lanes.map(({ table }) => table.check())).then((found) => {
        if (stopped) return;
        if (found.includes(false)) work.wake();
        checkLater();
      });
    }, checkIntervalMs);
  };
  checkLater();
  return {
    ready: () => ready.promise,
    get pending() {
      return work.pending;
    },
    async stop() {
      stopped = true;
      timer.cancel();
      for (const unsubscribe of subscriptions) unsubscribe();
      await work.stop();
      await healthChecks.stop();
    },
  };
}

/** Wakes on every change; with `view`, only when what it shows of the object has changed. */
function follow<T extends KubernetesObject>(
  informer: Informer<T>,
  wake: () => void,
  view?: (object: T) => unknown,
): () => void {
  return informer.subscribe({
    add: wake,
    update(next, old) {
      if (view === undefined || JSON.stringify(view(next)) !== JSON.stringify(view(old))) wake();
    },
    delete: wake,
  });
}

/** Heartbeats change a Node all the time; the rules need only this. */
function proxyViewOfNode({ metadata, spec, status }: Node): unknown {
  return [metadata?.labels?.[zoneLabel], spec?.podCIDRs, status?.addresses];
}

function proxyViewOfPod({ spec, status }: Pod): unknown {
  const ended = status?.phase === 'Succeeded' || status?.phase === 'Failed';
  return [spec?.hostNetwork, status?.podIPs, ended];
}

function inputFor(options: ServiceProxyOptions, family: Family): ProxyInput {
  const { nodeName, nodes, services, slices, pods, clusterRanges } = options;
  const zone = nodes.get('', nodeName)?.metadata?.labels?.[zoneLabel];
  return {
    family,
    place: { nodeName, zone },
    services: services.list(),
    slices: slices.list(),
    nodes: nodes.list(),
    pods: pods.list(),
    clusterRanges,
  };
}

function sameTargets(a: Compiled['udpTargets'], b: Compiled['udpTargets']): boolean {
  if (a.size !== b.size) return false;
  for (const [key, endpoints] of b) {
    const known = a.get(key);
    if (known?.size !== endpoints.size) return false;
    for (const endpoint of endpoints) if (!known.has(endpoint)) return false;
  }
  return true;
}

/** A failure leaves flows that time out by themselves: not worth holding up the rules. */
async function cleanUdp(
  family: Family,
  { udpTargets }: Compiled,
  run: RunCommand,
  logger: Logger,
): Promise<void> {
  const own = new Set(
    Object.values(networkInterfaces()).flatMap((each) => each?.map(({ address }) => address) ?? []),
  );
  try {
    const isOwn = (address: string) => own.has(address) || address.startsWith('127.');
    await cleanFlows(udpTargets, isOwn, family === 'IPv4' ? 'ipv4' : 'ipv6', run);
  } catch (error) {
    logger.warn('cannot clean UDP flows', { why: describeError(error) });
  }
}
