// States of one resource at past revisions: the newest for free, a few recent ones kept.
import type { Clock } from '../../clock.ts';
import type { BTreeView } from './btree.ts';
import type { CacheLimits } from './limits.ts';
import type { CachedObject, Snapshot } from './types.ts';

/** A tree's state with the revision that it is the state of. */
export class TreeSnapshot implements Snapshot {
  readonly revision: number;
  readonly view: BTreeView<CachedObject>;

  constructor(revision: number, view: BTreeView<CachedObject>) {
    this.revision = revision;
    this.view = view;
  }

  get size(): number {
    return this.view.size;
  }
  get(key: string): CachedObject | undefined {
    return this.view.get(key);
  }
  range(prefix: string, from?: string): IterableIterator<CachedObject> {
    return this.view.range(prefix, from);
  }
  count(prefix: string, from?: string): number {
    return this.view.count(prefix, from);
  }
}

/** Snapshots that a later page or exact read may ask for, the oldest dropped first. */
export class KeptSnapshots {
  readonly #clock: Clock;
  readonly #limits: CacheLimits;
  readonly #kept = new Map<number, { readonly snapshot: TreeSnapshot; readonly atMs: number }>();

  constructor(clock: Clock, limits: CacheLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  get(revision: number): TreeSnapshot | undefined {
    this.#expire();
    return this.#kept.get(revision)?.snapshot;
  }

  keep(snapshot: TreeSnapshot): void {
    this.#kept.delete(snapshot.revision);
    this.#kept.set(snapshot.revision, { snapshot, atMs: this.#clock.nowMs() });
    this.#expire();
  }

  clear(): void {
    this.#kept.clear();
  }

  #expire(): void {
    const { snapshotsMax, snapshotAgeMaxMs } = this.#limits;
    const oldestMs = this.#clock.nowMs() - snapshotAgeMaxMs;
    for (const [revision, { atMs }] of this.#kept) {
      if (this.#kept.size <= snapshotsMax && atMs >= oldestMs) return;
      this.#kept.delete(revision);
    }
  }
}
