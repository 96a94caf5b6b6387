// The pods of one node: from the API's pods and the runtime's state to one worker for each.
import type { Informer } from '../../client/informer.ts';
import { sleep } from '../../clock.ts';
import type { Pod } from '../../objects.ts';
import type { KubeletContext } from './context.ts';
import { rotateLogs } from './log-rotation.ts';
import { identityOf } from './pod.ts';
import { cleanUnknown, collectGarbage } from './pod-cleanup.ts';
import { PodWorker } from './pod-worker.ts';
import { podTotals, qosClassOf } from './resources.ts';

const housekeepingMs = 10_000;
const workersMax = 10_000;

/** Where pods come from: the API's informer, later static files too. */
export type PodSource = Pick<Informer<Pod>, 'subscribe' | 'synced'>;

/** Runs pods until stopped; stopping leaves every container as it is. */
export class Kubelet {
  readonly #context: KubeletContext;
  readonly #source: PodSource;
  readonly #workers = new Map<string, PodWorker>();
  /** Uids that the source has now; a worker outlives its pod until all is cleaned. */
  readonly #sourced = new Set<string>();
  readonly #stopped = new AbortController();
  #done: Promise<unknown> = Promise.resolve();

  constructor(context: KubeletContext, source: PodSource) {
    this.#context = context;
    this.#source = source;
  }

  /** Resolves when the runtime's state is known and pods are being worked on. */
  async start(): Promise<void> {
    const { cache, logger } = this.#context;
    const { signal } = this.#stopped;
    cache.onChange((uid) => this.#workers.get(uid)?.wake());
    // Nothing may be decided before it is known what already runs: else it would start twice.
    while (!signal.aborted) {
      try {
        await cache.relist();
        break;
      } catch (error) {
        logger.warn('the runtime does not answer yet', { error: String(error) });
        await sleep(this.#context.clock, 1000, signal);
      }
    }
    this.#done = Promise.all([cache.run(signal), this.#housekeep(signal)]);
    const unsubscribe = this.#source.subscribe({
      add: (pod) => this.#put(pod),
      update: (pod) => this.#put(pod),
      delete: (pod) => this.#remove(pod),
    });
    signal.addEventListener('abort', unsubscribe, { once: true });
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    for (const worker of this.#workers.values()) worker.stop();
    this.#context.prober.close();
    await this.#done;
  }

  /** The pods that are here, with their newest statuses. */
  pods(): readonly Pod[] {
    return [...this.#workers.values()].map((worker) => worker.pod);
  }

  pod(namespace: string, name: string): Pod | undefined {
    for (const worker of this.#workers.values()) {
      const { metadata } = worker.pod;
      if (metadata?.namespace === namespace && metadata.name === name) return worker.pod;
    }
    return undefined;
  }

  /** Pods that hold resources, but for `uid`. */
  activePods(exceptUid: string): readonly Pod[] {
    return [...this.#workers.values()]
      .filter((worker) => worker.isActive && worker.uid !== exceptUid)
      .map((worker) => worker.pod);
  }

  /** A verdict of a probe, or anything else that a pod's worker should look at. */
  wake(uid: string): void {
    this.#workers.get(uid)?.wake();
  }

  /** A ConfigMap or Secret changed: pods that show it renew their volumes. */
  referenceChanged(kind: string, namespace: string, name: string): void {
    for (const worker of this.#workers.values()) {
      if (identityOf(worker.pod).namespace !== namespace) continue;
      if (refersTo(worker.pod, kind, name)) worker.refreshVolumes();
    }
  }

  isReferenced(kind: string, namespace: string, name: string): boolean {
    return [...this.#workers.values()].some(
      ({ pod }) => identityOf(pod).namespace === namespace && refersTo(pod, kind, name),
    );
  }

  #put(pod: Pod): void {
    const { uid } = identityOf(pod);
    this.#sourced.add(uid);
    const known = this.#workers.get(uid);
    if (known !== undefined) {
      known.update(pod);
      return;
    }
    if (this.#workers.size >= workersMax) {
      this.#context.logger.warn('too many pods for one node', { uid });
      return;
    }
    const worker = new PodWorker(this.#context, pod, (finished) => {
      this.#workers.delete(finished);
    });
    this.#workers.set(uid, worker);
    worker.wake();
  }

  #remove(pod: Pod): void {
    const { uid } = identityOf(pod);
    this.#sourced.delete(uid);
    this.#workers.get(uid)?.orphan();
  }

  #burstableMilliCpu(): number {
    let milliCpu = 0;
    for (const pod of this.activePods('')) {
      if (qosClassOf(pod) === 'Burstable') milliCpu += podTotals(pod, 'requests').cpu ?? 0;
    }
    return milliCpu;
  }

  async #housekeep(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#context;
    await Promise.race([this.#source.synced(), aborted(signal)]);
    while (!signal.aborted) {
      try {
        await cleanUnknown(this.#context, (uid) => this.#workers.has(uid));
        for (const uid of this.#workers.keys()) await collectGarbage(this.#context, uid);
        await rotateLogs(this.#context);
        await this.#context.imageGarbage?.collect();
        this.#context.sweepReferences?.((...about) => this.isReferenced(...about));
        await this.#context.cgroups?.updateTiers(this.#burstableMilliCpu());
      } catch (error) {
        logger.warn('housekeeping failed', { error: String(error) });
      }
      await sleep(clock, housekeepingMs, signal);
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  );
}

function refersTo(pod: Pod, kind: string, name: string): boolean {
  const text = JSON.stringify([
    pod.spec?.volumes,
    pod.spec?.containers.map(({ env, envFrom }) => [env, envFrom]),
    pod.spec?.initContainers?.map(({ env, envFrom }) => [env, envFrom]),
  ]);
  // Names are rare enough in a spec that a needless refresh costs less than an index.
  return (
    text.includes(JSON.stringify(name)) && text.includes(kind === 'Secret' ? 'ecret' : 'onfigMap')
  );
}
