// Opens LevelDB in a data directory, and reads and writes the rows of the revision log there.
import { mkdir } from 'node:fs/promises';
import type { Level } from 'level';
import type { LogRow, LogStore } from '../log-store.ts';
import type { Version } from '../revision-index.ts';
import { RevisionIndex } from '../revision-index.ts';
import { RecentValues } from './recent-values.ts';
import * as rows from './rows.ts';

/** LevelDB's write buffer: larger ones make fewer, larger files and fewer stalls. */
const writeBufferBytes = 16 * 1024 * 1024;
const blockCacheBytes = 16 * 1024 * 1024;
/** Header rows that opening reads in one go. */
const loadChunkMax = 5_000;
/** Up to this many values are read on this thread, which is quicker than asking another one. */
const readHereMax = 1;

type Database = Level<Buffer, Buffer>;

/** Another process (or another driver in this one) has the directory open. */
export class DataDirectoryInUseError extends Error {
  readonly code = 'ERR_STORAGE_IN_USE';
  readonly directory: string;
  constructor(directory: string, options?: ErrorOptions) {
    super(`data directory ${directory} is in use by another coracle`, options);
    this.directory = directory;
  }
}

/** What is in the data directory is not a log that this version can read. */
export class DataDirectoryCorruptError extends Error {
  readonly code = 'ERR_STORAGE_CORRUPT';
  readonly directory: string;
  constructor(directory: string, why: string, options?: ErrorOptions) {
    super(`cannot read data directory ${directory}: ${why}`, options);
    this.directory = directory;
  }
}

/**
 * @throws DataDirectoryInUseError, DataDirectoryCorruptError
 */
export async function openDatabase(directory: string): Promise<Database> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const { Level } = await import('level');
  const database: Database = new Level(directory, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    writeBufferSize: writeBufferBytes,
    cacheSize: blockCacheBytes,
  });
  try {
    await database.open();
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'LEVEL_LOCKED') throw new DataDirectoryInUseError(directory, { cause });
    const why = cause instanceof Error ? cause.message : String(error);
    throw new DataDirectoryCorruptError(directory, why, { cause: error });
  }
  return database;
}

/**
 * Reads which revisions exist and checks that they make a log: ascending, each write following
 * the one it says it replaced, the newest value there.
 *
 * @throws DataDirectoryCorruptError
 */
export async function loadIndex(database: Database, directory: string): Promise<RevisionIndex> {
  const corrupt = (why: string) => new DataDirectoryCorruptError(directory, why);
  const format = await database.get(rows.formatKey);
  if (format === undefined) {
    await database.put(rows.formatKey, rows.encodeNumber(rows.formatNumber), { sync: true });
  } else if (rows.decodeNumber(format) !== rows.formatNumber) {
    throw corrupt(`its format is ${rows.decodeNumber(format)}, not ${rows.formatNumber}`);
  }
  const compactedRow = await database.get(rows.compactedKey);
  const compacted = compactedRow === undefined ? 0 : rows.decodeNumber(compactedRow);
  if (!Number.isSafeInteger(compacted)) throw corrupt('the compaction row is damaged');

  const index = new RevisionIndex(1);
  let newest: Version | undefined;
  const iterator = database.iterator(rows.headerRange);
  try {
    for (;;) {
      const chunk = await iterator.nextv(loadChunkMax);
      if (chunk.length === 0) break;
      for (const [key, value] of chunk) {
        const header = rows.decodeHeader(key, value);
        if (header === undefined) throw corrupt(`row ${key.toString('hex')} is damaged`);
        const { previousRevision, ...write } = header;
        const previous = index.head(write.key);
        // What compaction drops (all of it at or below `compacted`) may be missing, or not yet.
        const follows = previous?.revision ?? 0;
        if (follows !== previousRevision && Math.max(follows, previousRevision) > compacted) {
          throw corrupt(
            `revision ${write.revision} follows ${previousRevision}, but ${follows} is there`,
          );
        }
        newest = { ...write, previous };
        index.load(newest);
      }
    }
  } finally {
    await iterator.close();
  }
  if (newest !== undefined && !newest.deleted) {
    const value = await database.get(rows.valueKey(newest.revision));
    if (value === undefined) throw corrupt(`revision ${newest.revision} has no value`);
  }
  index.loadCompacted(compacted);
  return index;
}

/** The rows of the log in `database`; `durable` waits for the disk on every append. */
export function databaseStore(database: Database, durable: boolean): LogStore {
  const recent = new RecentValues();
  const read = async (revisions: readonly number[]) => {
    const values = revisions.map((revision) => recent.get(revision));
    const missing = revisions.filter((_, at) => values[at] === undefined);
    if (missing.length === 0) return values;
    const keys = missing.map((revision) => rows.valueKey(revision));
    const loaded = await database.getMany(keys);
    let at = 0;
    return values.map((value) => value ?? loaded[at++]);
  };
  return {
    groups: true,
    append(group) {
      for (const { version, value } of group) {
        if (value !== undefined) recent.add(version.revision, value);
      }
      return write(database, group, durable);
    },
    values(revisions) {
      const values = revisions.map((revision) => recent.get(revision));
      if (!values.includes(undefined)) return values;
      if (revisions.length <= readHereMax) {
        return revisions.map((revision) => database.getSync(rows.valueKey(revision)));
      }
      return read(revisions);
    },
    compacted: (revision) =>
      database.put(rows.compactedKey, rows.encodeNumber(revision), { sync: durable }),
    drop: (versions) => drop(database, versions),
    close: () => database.close(),
  };
}

function write(database: Database, group: readonly LogRow[], durable: boolean): Promise<void> {
  const batch = database.batch();
  for (const { version, value } of group) {
    batch.put(rows.headerKey(version.revision), rows.encodeHeader(version));
    if (value !== undefined) batch.put(rows.valueKey(version.revision), bufferOf(value));
  }
  return batch.write({ sync: durable });
}

/** Not synced: a later append carries it, and until then dropping again does no harm. */
function drop(database: Database, versions: readonly Version[]): Promise<void> {
  const batch = database.batch();
  for (const version of versions) {
    batch.del(rows.headerKey(version.revision));
    if (!version.deleted) batch.del(rows.valueKey(version.revision));
  }
  return batch.write();
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
