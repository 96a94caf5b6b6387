// One pod's scheduling cycle: find a node, count the pod there, bind it; or say why there is none.
import type { Client } from '../client/client.ts';
import type { EventRecorder } from '../client/event-recorder.ts';
import { pods, type ResourceRef } from '../client/resource-ref.ts';
import type { Clock } from '../clock.ts';
import { describeError, type Logger } from '../logger.ts';
import type { KubernetesObject, Pod, PodDisruptionBudget } from '../objects.ts';
import type { Random } from '../random.ts';
import type { SchedulerCache } from './cache.ts';
import { evictVictims } from './evict.ts';
import { findNode } from './find-node.ts';
import { type Diagnosis, fitMessage } from './fit-error.ts';
import type { NominatedPods } from './nominated-pods.ts';
import { clearNomination, type FailureStatus, reportFailure } from './pod-status.ts';
import { type Candidate, findPreemption, type Preemption } from './preemption.ts';
import type { QueuedPod, SchedulingQueue } from './queue.ts';
import type { Plugin, PodInfo, Snapshot } from './types.ts';

/** The longest note of an event. */
const noteMax = 1024;

export interface CycleOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly events: EventRecorder;
  readonly plugins: readonly Plugin[];
  readonly cache: SchedulerCache;
  readonly queue: SchedulingQueue;
  readonly nominated: NominatedPods;
  readonly budgets: () => readonly PodDisruptionBudget[];
  /** The pod as the informer has it now. */
  readonly currentPod: (pod: PodInfo) => Pod | undefined;
}

/** core/v1 Binding. */
interface Binding extends KubernetesObject {
  readonly target: { readonly apiVersion: string; readonly kind: string; readonly name: string };
}
const bindings: ResourceRef<Binding> = {
  group: '',
  version: 'v1',
  kind: 'Binding',
  plural: 'pods',
  namespaced: true,
};

/** The only place that binds. */
export class SchedulingCycle {
  readonly #options: CycleOptions;
  #startIndex = 0;

  constructor(options: CycleOptions) {
    this.#options = options;
  }

  /**
   * The decision is made, and counted, before this returns; the promise is for the API's answer.
   * It never rejects, and a plugin that throws costs its pod a try, nothing else.
   */
  run(queued: QueuedPod): Promise<void> {
    try {
      return this.#schedule(queued);
    } catch (error) {
      this.#options.logger.error('a pod could not be scheduled', error, { pod: queued.info.key });
      return this.#fail(queued, describeError(error));
    }
  }

  #schedule(queued: QueuedPod): Promise<void> {
    const { cache, random, plugins, nominated } = this.#options;
    const { info } = queued;
    if (this.#skips(info)) return Promise.resolve();
    const snapshot = cache.snapshot();
    const search = { plugins, random, nominated, startIndex: this.#startIndex };
    const choice = findNode(info, snapshot, search);
    if (choice.node === undefined) return this.#reject(queued, choice.diagnosis, snapshot);
    this.#startIndex = (this.#startIndex + choice.looked) % snapshot.nodes.length;
    nominated.delete(info.key);
    cache.assume(info, choice.node.name);
    return this.#bind(queued, choice.node.name);
  }

  #skips(info: PodInfo): boolean {
    const { events, cache } = this.#options;
    if (!info.terminating) return cache.isPlaced(info.key);
    const message = `skip schedule deleting pod: ${info.key}`;
    events.event(pods, info.pod, 'Warning', 'FailedScheduling', message);
    return true;
  }

