// Finds the watchers that an event may concern, by name, trigger value or namespace.
import type { CachedObject, CacheEvent, Selection } from './types.ts';

/**
 * Each watcher stands in one place, the narrowest that its selection allows. Whether an event
 * really concerns it is for the selection to say.
 */
export class WatcherIndex<W extends { readonly selection: Selection }> {
  readonly #triggerField: string | undefined;
  readonly #byName = new Map<string, Set<W>>();
  readonly #byTrigger = new Map<string, Set<W>>();
  readonly #byNamespace = new Map<string, Set<W>>();
  readonly #others = new Set<W>();

  constructor(triggerField: string | undefined) {
    this.#triggerField = triggerField;
  }

  add(watcher: W): void {
    const [map, value] = this.#placeOf(watcher.selection);
    if (map === undefined) {
      this.#others.add(watcher);
      return;
    }
    const set = map.get(value) ?? new Set<W>();
    map.set(value, set);
    set.add(watcher);
  }

  delete(watcher: W): void {
    const [map, value] = this.#placeOf(watcher.selection);
    if (map === undefined) {
      this.#others.delete(watcher);
      return;
    }
    const set = map.get(value);
    set?.delete(watcher);
    if (set?.size === 0) map.delete(value);
  }

  /** Calls `visit` once for each watcher that the event may concern. */
  candidates({ object, previous }: CacheEvent, visit: (watcher: W) => void): void {
    this.#byName.get(object.header.name)?.forEach(visit);
    this.#byNamespace.get(object.header.namespace)?.forEach(visit);
    if (this.#triggerField !== undefined) {
      const now = this.#triggerOf(object);
      const before = previous === undefined ? now : this.#triggerOf(previous);
      this.#byTrigger.get(now)?.forEach(visit);
      if (before !== now) this.#byTrigger.get(before)?.forEach(visit);
    }
    this.#others.forEach(visit);
  }

  #triggerOf(object: CachedObject): string {
    return object.header.fields?.[this.#triggerField ?? ''] ?? '';
  }

  #placeOf({ name, trigger, namespace }: Selection): [Map<string, Set<W>> | undefined, string] {
    if (name !== undefined) return [this.#byName, name];
    if (trigger !== undefined && this.#triggerField !== undefined) {
      return [this.#byTrigger, trigger];
    }
    return namespace === undefined ? [undefined, ''] : [this.#byNamespace, namespace];
  }
}
