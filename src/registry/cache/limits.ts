// Every limit of a watch cache by name, with the values it has unless told otherwise.

export interface CacheLimits {
  /** Events the ring holds at first, and at most; it grows while events come faster than it ages. */
  readonly ringEventsMin: number;
  readonly ringEventsMax: number;
  /** Body bytes that the ring's events may hold. */
  readonly ringBytesMax: number;
  /** An event younger than this is worth growing the ring for. */
  readonly ringFreshMs: number;
  /** Snapshots of past revisions that are kept for `continue` and exact reads, and how long. */
  readonly snapshotsMax: number;
  readonly snapshotAgeMaxMs: number;
  /** Events that are undone at most to make a past state out of the newest. */
  readonly undoEventsMax: number;
  /** Events of storage history that one watch may start with. */
  readonly historyEventsMax: number;
  /** Entries of one page when the whole resource is read from storage. */
  readonly pageEntries: number;
  /** How long a read waits for a revision that the cache has not seen. */
  readonly waitMs: number;
  /** How often a waiting read asks storage for progress again. */
  readonly progressIntervalMs: number;
  /** Back-off after the stream from storage broke. */
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  /** Open watches on one resource. */
  readonly watchersMax: number;
  /** With more watches of one resource than these, answers do not wait for its events. */
  readonly promptWatchersMax: number;
  /** Bytes of watch frames that are kept to be sent to several watchers. */
  readonly frameBytesMax: number;
  /** Bytes handed to a writer at once. */
  readonly chunkBytesMax: number;
  /** Time between two bookmarks of a quiet watch, and how long before its end the last comes. */
  readonly bookmarkIntervalMs: number;
  readonly lastBookmarkMs: number;
}

/** Ring sizes, freshness, waits and bookmark times are kube-apiserver's. */
export const defaultCacheLimits: CacheLimits = {
  ringEventsMin: 100,
  ringEventsMax: 100 * 1024,
  ringBytesMax: 64 * 1024 * 1024,
  ringFreshMs: 75_000,
  snapshotsMax: 32,
  snapshotAgeMaxMs: 5 * 60_000,
  undoEventsMax: 10_000,
  historyEventsMax: 10_000,
  pageEntries: 2_000,
  waitMs: 3_000,
  progressIntervalMs: 100,
  retryMinMs: 50,
  retryMaxMs: 5_000,
  watchersMax: 100_000,
  promptWatchersMax: 64,
  frameBytesMax: 4 * 1024 * 1024,
  chunkBytesMax: 256 * 1024,
  bookmarkIntervalMs: 60_000,
  lastBookmarkMs: 2_000,
};
