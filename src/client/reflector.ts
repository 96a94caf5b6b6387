// Keeps a sink equal to a resource: watch-list or list, then watch, resume, relist, back off.
import { type Clock, sleep } from '../clock.ts';
import { describeError, type Logger } from '../logger.ts';
import type { KubernetesObject } from '../objects.ts';
import type { Random } from '../random.ts';
import { StatusError } from '../status.ts';
import { createBackoff } from './backoff.ts';
import type { Client, WatchEvent } from './client.ts';
import type { ResourceRef } from './resource-ref.ts';

/** Which objects of a resource. */
export interface Selection {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** Where a reflector delivers. */
export interface ReflectorSink<T> {
  /** The whole state, after a list or a watch-list. */
  replace(objects: readonly T[]): void;
  apply(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: T): void;
}

export interface ReflectorOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly selection: Selection;
  readonly signal: AbortSignal;
}

/** The first retry is quick, so that a cold start does not wait; the last as client-go's. */
const retryFirstMs = 100;
const retryMaxMs = 30_000;
/** Servers end watches after a while so that clients spread; client-go asks for 5 to 10 min. */
const watchSecondsMin = 300;

/** Not allowed, or too much: a list would be answered no better than a watch-list. */
const alikeForList: ReadonlySet<number> = new Set([401, 403, 429]);

/** What a reflector knows about where it is. */
export interface ReflectorState {
  /** The revision that the sink has reached; empty before the first list. */
  resourceVersion: string;
  /** Whether a watch is established and the sink is current as far as is known. */
  current: boolean;
}

/** Runs until `signal` aborts; never rejects. `state` is updated in place. */
export async function reflect<T extends KubernetesObject>(
  client: Client,
  ref: ResourceRef<T>,
  sink: ReflectorSink<T>,
  state: ReflectorState,
  options: ReflectorOptions,
): Promise<void> {
  const { clock, random, logger, selection, signal } = options;
  const backoff = createBackoff(random, { firstMs: retryFirstMs, maxMs: retryMaxMs });
  let byList = false;
  while (!signal.aborted) {
    const startedMs = clock.nowMs();
    const listing = byList;
    byList = false;
    try {
      if (state.resourceVersion === '' && listing) {
        const list = await client.list(ref, { ...selection, resourceVersion: '0' });
        sink.replace(list.items);
        state.resourceVersion = list.resourceVersion;
      }
      await watchOnce(client, ref, sink, state, options, () => backoff.reset());
      // A watch that ends at once is a server in trouble: do not turn in a tight loop.
      if (clock.nowMs() - startedMs > 1000) continue;
    } catch (error) {
      if (signal.aborted) break;
      const code = error instanceof StatusError ? error.code : 0;
      if (code === 410) {
        // Too old: everything is read anew, at once.
        state.resourceVersion = '';
        state.current = false;
        logger.debug('watch expired', { resource: ref.plural, why: describeError(error) });
        await sleep(clock, backoff.next(), signal);
        continue;
      }
      // As client-go does: a server may have many reasons not to begin a watch with the state.
      if (state.resourceVersion === '' && !listing && code !== 0 && !alikeForList.has(code)) {
        byList = true;
        continue;
      }
      logger.debug('watch failed', { resource: ref.plural, why: describeError(error) });
    }
    state.current = false;
    await sleep(clock, backoff.next(), signal);
  }
  state.current = false;
}

async function watchOnce<T extends KubernetesObject>(
  client: Client,
  ref: ResourceRef<T>,
  sink: ReflectorSink<T>,
  state: ReflectorState,
  options: ReflectorOptions,
  onProgress: () => void,
): Promise<void> {
  const { random, selection, signal } = options;
  let initial: Map<string, T> | undefined = state.resourceVersion === '' ? new Map() : undefined;
  const events = client.watch(ref, {
    ...selection,
    ...(initial === undefined
      ? { resourceVersion: state.resourceVersion }
      : { sendInitialEvents: true }),
    timeoutSeconds: watchSecondsMin + Math.floor(random.next() * watchSecondsMin),
    signal,
  });
  if (initial === undefined) state.current = true;
  for await (const event of events) {
    if (signal.aborted) return;
    const resourceVersion = event.object.metadata?.resourceVersion ?? '';
    if (initial !== undefined) {
      if (!collect(initial, event)) continue;
      sink.replace([...initial.values()]);
      initial = undefined;
      state.current = true;
    } else if (event.type !== 'BOOKMARK') {
      sink.apply(event.type, event.object);
    }
    if (resourceVersion !== '') state.resourceVersion = resourceVersion;
    onProgress();
  }
}

/** Takes one initial event; true when it was the last. */
function collect<T extends KubernetesObject>(
  initial: Map<string, T>,
  event: WatchEvent<T>,
): boolean {
  if (event.type === 'BOOKMARK') return event.initialEventsEnd;
  const { namespace = '', name = '' } = event.object.metadata ?? {};
  const key = `${namespace}/${name}`;
  if (event.type === 'DELETED') initial.delete(key);
  else initial.set(key, event.object);
  return false;
}
