// The Node object of this node: registered, its status kept, its lease renewed.
import type { Client } from '../../client/client.ts';
import { leases, nodes } from '../../client/resource-ref.ts';
import { type Clock, microTimestamp, sleep, timestamp } from '../../clock.ts';
import type { Logger } from '../../logger.ts';
import type { Lease, Node } from '../../objects.ts';
import { isReason } from '../../status.ts';
import type { Image, Runtime } from '../runtime.ts';
import { canonical } from './canonical.ts';
import type { KubeletEvents } from './events.ts';
import { architecture, type NodeCapacity, nodeInfo, resourceLists } from './machine.ts';

export interface NodeRegistrationOptions {
  readonly client: Client;
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: KubeletEvents;
  readonly nodeName: string;
  readonly addresses: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly capacity: NodeCapacity;
  readonly kubeletPort: number;
  /** Whether pods are being looked after: a relist that works. */
  readonly isHealthy: () => boolean;
}

type NodeStatus = NonNullable<Node['status']>;
type NodeCondition = NonNullable<NodeStatus['conditions']>[number];

const statusPeriodMs = 10_000;
const statusReportMs = 5 * 60_000;
const leaseSeconds = 40;
const leasePeriodMs = 10_000;
const retryMs = 500;
const imagesMax = 50;
const leaseNamespace = 'kube-node-lease';

/** Keeps this node's Node and Lease; `node` is the newest Node that the API has shown. */
export class NodeRegistration {
  readonly #options: NodeRegistrationOptions;
  #node: Node | undefined;
  #lease: Lease | undefined;
  #reportedMs = Number.NEGATIVE_INFINITY;
  #wake: () => void = () => {};
  #info: { readonly version: string; readonly info: NodeStatus['nodeInfo'] } | undefined;

  constructor(options: NodeRegistrationOptions) {
    this.#options = options;
  }

  get node(): Node | undefined {
    return this.#node;
  }

  /** Reads the Node now instead of with its next status. */
  async refresh(): Promise<void> {
    const { client, nodeName } = this.#options;
    this.#node = await client.get(nodes, '', nodeName);
  }

