// The inner port of the revision log: where its rows and values rest, in memory or on disk.
import type { Version } from './revision-index.ts';

/** One staged write; `value` is undefined for a delete. */
export interface LogRow {
  readonly version: Version;
  readonly value: Uint8Array | undefined;
}

type Values = readonly (Uint8Array | undefined)[];

export interface LogStore {
  /** Whether waiting a tick, so that more writes share one append, is worth it. */
  readonly groups: boolean;
  /** Makes all rows durable at once or none; undefined when that is done already. */
  append(rows: readonly LogRow[]): Promise<void> | undefined;
  /** The values of these revisions; undefined for one that was dropped. */
  values(revisions: readonly number[]): Values | Promise<Values>;
  /** Notes that reads below `revision` are refused from now on. */
  compacted(revision: number): Promise<void> | undefined;
  /** Removes versions that nobody can read any more. */
  drop(versions: readonly Version[]): Promise<void> | undefined;
  close(): Promise<void>;
}
