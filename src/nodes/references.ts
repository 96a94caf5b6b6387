// ConfigMaps and Secrets that a node's pods refer to, each watched while some pod here needs it.
import type { Client } from '../client/client.ts';
import type { ResourceRef } from '../client/resource-ref.ts';
import { configMaps, secrets } from '../client/resource-ref.ts';
import { createInformer, type RunningInformer } from '../client/shared-informer.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { ConfigMap, KubernetesObject, Secret } from '../objects.ts';
import type { Random } from '../random.ts';
import { isReason } from '../status.ts';

/** Reads of what pods refer to; undefined when it does not exist, rejects when unknown. */
export interface References {
  configMap(namespace: string, name: string): Promise<ConfigMap | undefined>;
  secret(namespace: string, name: string): Promise<Secret | undefined>;
}

interface Watched {
  readonly informer: RunningInformer<ConfigMap | Secret>;
  readonly controller: AbortController;
  usedAtMs: number;
}

const idleMs = 15 * 60_000;
const watchedMax = 4096;

/** References by one informer per object; `onChange` names what changed. */
export class WatchedReferences implements References {
  readonly #options: {
    readonly client: Client;
    readonly clock: Clock;
    readonly random: Random;
    readonly logger: Logger;
  };
  readonly #watched = new Map<string, Watched>();
  #onChange: (kind: string, namespace: string, name: string) => void = () => {};

  constructor(options: {
    readonly client: Client;
    readonly clock: Clock;
    readonly random: Random;
    readonly logger: Logger;
  }) {
    this.#options = options;
  }

  onChange(callback: (kind: string, namespace: string, name: string) => void): void {
    this.#onChange = callback;
  }

  configMap(namespace: string, name: string): Promise<ConfigMap | undefined> {
    return this.#read(configMaps, namespace, name);
  }

  secret(namespace: string, name: string): Promise<Secret | undefined> {
    return this.#read(secrets, namespace, name);
  }

  /** Stops watching what no pod has read for a while and `isNeeded` does not claim. */
  sweep(isNeeded: (kind: string, namespace: string, name: string) => boolean): void {
    const nowMs = this.#options.clock.nowMs();
    for (const [key, watched] of this.#watched) {
      const [kind = '', namespace = '', name = ''] = key.split('/');
      if (nowMs - watched.usedAtMs < idleMs || isNeeded(kind, namespace, name)) continue;
      watched.controller.abort();
      this.#watched.delete(key);
    }
  }

  close(): void {
    for (const { controller } of this.#watched.values()) controller.abort();
    this.#watched.clear();
  }

  async #read<T extends ConfigMap | Secret>(
    ref: ResourceRef<T>,
    namespace: string,
    name: string,
  ): Promise<T | undefined> {
    const watched = this.#watch(ref, namespace, name);
    watched.usedAtMs = this.#options.clock.nowMs();
    const { client } = this.#options;
    // The key names the resource, and the resource its object's type.
    const cached = watched.informer.get(namespace, name) as T | undefined;
    if (cached !== undefined) return cached;
    // Nothing is waited for: the informer may not have begun yet, and a copy may lag behind a
    // creation that the pod's author has seen succeed.
    try {
      return await client.get(ref, namespace, name);
    } catch (error) {
      if (isReason(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  #watch<T extends KubernetesObject>(
    ref: ResourceRef<T>,
    namespace: string,
    name: string,
  ): Watched {
    const key = `${ref.kind}/${namespace}/${name}`;
    const existing = this.#watched.get(key);
    if (existing !== undefined) return existing;
    if (this.#watched.size >= watchedMax) throw new Error(`more than ${watchedMax} references`);
    const { client, ...rest } = this.#options;
    const controller = new AbortController();
    const informer = createInformer(client, ref, {
      ...rest,
      namespace,
      fieldSelector: `metadata.name=${name}`,
    });
    const changed = () => this.#onChange(ref.kind, namespace, name);
    informer.subscribe({ add: changed, update: changed, delete: changed });
    informer.start(controller.signal);
    const watched: Watched = {
      informer: informer as unknown as RunningInformer<ConfigMap | Secret>,
      controller,
      usedAtMs: 0,
    };
    this.#watched.set(key, watched);
    return watched;
  }
}
