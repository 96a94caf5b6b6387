// Writes tar archives that depend on nothing but what they are given: no time, user or order of their own.

/** What stands before an entry's content; contents are padded with `tarPadding`. */
export interface TarHeader {
  /** Relative, `/` between names; a directory's ends with `/`. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink';
  /** Permission bits. */
  readonly mode: number;
  readonly sizeBytes?: number;
  readonly linkTarget?: string;
  readonly uid?: number;
  readonly gid?: number;
}

const blockBytes = 512;
const typeFlags = { file: '0', symlink: '2', directory: '5' } as const;

/** Two empty blocks end an archive. */
export const tarEnd: Uint8Array = new Uint8Array(2 * blockBytes);

export function tarPadding(sizeBytes: number): Uint8Array {
  return new Uint8Array((blockBytes - (sizeBytes % blockBytes)) % blockBytes);
}

/** A ustar header; preceded by a pax one where a name does not fit. Times are 0. */
export function tarHeader(entry: TarHeader): Uint8Array {
  const { path, linkTarget = '' } = entry;
  const records: string[] = [];
  if (Buffer.byteLength(path) > 100) records.push(paxRecord('path', path));
  if (Buffer.byteLength(linkTarget) > 100) records.push(paxRecord('linkpath', linkTarget));
  const plain = block(entry, typeFlags[entry.type]);
  if (records.length === 0) return plain;
  const value = Buffer.from(records.join(''));
  const extension = { path: 'pax', type: 'file', mode: 0o644, sizeBytes: value.length } as const;
  return Buffer.concat([block(extension, 'x'), value, tarPadding(value.length), plain]);
}

/** An archive of small files in memory. */
export function tarOf(
  entries: readonly (TarHeader & { readonly content?: Uint8Array })[],
): Uint8Array {
  const parts = entries.flatMap(({ content = new Uint8Array(), ...header }) => [
    tarHeader({ ...header, sizeBytes: content.length }),
    content,
    tarPadding(content.length),
  ]);
  return Buffer.concat([...parts, tarEnd]);
}

function block(entry: TarHeader, typeFlag: string): Uint8Array {
  const header = Buffer.alloc(blockBytes);
  const octal = (value: number, at: number, length: number) =>
    header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
  // A name cut here is whole in the pax header before.
  header.write(entry.path, 0, 100);
  octal(entry.mode, 100, 8);
  octal(entry.uid ?? 0, 108, 8);
  octal(entry.gid ?? 0, 116, 8);
  octal(entry.sizeBytes ?? 0, 124, 12);
  octal(0, 136, 12);
  header.write(' '.repeat(8), 148, 'latin1');
  header.write(typeFlag, 156, 'latin1');
  header.write(entry.linkTarget ?? '', 157, 100);
  header.write('ustar\x0000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

/** The record's length counts the digits of the length itself. */
function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}
