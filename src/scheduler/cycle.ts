// One pod's scheduling cycle: find a node, count the pod there, bind it; or say why there is none.
import type { Client } from '../client/client.ts';
import type { EventRecorder } from '../client/event-recorder.ts';
import { pods, type ResourceRef } from '../client/resource-ref.ts';
import type { Clock } from '../clock.ts';
import { describeError, type Logger } from '../logger.ts';
import type { KubernetesObject, Pod } from '../objects.ts';
import type { Random } from '../random.ts';
import type { SchedulerCache } from './cache.ts';
import { findNode } from './find-node.ts';
import { type Diagnosis, fitMessage } from './fit-error.ts';
import { type FailureStatus, reportFailure } from './pod-status.ts';
import type { QueuedPod, SchedulingQueue } from './queue.ts';
import type { Plugin, PodInfo } from './types.ts';

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
   * It never rejects.
   */
  run(queued: QueuedPod): Promise<void> {
    const { cache, random, plugins } = this.#options;
    const { info } = queued;
    if (this.#skips(info)) return Promise.resolve();
    const snapshot = cache.snapshot();
    const search = { plugins, random, startIndex: this.#startIndex };
    const choice = findNode(info, snapshot, search);
    if (choice.node === undefined) return this.#reject(queued, choice.diagnosis);
    if (snapshot.nodes.length > 0) {
      this.#startIndex = (this.#startIndex + choice.looked) % snapshot.nodes.length;
    }
    cache.assume(info, choice.node.name);
    return this.#bind(queued, choice.node.name);
  }

  #skips(info: PodInfo): boolean {
    const { events, cache } = this.#options;
    if (info.pod.metadata?.deletionTimestamp === undefined) return cache.isPlaced(info.key);
    const message = `skip schedule deleting pod: ${info.key}`;
    events.event(pods, info.pod, 'Warning', 'FailedScheduling', message);
    return true;
  }

  async #bind(queued: QueuedPod, node: string): Promise<void> {
    const { client, cache, queue, events, logger } = this.#options;
    const { info } = queued;
    const { name = '', namespace = '', uid = '' } = info.pod.metadata ?? {};
    const binding: Binding = {
      metadata: { name, namespace, uid },
      target: { apiVersion: 'v1', kind: 'Node', name: node },
    };
    try {
      await client.create(bindings, binding, { subresource: 'binding' });
    } catch (error) {
      logger.warn('a pod could not be bound', { pod: info.key, node, error: describeError(error) });
      cache.forget(info.key);
      // The room that it had taken is free again.
      queue.move('pod-deleted');
      await this.#fail(queued, error);
      return;
    }
    const message = `Successfully assigned ${info.key} to ${node}`;
    events.event(pods, info.pod, 'Normal', 'Scheduled', message);
  }

  #reject(queued: QueuedPod, diagnosis: Diagnosis): Promise<void> {
    const { queue, logger } = this.#options;
    const message = fitMessage(diagnosis);
    logger.debug('no node for a pod', { pod: queued.info.key, message });
    if (!this.#isCurrent(queued)) return Promise.resolve();
    queue.reject(queued, diagnosis.rejectedBy);
    return this.#report(queued.info.pod, { reason: 'Unschedulable', message });
  }

  async #fail(queued: QueuedPod, error: unknown): Promise<void> {
    if (!this.#isCurrent(queued)) return;
    this.#options.queue.fail(queued);
    const message = describeError(error);
    await this.#report(queued.info.pod, { reason: 'SchedulerError', message });
  }

  /** Whether the pod still wants a node; also brings what is queued up to date. */
  #isCurrent(queued: QueuedPod): boolean {
    const pod = this.#options.currentPod(queued.info);
    if (pod === undefined || (pod.spec?.nodeName ?? '') !== '') return false;
    return pod.metadata?.uid === queued.info.uid;
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
      logger.debug('a status was not written', { error: describeError(error) });
    }
  }
}