  async #bind(queued: QueuedPod, node: string): Promise<void> {
    const { client, cache, queue, events, logger } = this.#options;
    const { info } = queued;
    const { name = '', namespace = '' } = info.pod.metadata ?? {};
    const binding: Binding = {
      metadata: { name, namespace, uid: info.uid },
      target: { apiVersion: 'v1', kind: 'Node', name: node },
    };
    try {
      await client.create(bindings, binding, { subresource: 'binding' });
    } catch (error) {
      logger.warn('a pod was not bound', { pod: info.key, node, why: describeError(error) });
      cache.forget(info.key);
      // The room that it had taken is free again.
      queue.move('pod-deleted');
      await this.#fail(queued, `running Bind plugin "DefaultBinder": ${describeError(error)}`);
      return;
    }
    const message = `Successfully assigned ${info.key} to ${node}`;
    events.event(pods, info.pod, 'Normal', 'Scheduled', message);
  }

  #reject(queued: QueuedPod, diagnosis: Diagnosis, snapshot: Snapshot): Promise<void> {
    const { queue, nominated, logger } = this.#options;
    const { info } = queued;
    const preemption = this.#preempt(info, diagnosis, snapshot);
    const { candidate } = preemption;
    const why = candidate === undefined ? preemption.message : '';
    const message = fitMessage(diagnosis, why);
    logger.debug('no node for a pod', { pod: info.key, message });
    const current = this.#current(info);
    if (current === undefined) return Promise.resolve();
    const helpless = candidate === undefined && preemption.helpless;
    const nominee = candidate?.node ?? (helpless ? '' : undefined);
    if (nominee !== undefined) nominated.set(info, nominee);
    queue.reject(queued, diagnosis.rejectedBy);
    const report = this.#report(current, {
      reason: 'Unschedulable',
      message,
      ...(nominee === undefined ? {} : { nominatedNodeName: nominee }),
    });
    const eviction = candidate === undefined ? undefined : this.#evict(info, candidate);
    return Promise.all([report, eviction]).then(() => undefined);
  }

  #preempt(info: PodInfo, diagnosis: Diagnosis, snapshot: Snapshot): Preemption {
    if (diagnosis.nodeCount === 0) return { candidate: undefined, message: '', helpless: true };
    const { plugins, random, nominated, budgets } = this.#options;
    const search = { plugins, random, nominated, budgets: budgets() };
    return findPreemption(info, snapshot, diagnosis, search);
  }

  async #evict(info: PodInfo, candidate: Candidate): Promise<void> {
    const { client, nominated, queue, logger } = this.#options;
    queue.hold(info.key);
    let failed = false;
    try {
      // Lesser pods that had the node in view may find another one sooner than this is done.
      const lesser = nominated.on(candidate.node).filter((pod) => pod.priority < info.priority);
      for (const pod of lesser) {
        nominated.delete(pod.key);
        queue.wake(pod.key);
      }
      await Promise.all(lesser.map(({ pod }) => clearNomination(client, pod)));
      await evictVictims(this.#options, info, candidate);
    } catch (error) {
      failed = true;
      logger.warn('a preemption failed', { pod: info.key, why: describeError(error) });
    }
    queue.release(info.key, failed);
  }

  async #fail(queued: QueuedPod, message: string): Promise<void> {
    const current = this.#current(queued.info);
    if (current === undefined) return;
    this.#options.queue.fail(queued);
    const nominatedNodeName = '';
    await this.#report(current, { reason: 'SchedulerError', message, nominatedNodeName });
  }

  /** The pod as it is now, if it is still there and without a node. */
  #current(info: PodInfo): Pod | undefined {
    const pod = this.#options.currentPod(info);
    if (pod === undefined || (pod.spec?.nodeName ?? '') !== '') return undefined;
    return pod.metadata?.uid === info.uid ? pod : undefined;
  }

  async #report(pod: Pod, failure: FailureStatus): Promise<void> {
    const { client, clock, events, logger } = this.#options;
    const { message } = failure;
    const note = message.length <= noteMax ? message : `${message.slice(0, noteMax - 4)} ...`;
    events.event(pods, pod, 'Warning', 'FailedScheduling', note);
    try {
      await reportFailure(client, clock, pod, failure);
    } catch (error) {
      // The next attempt says it again.
      logger.debug('a status was not written', { why: describeError(error) });
    }
  }
}