  /** Registers, trying until it works, then keeps status and lease until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    let delayMs = retryMs;
    while (!signal.aborted && this.#node === undefined) {
      try {
        await this.register();
      } catch (error) {
        logger.warn('cannot register the node', { error: String(error) });
        await sleep(clock, delayMs, signal);
        delayMs = Math.min(delayMs * 2, 7_000);
      }
    }
    await Promise.all([this.#keepStatus(signal), this.#keepLease(signal)]);
  }

  /** Creates the Node with its first status, or adopts the one that is there. */
  async register(): Promise<void> {
    const { client, nodeName, events } = this.#options;
    const labels = this.#labels();
    const status = await this.#status(undefined);
    try {
      this.#node = await client.create(nodes, {
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name: nodeName, labels },
        status,
      });
      events.node('Normal', 'Starting', 'Starting kubelet.');
    } catch (error) {
      if (!isReason(error, 'AlreadyExists')) throw error;
      this.#node = await client.patch(nodes, '', nodeName, 'merge', { metadata: { labels } });
    }
    await this.updateStatus();
  }

  /**
   * Looks at the runtime now and writes the status if it is old, or differs from what the API shows:
   * a controller that has missed heartbeats makes its conditions Unknown.
   */
  async updateStatus(): Promise<void> {
    const { client, clock, nodeName } = this.#options;
    this.#node = await client.get(nodes, '', nodeName);
    const old = this.#node.status;
    const status = await this.#status(old);
    const dueMs = this.#reportedMs + statusReportMs;
    if (clock.nowMs() < dueMs && isSame(old, status)) return;
    const options = { subresource: 'status' } as const;
    this.#node = await client.patch(nodes, '', nodeName, 'strategic', { status }, options);
    this.#reportedMs = clock.nowMs();
    this.#tell(old, status);
  }

  /** Something that the status shows has changed: do not wait out the period. */
  wake(): void {
    this.#wake();
  }

  async #keepStatus(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    while (!signal.aborted) {
      try {
        await this.updateStatus();
      } catch (error) {
        logger.warn('cannot write the node status', { error: String(error) });
      }
      // Until it is ready a node looks often, so that a cluster is usable at once.
      const waitMs = this.#isReady() ? statusPeriodMs : retryMs;
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await Promise.race([sleep(clock, waitMs, signal), woken]);
    }
  }

  async #keepLease(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    while (!signal.aborted) {
      let waitMs = leasePeriodMs;
      try {
        await this.renewLease();
      } catch (error) {
        logger.debug('cannot renew the node lease', { error: String(error) });
        this.#lease = undefined;
        waitMs = 1000;
      }
      await sleep(clock, waitMs, signal);
    }
  }

  /** One renewal; makes the Lease when it is missing. */
  async renewLease(): Promise<void> {
    const { client, clock, nodeName } = this.#options;
    const renewTime = microTimestamp(clock);
    if (this.#lease === undefined) {
      try {
        this.#lease = await client.get(leases, leaseNamespace, nodeName);
      } catch (error) {
        if (!isReason(error, 'NotFound')) throw error;
        this.#lease = await client.create(leases, this.#newLease(renewTime));
        return;
      }
    }
    const spec = {
      ...this.#lease.spec,
      holderIdentity: nodeName,
      leaseDurationSeconds: leaseSeconds,
      renewTime,
    };
    this.#lease = await client.update(leases, { ...this.#lease, spec });
  }

  #newLease(renewTime: string): Lease {
    const { nodeName } = this.#options;
    const uid = this.#node?.metadata?.uid;
    const owner = { apiVersion: 'v1', kind: 'Node', name: nodeName, uid: uid ?? '' };
    return {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: {
        name: nodeName,
        namespace: leaseNamespace,
        ...(uid === undefined ? {} : { ownerReferences: [owner] }),
      },
      spec: { holderIdentity: nodeName, leaseDurationSeconds: leaseSeconds, renewTime },
    };
  }

  #labels(): Record<string, string> {
    const arch = architecture();
    return {
      ...this.#options.labels,
      'kubernetes.io/hostname': this.#options.nodeName,
      'kubernetes.io/os': 'linux',
      'kubernetes.io/arch': arch,
      'beta.kubernetes.io/os': 'linux',
      'beta.kubernetes.io/arch': arch,
    };
  }

  #isReady(): boolean {
    const conditions = this.#node?.status?.conditions ?? [];
    return conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
  }

  async #status(old: NodeStatus | undefined): Promise<NodeStatus> {
    const { runtime, nodeName, addresses, capacity, kubeletPort, clock } = this.#options;
    const { version } = await runtime.capabilities().catch(() => ({ version: 'unknown' }));
    // Read once: the machine's facts only change with a reboot, the runtime's with its version.
    if (this.#info?.version !== version) this.#info = { version, info: await nodeInfo(version) };
    const { info = await nodeInfo(version) } = this.#info;
    const images = await runtime.listImages().catch((): readonly Image[] => []);
    const verdict = await this.#readiness();
    const now = timestamp(clock);
    const fine = (type: string, reason: string, message: string) =>
      ({ type, status: 'False', reason, message }) as const;
    const wanted = [
      fine(
        'MemoryPressure',
        'KubeletHasSufficientMemory',
        'kubelet has sufficient memory available',
      ),
      fine('DiskPressure', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
      fine('PIDPressure', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
      { type: 'Ready', ...verdict },
    ];
    const conditions = wanted.map((condition): NodeCondition => {
      const before = old?.conditions?.find(({ type }) => type === condition.type);
      const kept = before?.status === condition.status ? before.lastTransitionTime : undefined;
      return { ...condition, lastHeartbeatTime: now, lastTransitionTime: kept ?? now };
    });
    return {
      ...resourceLists(capacity),
      conditions,
      addresses: [
        ...addresses.map((address) => ({ type: 'InternalIP', address })),
        { type: 'Hostname', address: nodeName },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } },
      nodeInfo: info,
      images: imageList(images),
    };
  }

  async #readiness(): Promise<{ status: string; reason: string; message: string }> {
    const { runtime, isHealthy } = this.#options;
    const problems: string[] = [];
    try {
      const { ready, reason, message } = await runtime.status();
      if (!ready) {
        problems.push(
          'container runtime network not ready: ' +
            `NetworkReady=false reason:${reason} message:${message}`,
        );
      }
    } catch (error) {
      problems.push(`container runtime is down: ${String(error)}`);
    }
    if (problems.length === 0 && !isHealthy()) problems.push('PLEG is not healthy');
    if (problems.length === 0) {
      return { status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' };
    }
    return { status: 'False', reason: 'KubeletNotReady', message: problems.join(', ') };
  }

  #tell(old: NodeStatus | undefined, status: NodeStatus): void {
    const { events, nodeName } = this.#options;
    const readyOf = (each: NodeStatus | undefined) =>
      each?.conditions?.find(({ type }) => type === 'Ready')?.status;
    if (readyOf(old) === readyOf(status)) return;
    const reason = readyOf(status) === 'True' ? 'NodeReady' : 'NodeNotReady';
    events.node('Normal', reason, `Node ${nodeName} status is now: ${reason}`);
  }
}

function imageList(images: readonly Image[]): NonNullable<NodeStatus['images']> {
  return [...images]
    .sort((a, b) => b.sizeBytes - a.sizeBytes)
    .slice(0, imagesMax)
    .map(({ digests, tags, sizeBytes }) => ({ names: [...digests, ...tags], sizeBytes }));
}

/** Whether only heartbeats differ; what others wrote into the status is not compared. */
function isSame(old: NodeStatus | undefined, status: NodeStatus): boolean {
  if (old === undefined) return false;
  const timeless = (conditions: NodeStatus['conditions']) =>
    status.conditions?.map(({ type }) => {
      const found = conditions?.find((each) => each.type === type);
      return [found?.status, found?.reason, found?.message];
    });
  for (const key of ['capacity', 'allocatable', 'addresses', 'nodeInfo', 'images'] as const) {
    // A list that is empty, such as that of the images, is not there in what the API gives back.
    if (canonical(old[key] ?? []) !== canonical(status[key])) return false;
  }
  return canonical(timeless(old.conditions)) === canonical(timeless(status.conditions));
}
