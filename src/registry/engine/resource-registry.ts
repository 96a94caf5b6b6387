// The live registry: which resources are served now, and the one store behind each of them.
import type { ApiObject, Resource, ResourceVersion } from '../resource.ts';
import type { EngineEnvironment } from './ports.ts';
import { ResourceStore } from './resource-store.ts';
import type { ServedResource } from './types.ts';

/** What a path leads to. */
export interface FoundResource {
  readonly served: ServedResource;
  readonly store: ResourceStore;
}

/** Whether a version that the declaration has off (or on) is served; undefined: as declared. */
export type ServedSwitch = (
  group: string,
  version: ResourceVersion<ApiObject>,
  resource: Resource,
) => boolean | undefined;

/** Resources come and go while the server runs; readers ask anew for each request. */
export class ResourceRegistry {
  readonly #environment: EngineEnvironment;
  readonly #switch: ServedSwitch;
  readonly #stores = new Map<Resource, ResourceStore>();
  readonly #found = new Map<string, FoundResource>();
  readonly #listeners = new Set<() => void>();

  /** @param isServed the server's `--runtime-config` */
  constructor(environment: EngineEnvironment, isServed: ServedSwitch = () => undefined) {
    this.#environment = environment;
    this.#switch = isServed;
  }

  /**
   * Serves `resource` and starts its cache, unless all its versions are off; throws where one of
   * its paths is taken.
   */
  add(resource: Resource): ResourceStore | undefined {
    const entries = this.#entries(resource);
    if (entries.length === 0) return undefined;
    const taken = entries.find(([path]) => this.#found.has(path));
    if (taken !== undefined) throw new Error(`cannot serve ${taken[0]}: it is served already`);
    const store = new ResourceStore(this.#environment, resource);
    this.#stores.set(resource, store);
    for (const [path, served] of entries) this.#found.set(path, { served, store });
    this.#changed();
    return store;
  }

  /**
   * Serves `next` in place of `previous` (a CRD that changed). One step, so no request finds
   * nothing; requests that already hold the old store finish with it.
   */
  replace(previous: Resource, next: Resource): ResourceStore | undefined {
    this.#take(previous);
    return this.add(next);
  }

  /** Stops serving `resource`; false when it was not served. What is stored stays. */
  remove(resource: Resource): boolean {
    if (!this.#take(resource)) return false;
    this.#changed();
    return true;
  }

  /** Looks up the last part of a path: `apps`, `v1`, `deployments`. */
  find(group: string, version: string, plural: string): FoundResource | undefined {
    return this.#found.get(pathOf(group, version, plural));
  }

  /** By kind, for bodies and references that name one. */
  findKind(group: string, version: string, kind: string): FoundResource | undefined {
    for (const found of this.#found.values()) {
      const { served } = found;
      if (served.resource.kind !== kind || served.group !== group) continue;
      if (served.version.version === version) return found;
    }
    return undefined;
  }

  /** The store of a resource by its stored group, whatever version is served. */
  store(group: string, plural: string): ResourceStore | undefined {
    for (const [resource, store] of this.#stores) {
      if (resource.plural === plural && resource.groups.some((each) => each.group === group)) {
        return store;
      }
    }
    return undefined;
  }

  /** All that is served now, in the order of registration; for discovery and OpenAPI. */
  list(): readonly FoundResource[] {
    return [...this.#found.values()];
  }

  /** Calls `listener` after each change; the result ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Resolves once every store's cache has its first state. */
  async ready(): Promise<void> {
    await Promise.all([...this.#stores.values()].map((store) => store.ready()));
  }

  close(): void {
    for (const store of this.#stores.values()) store.close();
    this.#stores.clear();
    this.#found.clear();
    this.#listeners.clear();
  }

  #entries(resource: Resource): readonly (readonly [string, ServedResource])[] {
    return resource.groups.flatMap(({ group, versions }) =>
      versions
        .filter((version) => this.#switch(group, version, resource) ?? version.served !== false)
        .map((version) => {
          const served: ServedResource = { resource, group, version };
          return [pathOf(group, version.version, resource.plural), served] as const;
        }),
    );
  }

  #take(resource: Resource): boolean {
    const store = this.#stores.get(resource);
    if (store === undefined) return false;
    this.#stores.delete(resource);
    for (const [path, found] of this.#found) {
      if (found.store === store) this.#found.delete(path);
    }
    store.close();
    return true;
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

function pathOf(group: string, version: string, plural: string): string {
  return `${group}/${version}/${plural}`;
}
