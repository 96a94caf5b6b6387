// The informer: a reflector feeding an object store, and handlers told of every change.
import type { Clock } from '../clock.ts';
import { type Logger, silentLogger } from '../logger.ts';
import type { KubernetesObject } from '../objects.ts';
import type { Random } from '../random.ts';
import type { Client } from './client.ts';
import type { Informer, InformerHandlers } from './informer.ts';
import { type Indexers, keyOf, ObjectStore } from './object-store.ts';
import { type ReflectorState, reflect, type Selection } from './reflector.ts';
import type { ResourceRef } from './resource-ref.ts';

export interface InformerOptions<T> extends Selection {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger?: Logger;
  readonly indexers?: Indexers<T>;
  /** Handlers get an `update` of every object this often; off by default. */
  readonly resyncMs?: number;
  /** Trims what the reader does not need before it is kept; must give a new frozen object. */
  readonly transform?: (object: T) => T;
}

export interface RunningInformer<T extends KubernetesObject> extends Informer<T> {
  readonly ref: ResourceRef<T>;
  readonly size: number;
  getByKey(key: string): T | undefined;
  keys(): IterableIterator<string>;
  /** Idempotent. Stops when `signal` aborts or by `stop()`. */
  start(signal?: AbortSignal): void;
  /** Resolves when nothing of it runs any more. */
  stop(): Promise<void>;
  addIndexers(indexers: Indexers<T>): void;
  /** The revision that the copy has reached; empty before the first sync. */
  readonly resourceVersion: string;
  /** 1 while the copy is known to lag (not synced, reconnecting), else 0. */
  pending(): number;
}

/** An informer of `ref` through `client`; it does nothing until started. */
export function createInformer<T extends KubernetesObject>(
  client: Client,
  ref: ResourceRef<T>,
  options: InformerOptions<T>,
): RunningInformer<T> {
  const { clock, random, logger = silentLogger, transform, resyncMs } = options;
  const { namespace, labelSelector, fieldSelector } = options;
  const store = new ObjectStore<T>(options.indexers);
  const subscribers = new Set<InformerHandlers<T>>();
  const state: ReflectorState = { resourceVersion: '', current: false };
  const stopped = new AbortController();
  let running: Promise<void> | undefined;
  let hasSynced = false;
  let markSynced: () => void = () => undefined;
  const whenSynced = new Promise<void>((resolve) => {
    markSynced = resolve;
  });

  const tell = (call: (handlers: InformerHandlers<T>) => void) => {
    for (const handlers of subscribers) {
      try {
        call(handlers);
      } catch (error) {
        logger.error('an informer handler failed', error, { resource: ref.plural });
      }
    }
  };
  const put = (incoming: T) => {
    const key = keyOf(incoming);
    const known = store.getByKey(key);
    if (
      known !== undefined &&
      known.metadata?.resourceVersion === incoming.metadata?.resourceVersion
    ) {
      return;
    }
    const object = transform === undefined ? incoming : transform(incoming);
    const old = store.set(key, object);
    if (old === undefined) tell((handlers) => handlers.add?.(object));
    else if (old.metadata?.uid !== object.metadata?.uid) {
      // Deleted and made again between two looks: two objects, two stories.
      tell((handlers) => handlers.delete?.(old));
      tell((handlers) => handlers.add?.(object));
    } else tell((handlers) => handlers.update?.(object, old));
  };
  const remove = (key: string, last?: T) => {
    const old = store.delete(key);
    if (old === undefined) return;
    const final = last === undefined || transform === undefined ? (last ?? old) : transform(last);
    tell((handlers) => handlers.delete?.(final));
  };
  const sink = {
    replace(objects: readonly T[]) {
      const keys = new Set<string>();
      for (const object of objects) keys.add(keyOf(object));
      for (const key of [...store.keys()]) if (!keys.has(key)) remove(key);
      for (const object of objects) put(object);
      hasSynced = true;
      markSynced();
    },
    apply(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: T) {
      if (type === 'DELETED') remove(keyOf(object), object);
      else put(object);
    },
  };
  const resync = () => {
    if (resyncMs === undefined || stopped.signal.aborted) return;
    for (const object of store.values()) tell((handlers) => handlers.update?.(object, object));
    clock.setTimeout(resync, resyncMs);
  };

  return {
    ref,
    get size() {
      return store.size;
    },
    get hasSynced() {
      return hasSynced;
    },
    get resourceVersion() {
      return state.resourceVersion;
    },
    get: (inNamespace, name) => store.get(inNamespace, name),
    getByKey: (key) => store.getByKey(key),
    keys: () => store.keys(),
    list: (inNamespace) => store.list(inNamespace),
    byIndex: (index, value) => store.byIndex(index, value),
    addIndexers: (indexers) => store.addIndexers(indexers),
    synced: () => whenSynced,
    pending: () => (running !== undefined && !(hasSynced && state.current) ? 1 : 0),
    subscribe(handlers) {
      subscribers.add(handlers);
      for (const object of [...store.values()]) handlers.add?.(object);
      return () => subscribers.delete(handlers);
    },
    start(signal) {
      if (running !== undefined || signal?.aborted === true) return;
      signal?.addEventListener('abort', () => stopped.abort(signal.reason), { once: true });
      const selection: Selection = {
        ...(namespace === undefined ? {} : { namespace }),
        ...(labelSelector === undefined ? {} : { labelSelector }),
        ...(fieldSelector === undefined ? {} : { fieldSelector }),
      };
      const reflector = { clock, random, logger, selection, signal: stopped.signal };
      running = reflect(client, ref, sink, state, reflector);
      if (resyncMs !== undefined) clock.setTimeout(resync, resyncMs);
    },
    async stop() {
      stopped.abort(new Error('the informer was stopped'));
      await running;
    },
  };
}
