// What the watch cache hands out: stored bytes with a small header, snapshots, and live events.

/** The parts of an object that lists and watchers select by; everything else stays bytes. */
export interface ObjectHeader {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>> | undefined;
  /** Values of the resource's selectable fields by path, `metadata.name`/`namespace` excluded. */
  readonly fields: Readonly<Record<string, string>> | undefined;
  /** UIDs of metadata.ownerReferences. */
  readonly ownerUids: readonly string[] | undefined;
}

/**
 * One stored object. `body` is its storage JSON, which has no resourceVersion, kind or apiVersion
 * and always starts with `{"metadata":{` — so a resourceVersion is spliced in at a constant place
 * and type meta is a prefix (see `representation.ts`).
 */
export interface CachedObject {
  readonly key: string;
  readonly revision: number;
  readonly body: Uint8Array;
  readonly header: ObjectHeader;
}

/** An immutable state of one resource at a revision; taking one costs O(1). */
export interface Snapshot {
  readonly revision: number;
  get(key: string): CachedObject | undefined;
  /** Ascending by key, keys that start with `prefix`, from `from` (inclusive) on. */
  range(prefix: string, from?: string): IterableIterator<CachedObject>;
  /** How many keys start with `prefix` and are not below `from`. */
  count(prefix: string, from?: string): number;
}

/** One write as the cache saw it. `previous` is what it replaced or deleted. */
export interface CacheEvent {
  readonly type: 'put' | 'delete';
  /** After the write; for a delete the last state, with the delete's revision. */
  readonly object: CachedObject;
  readonly previous: CachedObject | undefined;
  readonly revision: number;
}

/** Which objects a list or watch wants; absent parts match everything. */
export interface Selection {
  readonly namespace?: string;
  readonly name?: string;
  /** Compiled label selector. */
  readonly labels?: (labels: Readonly<Record<string, string>> | undefined) => boolean;
  /** Compiled field selector over header fields (name and namespace are taken out above). */
  readonly fields?: (header: ObjectHeader) => boolean;
  /** An exact match on the resource's trigger field, for the hub's index. */
  readonly trigger?: string;
}
