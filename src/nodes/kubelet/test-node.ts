// A whole kubelet on the simulated runtime and a virtual clock, for tests: what it did, as lines.
import { VirtualClock } from '../../clock.ts';
import { silentLogger } from '../../logger.ts';
import type { Pod, PodStatus } from '../../objects.ts';
import { seededRandom } from '../../random.ts';
import { simulatedProbes } from '../simulated/probes.ts';
import { SimulatedRuntime } from '../simulated/runtime.ts';
import { Backoff } from './backoff.ts';
import type { KubeletContext } from './context.ts';
import type { KubeletEvents } from './events.ts';
import { Images } from './images.ts';
import { Kubelet, type PodSource } from './kubelet.ts';
import { Limiter } from './limiter.ts';
import { identityOf } from './pod.ts';
import { PodCache } from './pod-cache.ts';
import { Prober } from './prober.ts';

type Handlers = Parameters<PodSource['subscribe']>[0];

/** The virtual time at which every test node begins. */
export const startMs = Date.UTC(2026, 0, 1);

export class TestNode {
  readonly clock: VirtualClock;
  readonly runtime: SimulatedRuntime;
  kubelet: Kubelet;
  /** `+12s Reason message`, in order. */
  readonly log: string[] = [];
  readonly statuses = new Map<string, PodStatus>();
  readonly deleted: string[] = [];
  readonly #pods = new Map<string, Pod>();
  readonly #handlers = new Set<Handlers>();
  #admit: KubeletContext['admit'] = async () => undefined;

  constructor() {
    this.clock = new VirtualClock(startMs);
    this.runtime = new SimulatedRuntime({ clock: this.clock });
    this.kubelet = this.#make();
  }

  set admit(admit: KubeletContext['admit']) {
    this.#admit = admit;
  }

  start(): Promise<void> {
    return this.kubelet.start();
  }

  /** Ends this kubelet, as a crash would, and starts another on the same runtime. */
  async restart(): Promise<void> {
    await this.kubelet.stop();
    for (const [uid, pod] of this.#pods) {
      const status = this.statuses.get(uid);
      if (status !== undefined) this.#pods.set(uid, { ...pod, status });
    }
    this.kubelet = this.#make();
    await this.kubelet.start();
  }

  put(pod: Pod): void {
    const { uid } = identityOf(pod);
    const known = this.#pods.has(uid);
    this.#pods.set(uid, pod);
    for (const handlers of this.#handlers) {
      if (known) handlers.update?.(pod, pod);
      else handlers.add?.(pod);
    }
  }

  /** What the API server does on DELETE: marks the pod. */
  markDeleted(pod: Pod, graceSeconds = 30): void {
    const deletionTimestamp = new Date(this.clock.nowMs()).toISOString();
    const metadata = {
      ...pod.metadata,
      deletionTimestamp,
      deletionGracePeriodSeconds: graceSeconds,
    };
    this.put({ ...pod, metadata });
  }

  remove(pod: Pod): void {
    this.#pods.delete(identityOf(pod).uid);
    for (const handlers of this.#handlers) handlers.delete?.(pod);
  }

  async advance(seconds: number): Promise<void> {
    await this.clock.advance(seconds * 1000, settle);
  }

  /** Takes what was logged since the last call. */
  takeLog(): string[] {
    return this.log.splice(0);
  }

  #make(): Kubelet {
    const { clock, runtime } = this;
    const note = (line: string) => {
      this.log.push(`+${(clock.nowMs() - startMs) / 1000}s ${line}`);
    };
    const events: KubeletEvents = {
      pod: (_pod, _type, reason, message, container) =>
        note(`${reason} ${container === undefined ? '' : `[${container.spec.name}] `}${message}`),
      node: (_type, reason, message) => note(`node ${reason} ${message}`),
    };
    const cache = new PodCache({ runtime, clock, logger: silentLogger, relistMs: 1000 });
    const context: KubeletContext = {
      clock,
      random: seededRandom(1),
      logger: silentLogger,
      runtime,
      runtimeName: 'simulated',
      cache,
      images: new Images({ runtime, clock, events }),
      prober: new Prober({
        clock,
        events,
        runner: simulatedProbes(runtime),
        onResult: (uid) => this.kubelet.wake(uid),
      }),
      events,
      statuses: {
        get: (uid) => this.statuses.get(uid),
        set: (pod, status) => void this.statuses.set(identityOf(pod).uid, status),
        finish: async (pod) => {
          this.deleted.push(identityOf(pod).name);
          this.remove(pod);
        },
        forget: () => {},
      },
      config: {
        nodeName: 'node',
        nodeAddresses: ['192.0.2.1'],
        podAddresses: [],
        allocatable: { cpu: '2', memory: '4Gi' },
        references: { configMap: async () => undefined, secret: async () => undefined },
        services: () => [],
        dns: { clusterDns: [], clusterDomain: 'cluster.local', resolvConf: '' },
        cgroupParent: () => '',
        resources: () => ({}),
      },
      restarts: new Backoff(),
      limiter: new Limiter(16),
      nodeAddresses: () => ['192.0.2.1'],
      admit: (pod) => this.#admit(pod),
    };
    return new Kubelet(context, {
      subscribe: (handlers) => {
        this.#handlers.add(handlers);
        for (const pod of this.#pods.values()) handlers.add?.(pod);
        return () => this.#handlers.delete(handlers);
      },
      synced: async () => {},
    });
  }
}

/** A few turns of the loop, after which nothing that can go on without time has not gone on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 40; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** A pod of one container `main` that runs for good, changed by `spec`. */
export function testPod(
  name: string,
  spec: Partial<NonNullable<Pod['spec']>> = {},
  annotations: Record<string, string> = {},
): Pod {
  return {
    metadata: { name, namespace: 'ns', uid: `uid-${name}`, generation: 1, annotations },
    spec: { containers: [{ name: 'main', image: 'app:1' }], restartPolicy: 'Always', ...spec },
  };
}
