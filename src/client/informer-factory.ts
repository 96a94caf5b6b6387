// Shared informers: one per resource and selection, however many readers it has.
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { KubernetesObject } from '../objects.ts';
import type { Random } from '../random.ts';
import type { Client } from './client.ts';
import type { Indexers } from './object-store.ts';
import type { Selection } from './reflector.ts';
import type { ResourceRef } from './resource-ref.ts';
import { createInformer, type RunningInformer } from './shared-informer.ts';

export interface InformerFactory {
  /** The shared informer; made at the first call and started at once if the factory runs. */
  informer<T extends KubernetesObject>(
    ref: ResourceRef<T>,
    options?: Selection & { readonly indexers?: Indexers<T> },
  ): RunningInformer<T>;
  /** Starts all informers, and those asked for later. */
  start(signal: AbortSignal): void;
  /** Stops one resource's informers (a custom resource that is gone). */
  forget(ref: ResourceRef<KubernetesObject>): Promise<void>;
  /** Resolves once every informer known by now has synced. */
  synced(): Promise<void>;
  /** Informers whose copy is known to lag. */
  pending(): number;
  /** Resolves when nothing runs any more. */
  stop(): Promise<void>;
}

export function createInformerFactory(
  client: Client,
  options: { readonly clock: Clock; readonly random: Random; readonly logger?: Logger },
): InformerFactory {
  const informers = new Map<string, RunningInformer<KubernetesObject>>();
  let running: AbortSignal | undefined;
  return {
    informer<T extends KubernetesObject>(
      ref: ResourceRef<T>,
      selection: Selection & { readonly indexers?: Indexers<T> } = {},
    ) {
      const key = [resourceKey(ref), selection.namespace, selection.labelSelector]
        .concat(selection.fieldSelector)
        .join('|');
      // The key names the resource, and the resource its object's type.
      let informer = informers.get(key) as RunningInformer<T> | undefined;
      if (informer === undefined) {
        informer = createInformer(client, ref, { ...options, ...selection });
        informers.set(key, informer as unknown as RunningInformer<KubernetesObject>);
        if (running !== undefined) informer.start(running);
      } else if (selection.indexers !== undefined) {
        informer.addIndexers(selection.indexers);
      }
      return informer;
    },
    start(signal) {
      running = signal;
      for (const informer of informers.values()) informer.start(signal);
    },
    async forget(ref) {
      for (const [key, informer] of informers) {
        if (!key.startsWith(`${resourceKey(ref)}|`)) continue;
        informers.delete(key);
        await informer.stop();
      }
    },
    async synced() {
      await Promise.all([...informers.values()].map((informer) => informer.synced()));
    },
    pending() {
      let pending = 0;
      for (const informer of informers.values()) pending += informer.pending();
      return pending;
    },
    async stop() {
      await Promise.all([...informers.values()].map((informer) => informer.stop()));
    },
  };
}

function resourceKey(ref: ResourceRef<KubernetesObject>): string {
  const as = ref.metadataOnly === true ? 'metadata' : 'object';
  return `${ref.group}/${ref.version}/${ref.plural}:${as}`;
}
