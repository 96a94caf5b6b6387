// How the revision log lies in LevelDB: one small row per write, its value apart, both by revision.
import type { Version } from '../revision-index.ts';

/*
 * h <revision, 8 bytes big-endian>  what was written: flags, previous revision, expiry, key
 * v <revision>                      its value (no such row for a delete)
 * m compacted                       the compaction, a revision
 * m format                          the number of this layout
 *
 * Both kinds of rows only ever grow at their end, so LevelDB moves files instead of rewriting
 * them, and opening reads the small rows alone.
 */

const headerKind = 0x68;
const valueKind = 0x76;
const flagDeleted = 1;
const flagExpires = 2;
const headerFixedBytes = 17;

export const formatKey: Buffer = Buffer.from('m format');
export const compactedKey: Buffer = Buffer.from('m compacted');
/** The layout that this code reads and writes. */
export const formatNumber = 1;

/** All header rows lie in `[headerRange.gte, headerRange.lt)`. */
export const headerRange: { readonly gte: Buffer; readonly lt: Buffer } = {
  gte: Buffer.from([headerKind]),
  lt: Buffer.from([headerKind + 1]),
};

export const headerKey = (revision: number): Buffer => rowKey(headerKind, revision);
export const valueKey = (revision: number): Buffer => rowKey(valueKind, revision);

function rowKey(kind: number, revision: number): Buffer {
  const key = Buffer.allocUnsafe(9);
  key[0] = kind;
  writeNumber(key, revision, 1);
  return key;
}

export function encodeNumber(number: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  writeNumber(bytes, number, 0);
  return bytes;
}

export function decodeNumber(bytes: Buffer): number {
  return bytes.length === 8 ? readNumber(bytes, 0) : Number.NaN;
}

export function encodeHeader(version: Version): Buffer {
  const keyBytes = Buffer.byteLength(version.key);
  const bytes = Buffer.allocUnsafe(headerFixedBytes + keyBytes);
  const expires = version.expiresAtMs === undefined ? 0 : flagExpires;
  bytes[0] = (version.deleted ? flagDeleted : 0) | expires;
  writeNumber(bytes, version.previous?.revision ?? 0, 1);
  writeNumber(bytes, Math.ceil(version.expiresAtMs ?? 0), 9);
  bytes.write(version.key, headerFixedBytes);
  return bytes;
}

/** A header row's content; undefined for bytes that are none. */
export function decodeHeader(
  rowKeyBytes: Buffer,
  bytes: Buffer,
): (Omit<Version, 'previous'> & { readonly previousRevision: number }) | undefined {
  const flags = bytes[0];
  if (flags === undefined || rowKeyBytes.length !== 9 || bytes.length < headerFixedBytes) {
    return undefined;
  }
  return {
    key: bytes.toString('utf8', headerFixedBytes),
    revision: readNumber(rowKeyBytes, 1),
    deleted: (flags & flagDeleted) !== 0,
    expiresAtMs: (flags & flagExpires) === 0 ? undefined : readNumber(bytes, 9),
    previousRevision: readNumber(bytes, 1),
  };
}

/** Big-endian in eight bytes, so that LevelDB's order is the order of revisions. */
function writeNumber(bytes: Buffer, number: number, offset: number): void {
  bytes.writeUInt32BE(Math.floor(number / 2 ** 32), offset);
  bytes.writeUInt32BE(number % 2 ** 32, offset + 4);
}

function readNumber(bytes: Buffer, offset: number): number {
  return bytes.readUInt32BE(offset) * 2 ** 32 + bytes.readUInt32BE(offset + 4);
}
