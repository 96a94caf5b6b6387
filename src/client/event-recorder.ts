// Records events about objects: counts repeats, combines similar ones, limits spam, never blocks.
import { type Clock, timestamp } from '../clock.ts';
import { describeError, type Logger, silentLogger } from '../logger.ts';
import type { CoreEvent, KubernetesObject } from '../objects.ts';
import { isReason, StatusError } from '../status.ts';
import type { Client } from './client.ts';
import { apiVersionOf, coreEvents, type ResourceRef } from './resource-ref.ts';

/** Events that may wait to be written; more are dropped, as client-go does. */
export const eventsWaitingMax = 1000;
/** Series remembered for counting and combining (client-go's LRU size). */
const seriesMax = 4096;
/** More than this many similar events within the interval are combined into one. */
const similarMax = 10;
const similarIntervalMs = 600_000;
/** One source may say this much about one object: a burst, then one each five minutes. */
const spamBurst = 25;
const spamPerSecond = 1 / 300;

export interface EventRecorder {
  /** Never throws and never waits; the event is written in the background. */
  event(
    ref: ResourceRef<KubernetesObject>,
    object: KubernetesObject,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
    options?: { readonly fieldPath?: string },
  ): void;
  /** Events not yet written. */
  pending(): number;
  /** Resolves when what was recorded so far is written or given up. */
  flush(): Promise<void>;
}

export interface EventRecorderOptions {
  readonly clock: Clock;
  readonly logger?: Logger;
  /** `source.component` and `reportingComponent`: `kubelet`, `deployment-controller`, … */
  readonly component: string;
  /** `source.host`: the node's name, for components of a node. */
  readonly host?: string;
}

/** Events written at a time. */
const lanesMax = 8;

interface Entry {
  readonly event: CoreEvent;
  readonly key: string;
}

interface Lane {
  readonly waiting: Entry[];
  working: Promise<void> | undefined;
}

function laneOf(key: string): number {
  let hash = 0;
  for (let i = 0; i < key.length; i++) hash = (Math.imul(hash, 31) + key.charCodeAt(i)) | 0;
  return Math.abs(hash) % lanesMax;
}

interface Series {
  name: string;
  count: number;
  firstTimestamp: string;
}

