// Parsed objects out of the watch caches, for authentication, authorization and admission.
import type { ResourceRegistry } from '../registry/engine/resource-registry.ts';
import type { ResourceStore } from '../registry/engine/resource-store.ts';
import type { ApiObject } from '../registry/resource.ts';

/** Reads are synchronous and may be behind the store; objects are frozen, in the stored version. */
export class ObjectReader {
  readonly #registry: ResourceRegistry;
  readonly #stores = new Map<string, ResourceStore>();

  constructor(registry: ResourceRegistry) {
    this.#registry = registry;
    registry.onChange(() => this.#stores.clear());
  }

  get<T = ApiObject>(
    group: string,
    plural: string,
    namespace: string,
    name: string,
  ): T | undefined {
    const store = this.store(group, plural);
    const stored = store?.cache.get(store.key(namespace, name));
    return stored === undefined ? undefined : (store?.parse(stored) as T | undefined);
  }

  /** The same after every write that was done before the call is in. */
  async fresh<T = ApiObject>(
    group: string,
    plural: string,
    namespace: string,
    name: string,
  ): Promise<T | undefined> {
    const found = this.get<T>(group, plural, namespace, name);
    if (found !== undefined) return found;
    await this.store(group, plural)?.cache.consistent();
    return this.get<T>(group, plural, namespace, name);
  }

  /** Of one namespace, or all. */
  *list<T = ApiObject>(group: string, plural: string, namespace = ''): IterableIterator<T> {
    const store = this.store(group, plural);
    if (store === undefined) return;
    const prefix = namespace === '' ? store.prefix : `${store.prefix}${namespace}/`;
    for (const stored of store.cache.snapshot().range(prefix)) yield store.parse(stored) as T;
  }

  store(group: string, plural: string): ResourceStore | undefined {
    const key = `${group}/${plural}`;
    let store = this.#stores.get(key);
    if (store === undefined) {
      store = this.#registry.store(group, plural);
      if (store !== undefined) this.#stores.set(key, store);
    }
    return store;
  }
}
