// A local, always-current copy of a resource: lister for reads, handlers for changes.
import type { KubernetesObject } from '../objects.ts';

/** What changed. `update` also comes when a relist found another revision. */
export interface InformerHandlers<T> {
  add?(object: T): void;
  update?(next: T, old: T): void;
  delete?(last: T): void;
}

/** Reads of the copy; objects are frozen and shared. Keys are `namespace/name` or `name`. */
export interface Lister<T extends KubernetesObject> {
  get(namespace: string, name: string): T | undefined;
  list(namespace?: string): readonly T[];
  /** By an index that the informer was made with. */
  byIndex(index: string, value: string): readonly T[];
}

export interface Informer<T extends KubernetesObject> extends Lister<T> {
  /** Handlers get an `add` for everything already here. Returns how to take them off. */
  subscribe(handlers: InformerHandlers<T>): () => void;
  /** Resolves once the first whole state has been delivered to every handler. */
  synced(): Promise<void>;
  readonly hasSynced: boolean;
}
