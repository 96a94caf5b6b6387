// The informer's copy of a resource: objects by key, by namespace and by declared indexes.
import type { KubernetesObject } from '../objects.ts';
import type { Lister } from './informer.ts';

/** Index name → the values under which an object is found. */
export type Indexers<T> = Readonly<Record<string, (object: T) => readonly string[]>>;

/** `namespace/name`, or `name` for what has no namespace. */
export function keyOf(object: KubernetesObject): string {
  const { namespace = '', name = '' } = object.metadata ?? {};
  return namespace === '' ? name : `${namespace}/${name}`;
}

/** The two halves of a key; the namespace is empty for a bare name. */
export function splitKey(key: string): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/');
  return { namespace: slash < 0 ? '' : key.slice(0, slash), name: key.slice(slash + 1) };
}

const noObjects: readonly never[] = Object.freeze([]);

export class ObjectStore<T extends KubernetesObject> implements Lister<T> {
  readonly #objects = new Map<string, T>();
  readonly #byNamespace = new Map<string, Set<string>>();
  readonly #indexers = new Map<string, (object: T) => readonly string[]>();
  readonly #indexes = new Map<string, Map<string, Set<string>>>();

  constructor(indexers: Indexers<T> = {}) {
    this.addIndexers(indexers);
  }

  get size(): number {
    return this.#objects.size;
  }

  /** Adds indexes over what is here and what will come; a known name is left as it is. */
  addIndexers(indexers: Indexers<T>): void {
    for (const [name, indexer] of Object.entries(indexers)) {
      if (this.#indexers.has(name)) continue;
      this.#indexers.set(name, indexer);
      const index = new Map<string, Set<string>>();
      this.#indexes.set(name, index);
      for (const [key, object] of this.#objects) {
        for (const value of indexer(object)) put(index, value, key);
      }
    }
  }

  getByKey(key: string): T | undefined {
    return this.#objects.get(key);
  }

  get(namespace: string, name: string): T | undefined {
    return this.#objects.get(namespace === '' ? name : `${namespace}/${name}`);
  }

  keys(): IterableIterator<string> {
    return this.#objects.keys();
  }

  values(): IterableIterator<T> {
    return this.#objects.values();
  }

  list(namespace?: string): readonly T[] {
    if (namespace === undefined) return [...this.#objects.values()];
    return this.#resolve(this.#byNamespace.get(namespace));
  }

  byIndex(index: string, value: string): readonly T[] {
    const found = this.#indexes.get(index);
    if (found === undefined) throw new RangeError(`no index is named ${JSON.stringify(index)}`);
    return this.#resolve(found.get(value));
  }

  /** Returns what was there before. */
  set(key: string, object: T): T | undefined {
    const old = this.#objects.get(key);
    this.#objects.set(key, object);
    const namespace = object.metadata?.namespace ?? '';
    if (old === undefined && namespace !== '') put(this.#byNamespace, namespace, key);
    for (const [name, indexer] of this.#indexers) {
      const index = this.#indexes.get(name);
      if (index === undefined) continue;
      const values = indexer(object);
      const before = old === undefined ? noObjects : indexer(old);
      for (const value of before) if (!values.includes(value)) take(index, value, key);
      for (const value of values) put(index, value, key);
    }
    return old;
  }

  /** Returns what was there. */
  delete(key: string): T | undefined {
    const old = this.#objects.get(key);
    if (old === undefined) return undefined;
    this.#objects.delete(key);
    take(this.#byNamespace, old.metadata?.namespace ?? '', key);
    for (const [name, indexer] of this.#indexers) {
      const index = this.#indexes.get(name);
      if (index !== undefined) for (const value of indexer(old)) take(index, value, key);
    }
    return old;
  }

  #resolve(keys: ReadonlySet<string> | undefined): readonly T[] {
    if (keys === undefined) return noObjects;
    const objects: T[] = [];
    for (const key of keys) {
      const object = this.#objects.get(key);
      if (object !== undefined) objects.push(object);
    }
    return objects;
  }
}

function put(index: Map<string, Set<string>>, value: string, key: string): void {
  const keys = index.get(value);
  if (keys === undefined) index.set(value, new Set([key]));
  else keys.add(key);
}

function take(index: Map<string, Set<string>>, value: string, key: string): void {
  const keys = index.get(value);
  if (keys?.delete(key) === true && keys.size === 0) index.delete(value);
}