/** A recorder of core/v1 events (served in events.k8s.io too) with client-go's correlation. */
export function createEventRecorder(client: Client, options: EventRecorderOptions): EventRecorder {
  const { clock, logger = silentLogger, component, host } = options;
  const series = new Map<string, Series>();
  const similar = new Map<string, { messages: Set<string>; lastMs: number }>();
  const buckets = new Map<string, { tokens: number; lastMs: number }>();
  // One series is written in order by one lane; different ones go side by side.
  const lanes: Lane[] = Array.from({ length: lanesMax }, () => ({
    waiting: [],
    working: undefined,
  }));
  const waitingCount = () => lanes.reduce((sum, { waiting }) => sum + waiting.length, 0);
  let sequence = 0;
  // Said once when the first is dropped and once when all lanes are empty again: not for each.
  let dropped = 0;

  const spam = (about: string) => {
    const nowMs = clock.nowMs();
    const bucket = buckets.get(about) ?? { tokens: spamBurst, lastMs: nowMs };
    const refill = ((nowMs - bucket.lastMs) / 1000) * spamPerSecond;
    const tokens = Math.min(spamBurst, bucket.tokens + refill);
    remember(buckets, about, { tokens: tokens < 1 ? tokens : tokens - 1, lastMs: nowMs });
    return tokens < 1;
  };
  const combine = (about: string, message: string) => {
    const nowMs = clock.nowMs();
    let group = similar.get(about);
    if (group === undefined || nowMs - group.lastMs > similarIntervalMs) {
      group = { messages: new Set(), lastMs: nowMs };
    }
    group.lastMs = nowMs;
    remember(similar, about, group);
    if (group.messages.size < similarMax || group.messages.has(message)) {
      group.messages.add(message);
      return group.messages.size < similarMax ? message : undefined;
    }
    return undefined;
  };
  const write = async (entry: Entry) => {
    const known = series.get(entry.key);
    const { event } = entry;
    const namespace = event.metadata.namespace ?? '';
    if (known !== undefined) {
      known.count++;
      const { lastTimestamp, message } = event;
      const patch = { count: known.count, lastTimestamp, message };
      try {
        await client.patch(coreEvents, namespace, known.name, 'strategic', patch);
        return;
      } catch (error) {
        if (!isReason(error, 'NotFound')) throw error;
        known.count = 1; // It has expired; a new one starts.
      }
    }
    const made: Series = { name: event.metadata.name ?? '', count: 1, firstTimestamp: '' };
    remember(series, entry.key, made);
    await client.create(coreEvents, event);
  };
  const drain = async (lane: Lane) => {
    const { waiting } = lane;
    for (let entry = waiting[0]; entry !== undefined; entry = waiting[0]) {
      try {
        await write(entry);
      } catch (error) {
        // A namespace that is going away refuses events; that and lost answers are not worth more.
        const refused = error instanceof StatusError;
        const fields = { reason: entry.event.reason ?? '', why: describeError(error) };
        if (refused) logger.debug('an event was refused', fields);
        else logger.warn('an event was lost', fields);
      }
      waiting.shift();
    }
    lane.working = undefined;
    if (dropped === 0 || waitingCount() > 0) return;
    logger.warn('events were dropped: too many waited', { dropped });
    dropped = 0;
  };

  return {
    event(ref, object, type, reason, message, eventOptions = {}) {
      const { name = '', namespace = '', uid, resourceVersion } = object.metadata ?? {};
      const about = [ref.kind, namespace, name, uid, eventOptions.fieldPath].join('|');
      if (spam(about)) return;
      const group = `${about}|${type}|${reason}`;
      const own = combine(group, message);
      const text = own ?? `(combined from similar events): ${message}`;
      if (waitingCount() >= eventsWaitingMax) {
        if (dropped++ === 0) logger.warn('events are being dropped: too many wait', { reason });
        return;
      }
      const now = timestamp(clock);
      const suffix = (BigInt(clock.nowMs()) * 1_000_000n + BigInt(sequence++ % 1_000_000)).toString(
        16,
      );
      const event: CoreEvent = {
        metadata: {
          name: `${name}.${suffix}`,
          namespace: namespace === '' ? 'default' : namespace,
        },
        involvedObject: {
          kind: ref.kind,
          apiVersion: apiVersionOf(ref),
          name,
          ...(namespace === '' ? {} : { namespace }),
          ...(uid === undefined ? {} : { uid }),
          ...(resourceVersion === undefined ? {} : { resourceVersion }),
          ...(eventOptions.fieldPath === undefined ? {} : { fieldPath: eventOptions.fieldPath }),
        },
        type,
        reason,
        message: text,
        source: { component, ...(host === undefined ? {} : { host }) },
        reportingComponent: component,
        reportingInstance: host ?? '',
        firstTimestamp: now,
        lastTimestamp: now,
        count: 1,
      };
      const key = own === undefined ? group : `${group}|${message}`;
      const lane = lanes[laneOf(key)];
      if (lane === undefined) return;
      lane.waiting.push({ event, key });
      lane.working ??= drain(lane);
    },
    pending: waitingCount,
    flush: async () => {
      await Promise.all(lanes.map((lane) => lane.working));
    },
  };
}

/** Sets as the youngest entry; the oldest goes when there are too many. */
function remember<V>(entries: Map<string, V>, key: string, value: V): void {
  entries.delete(key);
  entries.set(key, value);
  if (entries.size <= seriesMax) return;
  const [oldest] = entries.keys();
  if (oldest !== undefined) entries.delete(oldest);
}
