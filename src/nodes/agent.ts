// Composes one node's agent: registration, kubelet, volumes and references around a runtime.
import type { Client } from '../client/client.ts';
import { createEventRecorder } from '../client/event-recorder.ts';
import type { Lister } from '../client/informer.ts';
import { pods } from '../client/resource-ref.ts';
import { createInformer } from '../client/shared-informer.ts';
import { type Clock, sleep } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { Node, Service } from '../objects.ts';
import type { Random } from '../random.ts';
import type { Cgroups } from './cgroups/cgroups.ts';
import { admitPodAnew } from './kubelet/admission.ts';
import { Backoff } from './kubelet/backoff.ts';
import type { KubeletContext } from './kubelet/context.ts';
import { type KubeletEvents, kubeletEvents } from './kubelet/events.ts';
import type { FieldContext } from './kubelet/fields.ts';
import { networkProbes, type ProbeRunner } from './kubelet/handlers.ts';
import { ImageGarbage } from './kubelet/image-garbage.ts';
import { Images } from './kubelet/images.ts';
import { Kubelet } from './kubelet/kubelet.ts';
import { podUidLabel } from './kubelet/labels.ts';
import { Limiter } from './kubelet/limiter.ts';
import { machineCapacity, type NodeCapacity, resourceLists } from './kubelet/machine.ts';
import { NodeRegistration } from './kubelet/node-registration.ts';
import { PodCache } from './kubelet/pod-cache.ts';
import { type NodePaths, terminationMessage } from './kubelet/pod-files.ts';
import { Prober } from './kubelet/prober.ts';
import { pullCredentials } from './kubelet/pull-secrets.ts';
import { quantityMilli, quantityUnits } from './kubelet/quantity.ts';
import { containerResources, qosClassOf } from './kubelet/resources.ts';
import { StatusWriter } from './kubelet/status-writer.ts';
import { WatchedReferences } from './references.ts';
import { type Runtime, type RuntimeCapabilities, RuntimeUnavailableError } from './runtime.ts';
import { Mounts } from './volumes/mounts.ts';
import { PodVolumes } from './volumes/pod-volumes.ts';

export interface AgentOptions {
  readonly client: Client;
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly nodeName: string;
  /** The node's own addresses, the primary one first. */
  readonly addresses: readonly string[];
  /** Where files go; without it nothing touches the disk (simulated nodes). */
  readonly paths?: NodePaths;
  /** Without it no cgroup is made and `cgroupParent` is empty. */
  readonly cgroups?: Cgroups;
  /** Default: over the network. */
  readonly probes?: ProbeRunner;
  /** For service variables; without it pods get none. */
  readonly services?: Lister<Service>;
  readonly clusterDns?: readonly string[];
  readonly clusterDomain?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Default: the machine's, with 110 pods. */
  readonly capacity?: Partial<NodeCapacity>;
  readonly kubeletPort?: number;
  /** Default: written to the API; `silentEvents` where there are thousands of nodes. */
  readonly events?: KubeletEvents;
  /** Default 1 s; longer where the runtime's events can be trusted. */
  readonly relistMs?: number;
}

/** A running agent. */
export interface Agent {
  readonly kubelet: Kubelet;
  readonly cache: PodCache;
  readonly events: KubeletEvents;
  /** The Node as the API last showed it (podCIDR is there once it is given). */
  node(): Node | undefined;
  /** Something that the node's status shows has changed (the network is ready): look now. */
  wakeNodeStatus(): void;
  /** Status writes that are still to be done. */
  pending(): number;
  /** Stops the agent; containers, mounts and cgroups stay as they are. */
  stop(): Promise<void>;
}

const startsMax = 16;
const runtimeRetryMs = 100;

