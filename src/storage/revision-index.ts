// Which revisions exist of which keys: heads, history and compaction, without the values.
import { CompactedError, FutureRevisionError } from './driver.ts';
import { OrderedKeys } from './ordered-keys.ts';

/** One write of one key. Values live elsewhere, by revision. */
export interface Version {
  readonly key: string;
  readonly revision: number;
  /** A tombstone: the write deleted the key. */
  readonly deleted: boolean;
  /** When the key expires unless it is written again, in cluster time. */
  readonly expiresAtMs: number | undefined;
  /** The write before this one, as long as history keeps it. */
  previous: Version | undefined;
}

export interface Scan {
  readonly versions: Version[];
  readonly more: boolean;
  readonly count: number | undefined;
}

/**
 * The log of revisions as an index in memory: about 150 bytes a key, so that a swap is decided
 * without a read and a list knows its keys. A write is staged (visible to later swaps) before it
 * is committed (visible to readers); revisions are assigned when staging.
 */
export class RevisionIndex {
  readonly #heads = new Map<string, Version>();
  readonly #keys = new OrderedKeys();
  /** Every version above the compaction and those not yet dropped, ascending. */
  #log: Version[] = [];
  #staged: number;
  #committed: number;
  #compacted: number;

  /** @param startRevision the revision of the still empty store */
  constructor(startRevision: number) {
    this.#staged = startRevision;
    this.#committed = startRevision;
    this.#compacted = 0;
  }

  get committed(): number {
    return this.#committed;
  }

  /** The oldest revision that can be read; 0 before the first compaction. */
  get compacted(): number {
    return this.#compacted;
  }

  /** The newest version of a key, staged ones and tombstones included. */
  head(key: string): Version | undefined {
    return this.#heads.get(key);
  }

  /** Assigns the next revision to a write. */
  stage(key: string, deleted: boolean, expiresAtMs: number | undefined): Version {
    const previous = this.#heads.get(key);
    const version = { key, revision: ++this.#staged, deleted, expiresAtMs, previous };
    this.#insert(version);
    return version;
  }

  commit(revision: number): void {
    this.#committed = revision;
  }

  /** Takes over a version from disk or another store; revisions ascend from call to call. */
  load(version: Version): void {
    this.#insert(version);
    this.#staged = Math.max(this.#staged, version.revision);
    this.#committed = this.#staged;
  }

  /** Takes over the compaction that a store on disk had reached. */
  loadCompacted(revision: number): void {
    this.#compacted = revision;
    this.#staged = Math.max(this.#staged, revision);
    this.#committed = this.#staged;
  }

  #insert(version: Version): void {
    if (version.previous === undefined) this.#keys.add(version.key);
    this.#heads.set(version.key, version);
    this.#log.push(version);
  }

  /**
   * The revision a read is a view of.
   *
   * @throws CompactedError, FutureRevisionError
   */
  readable(revision: number | undefined): number {
    if (revision === undefined) return this.#committed;
    if (revision < this.#compacted) throw new CompactedError(this.#compacted);
    if (revision > this.#committed) throw new FutureRevisionError(revision, this.#committed);
    return revision;
  }

  /** What stood at `key` at `revision`; undefined where it did not exist. */
  at(key: string, revision: number): Version | undefined {
    let version = this.#heads.get(key);
    while (version !== undefined && version.revision > revision) version = version.previous;
    return version === undefined || version.deleted ? undefined : version;
  }

  scan(
    prefix: string,
    revision: number,
    options: { readonly from?: string; readonly limit?: number; readonly count?: boolean },
  ): Scan {
    const limit = options.limit ?? Number.POSITIVE_INFINITY;
    const versions: Version[] = [];
    let count = 0;
    for (const key of this.#keys.range(prefix, options.from)) {
      const version = this.at(key, revision);
      if (version === undefined) continue;
      count++;
      if (versions.length < limit) versions.push(version);
      else if (options.count !== true) break;
    }
    return {
      versions,
      more: count > versions.length,
      count: options.count === true ? count : undefined,
    };
  }

  /** Every head that is no tombstone, ascending by revision. */
  live(): Version[] {
    const revision = this.#committed;
    const versions: Version[] = [];
    for (const key of this.#heads.keys()) {
      const version = this.at(key, revision);
      if (version !== undefined) versions.push(version);
    }
    return versions.sort((a, b) => a.revision - b.revision);
  }

  /** At most `limit` committed versions above `revision`, ascending. */
  since(revision: number, limit: number): Version[] {
    const start = this.#position(revision);
    const end = Math.min(start + limit, this.#position(this.#committed));
    return this.#log.slice(start, end);
  }

  /** From now on reads below `revision` fail; `dropSome` then takes what nobody can read. */
  compact(revision: number): void {
    if (revision > this.#committed) throw new FutureRevisionError(revision, this.#committed);
    this.#compacted = Math.max(this.#compacted, revision);
  }

  /**
   * Forgets at most `limit` log entries up to the compaction and gives the versions that are gone
   * with them: those a later write superseded, and tombstones. A tombstone goes together with or
   * after what it hides, so no crash in between brings a deleted key back.
   */
  dropSome(limit: number): { readonly dropped: Version[]; readonly done: boolean } {
    const end = Math.min(this.#position(this.#compacted), limit);
    const dropped: Version[] = [];
    for (const version of this.#log.splice(0, end)) {
      if (version.previous !== undefined && !version.previous.deleted) {
        dropped.push(version.previous);
      }
      version.previous = undefined;
      if (!version.deleted) continue;
      dropped.push(version);
      if (this.#heads.get(version.key) !== version) continue;
      this.#heads.delete(version.key);
      this.#keys.delete(version.key);
    }
    return { dropped, done: end < limit };
  }

  /** The index of the first log entry above `revision`. */
  #position(revision: number): number {
    let low = 0;
    let high = this.#log.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#log[middle]?.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
