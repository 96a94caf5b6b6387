// Events about pods and the node, counted instead of repeated, written behind the caller's back.
import type { Client } from '../../client/client.ts';
import { coreEvents } from '../../client/resource-ref.ts';
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../logger.ts';
import type { CoreEvent, Pod } from '../../objects.ts';
import { toTime } from './container-status.ts';
import { containerFieldPath, identityOf, type PodContainer } from './pod.ts';

export type EventType = 'Normal' | 'Warning';

/** Where the kubelet says what it does, in upstream's reasons and words. */
export interface EventRecorder {
  pod(pod: Pod, type: EventType, reason: string, message: string, container?: PodContainer): void;
  node(type: EventType, reason: string, message: string): void;
}

/** Says nothing: for thousands of simulated nodes, whose events nobody reads. */
export const silentEvents: EventRecorder = { pod() {}, node() {} };

type ObjectReference = CoreEvent['involvedObject'];

const queueMax = 1000;
const seenMax = 1000;

interface Seen {
  readonly namespace: string;
  readonly name: string;
  count: number;
}

/** A recorder that writes core/v1 events through `client`, one at a time, in order. */
export class ClientEventRecorder implements EventRecorder {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #nodeName: string;
  readonly #queue: {
    involved: ObjectReference;
    type: EventType;
    reason: string;
    message: string;
  }[] = [];
  readonly #seen = new Map<string, Seen>();
  #sequence = 0;
  #writing = false;

  constructor(options: {
    readonly client: Client;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly nodeName: string;
  }) {
    this.#client = options.client;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#nodeName = options.nodeName;
  }

  pod(pod: Pod, type: EventType, reason: string, message: string, container?: PodContainer): void {
    const { uid, namespace, name } = identityOf(pod);
    const resourceVersion = pod.metadata?.resourceVersion;
    this.#push({
      involved: {
        apiVersion: 'v1',
        kind: 'Pod',
        namespace,
        name,
        uid,
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
        ...(container === undefined ? {} : { fieldPath: containerFieldPath(container) }),
      },
      type,
      reason,
      message,
    });
  }

  node(type: EventType, reason: string, message: string): void {
    const name = this.#nodeName;
    this.#push({ involved: { kind: 'Node', name, uid: name }, type, reason, message });
  }

  #push(event: {
    involved: ObjectReference;
    type: EventType;
    reason: string;
    message: string;
  }): void {
    // A flood of events must not hold memory; the newest are the ones worth dropping.
    if (this.#queue.length >= queueMax) return;
    this.#queue.push(event);
    if (this.#writing) return;
    this.#writing = true;
    void this.#drain();
  }

  async #drain(): Promise<void> {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      try {
        await this.#write(next.involved, next.type, next.reason, next.message);
      } catch (error) {
        this.#logger.debug('cannot write event', { reason: next.reason, error: String(error) });
      }
    }
    this.#writing = false;
  }

  async #write(
    involved: ObjectReference,
    type: EventType,
    reason: string,
    message: string,
  ): Promise<void> {
    const now = toTime(this.#clock.nowMs());
    const key = [involved.uid, involved.fieldPath, type, reason, message].join('|');
    const seen = this.#seen.get(key);
    if (seen !== undefined) {
      seen.count++;
      const patch = { count: seen.count, lastTimestamp: now };
      try {
        await this.#client.patch(coreEvents, seen.namespace, seen.name, 'merge', patch);
        return;
      } catch {
        this.#seen.delete(key);
      }
    }
    const namespace = involved.namespace ?? 'default';
    const stamp = (this.#clock.nowMs() * 1_000_000 + (this.#sequence++ % 1_000_000)).toString(16);
    const name = `${involved.name}.${stamp}`;
    this.#remember(key, { namespace, name, count: 1 });
    await this.#client.create(coreEvents, {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace },
      involvedObject: involved,
      reason,
      message,
      type,
      source: { component: 'kubelet', host: this.#nodeName },
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
      reportingComponent: 'kubelet',
      reportingInstance: this.#nodeName,
    });
  }

  #remember(key: string, seen: Seen): void {
    this.#seen.set(key, seen);
    for (const oldest of this.#seen.keys()) {
      if (this.#seen.size <= seenMax) break;
      this.#seen.delete(oldest);
    }
  }
}