/** Starts the agent of one node. Resolves when pods are being worked on. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { client, clock, logger, nodeName, random, runtime, cgroups } = options;
  const stopped = new AbortController();
  const capabilities = await runtimeCapabilities(options);
  const capacity = { ...(await machineCapacity(options.paths?.root ?? '/')), ...options.capacity };
  const events = options.events ?? eventsOf(options);
  const cache = makeCache(options);
  const registration = new NodeRegistration({
    client,
    runtime,
    clock,
    logger,
    events,
    nodeName,
    addresses: options.addresses,
    labels: options.labels ?? {},
    capacity,
    kubeletPort: options.kubeletPort ?? 10250,
    isHealthy: () => cache.isHealthy(3 * 60_000),
  });
  const references = new WatchedReferences({ client, clock, random, logger });
  const statuses = new StatusWriter({ client, clock, logger });
  // Made after what it looks after: they only call it once pods are here.
  let kubelet: Kubelet | undefined;
  const context: KubeletContext = {
    ...makeContext(options, capacity, references, events, cache),
    runtimeName: capabilities.version.split('://')[0] ?? 'containerd',
    prober: new Prober({
      clock,
      events,
      runner: options.probes ?? networkProbes(runtime),
      onResult: (uid) => kubelet?.wake(uid),
    }),
    statuses,
    admit: (pod) =>
      admitPodAnew(
        pod,
        () => ({
          node: registration.node,
          others: kubelet?.activePods(pod.metadata?.uid ?? '') ?? [],
          capabilities,
        }),
        () => registration.refresh(),
      ),
  };
  await setUpCgroups(cgroups, capacity);
  const informer = createInformer(client, pods, {
    clock,
    random,
    logger,
    fieldSelector: `spec.nodeName=${nodeName}`,
  });
  const made = new Kubelet(context, informer);
  kubelet = made;
  references.onChange((kind, namespace, name) => made.referenceChanged(kind, namespace, name));
  const registering = registration.run(stopped.signal);
  informer.start(stopped.signal);
  await made.start();
  return {
    kubelet: made,
    cache,
    events,
    node: () => registration.node,
    wakeNodeStatus: () => registration.wake(),
    pending: () => statuses.pending(),
    async stop() {
      stopped.abort();
      await made.stop();
      statuses.close();
      references.close();
      context.config.mounts?.close();
      await informer.stop();
      await registering;
    },
  };
}

/** Asks until the runtime answers: a node starts it and the agent at the same time. */
async function runtimeCapabilities(options: AgentOptions): Promise<RuntimeCapabilities> {
  const { runtime, clock, logger } = options;
  for (;;) {
    try {
      return await runtime.capabilities();
    } catch (error) {
      if (!(error instanceof RuntimeUnavailableError)) throw error;
      logger.debug('the runtime does not answer yet', { error: error.message });
      await sleep(clock, runtimeRetryMs);
    }
  }
}

function eventsOf({ client, clock, logger, nodeName }: AgentOptions): KubeletEvents {
  const source = { component: 'kubelet', host: nodeName };
  return kubeletEvents(createEventRecorder(client, { clock, logger, ...source }), nodeName);
}

function makeCache({ runtime, clock, logger, relistMs = 1000, paths }: AgentOptions): PodCache {
  return new PodCache({
    runtime,
    clock,
    logger,
    relistMs,
    ...(paths === undefined
      ? {}
      : {
          messageOf: (container) =>
            terminationMessage(paths, container.labels[podUidLabel] ?? '', container, clock),
        }),
  });
}

function makeContext(
  options: AgentOptions,
  capacity: NodeCapacity,
  references: WatchedReferences,
  events: KubeletEvents,
  cache: PodCache,
): Omit<KubeletContext, 'runtimeName' | 'prober' | 'statuses' | 'admit'> {
  const { client, clock, runtime, addresses, nodeName, paths, cgroups, services } = options;
  const mounts = new Mounts();
  const { allocatable } = resourceLists(capacity);
  const fields: FieldContext = {
    nodeName,
    nodeAddresses: addresses,
    podAddresses: [],
    allocatable,
  };
  return {
    clock,
    runtime,
    cache,
    events,
    random: options.random,
    logger: options.logger,
    images: new Images({
      runtime,
      clock,
      events,
      credentials: (pod, image) => pullCredentials(pod, image, references),
    }),
    config: {
      ...fields,
      references,
      services: (namespace) => services?.list(namespace) ?? [],
      ...(paths === undefined ? {} : { paths, mounts }),
      dns: {
        clusterDns: options.clusterDns ?? [],
        clusterDomain: options.clusterDomain ?? 'cluster.local',
        resolvConf: paths?.resolvConf ?? '',
      },
      cgroupParent: (pod) => cgroups?.podParent(pod.metadata?.uid ?? '', qosClassOf(pod)) ?? '',
      resources: (pod, { spec }) => containerResources(pod, spec, capacity.memoryBytes),
    },
    restarts: new Backoff(),
    limiter: new Limiter(startsMax),
    ...(paths === undefined
      ? {}
      : {
          volumes: new PodVolumes({
            rootDirectory: paths.root,
            clock,
            mounts,
            references,
            fields: () => fields,
            createToken: (...args) => client.createToken(...args),
          }),
        }),
    ...(cgroups === undefined ? {} : { cgroups }),
    sweepReferences: (isNeeded) => references.sweep(isNeeded),
    ...(paths === undefined
      ? {}
      : {
          imageGarbage: new ImageGarbage({
            runtime,
            clock,
            events,
            logger: options.logger,
            imagesInUse: () => cache.imagesInUse(),
          }),
        }),
    nodeAddresses: () => addresses,
  };
}

async function setUpCgroups(cgroups: Cgroups | undefined, capacity: NodeCapacity): Promise<void> {
  const { allocatable } = resourceLists(capacity);
  await cgroups?.setUp({
    milliCpu: quantityMilli(allocatable.cpu),
    memoryBytes: quantityUnits(allocatable.memory),
  });
}
