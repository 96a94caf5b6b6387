// Reads tar archives as streams: ustar with pax headers and GNU long names, one entry at a time.

/** The bytes are no tar archive, or a broken one; the message says in which way. */
export class TarError extends Error {}

export interface TarReaderEntry {
  /** As written in the archive, without a leading `./` or `/` and without a trailing `/`. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'link' | 'other';
  readonly sizeBytes: number;
  /** Where a symlink or hard link points, as written. */
  readonly linkTarget: string;
  /** The content of a file; what is not read of it is skipped. Valid until the next entry. */
  readonly body: AsyncIterable<Uint8Array>;
}

const blockBytes = 512;
/** Pax records and long names of one entry; real ones take a few hundred bytes. */
const extensionBytesMax = 1024 * 1024;

const types: Readonly<Record<string, TarReaderEntry['type']>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'link',
  '2': 'symlink',
  '5': 'directory',
};

/**
 * The entries of `source` in their order; ends at the archive's end mark or with the source.
 *
 * @throws TarError
 */
export async function* readTar(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarReaderEntry> {
  const bytes = new ByteReader(source);
  try {
    // What extension headers say of the next entry, and what global ones say of all.
    const global = new Map<string, string>();
    let extended = new Map<string, string>();
    for (;;) {
      const block = await bytes.read(blockBytes);
      if (block === undefined || block.every((byte) => byte === 0)) return;
      const header = parseHeader(block);
      if ('xgLK'.includes(header.type)) {
        const value = await readExtension(bytes, header.sizeBytes);
        if (header.type === 'x') for (const [k, v] of paxRecords(value)) extended.set(k, v);
        else if (header.type === 'g') for (const [k, v] of paxRecords(value)) global.set(k, v);
        else extended.set(header.type === 'L' ? 'path' : 'linkpath', cString(value));
        continue;
      }
      const said = new Map([...global, ...extended]);
      extended = new Map();
      const sizeBytes = sizeOf(said.get('size'), header.sizeBytes);
      const type = types[header.type] ?? 'other';
      // Links and directories have no content even where a size is written.
      const contentBytes = type === 'file' || type === 'other' ? sizeBytes : 0;
      const end = bytes.position + Math.ceil(contentBytes / blockBytes) * blockBytes;
      yield {
        path: tidyPath(said.get('path') ?? header.path),
        type,
        sizeBytes: contentBytes,
        linkTarget: said.get('linkpath') ?? header.linkTarget,
        body: bytes.take(contentBytes),
      };
      // What the consumer left, and the padding of the last block.
      await bytes.skip(end - bytes.position);
    }
  } finally {
    await bytes.close();
  }
}

interface Header {
  readonly path: string;
  readonly type: string;
  readonly sizeBytes: number;
  readonly linkTarget: string;
}

function parseHeader(block: Buffer): Header {
  const written = Number.parseInt(cString(block.subarray(148, 156)).trim(), 8);
  let sum = 8 * 0x20;
  for (let at = 0; at < blockBytes; at++) if (at < 148 || at >= 156) sum += block[at] ?? 0;
  if (written !== sum) throw new TarError('it is not a tar archive');
  const name = cString(block.subarray(0, 100));
  const ustar = block.subarray(257, 263).toString('latin1') === 'ustar\0';
  const prefix = ustar ? cString(block.subarray(345, 500)) : '';
  return {
    path: prefix === '' ? name : `${prefix}/${name}`,
    type: String.fromCharCode(block[156] ?? 0),
    sizeBytes: parseNumber(block.subarray(124, 136)),
    linkTarget: cString(block.subarray(157, 257)),
  };
}

/** Octal text, or GNU's base-256 for what does not fit. */
function parseNumber(field: Buffer): number {
  if (((field[0] ?? 0) & 0x80) === 0) return sizeOf(cString(field).trim() || '0', 0, 8);
  let value = BigInt((field[0] ?? 0) & 0x7f);
  for (const byte of field.subarray(1)) value = value * 256n + BigInt(byte);
  return sizeOf(String(value), 0);
}

function sizeOf(text: string | undefined, otherwise: number, radix: 8 | 10 = 10): number {
  if (text === undefined) return otherwise;
  const value = /^\d+$/.test(text) ? Number.parseInt(text, radix) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new TarError('an entry of the archive has a bad size');
  return value;
}

/** Records `LENGTH KEY=VALUE\n`, the length counting the whole record. */
function* paxRecords(value: Buffer): Generator<[string, string]> {
  for (let at = 0; at < value.length; ) {
    const space = value.indexOf(0x20, at);
    const length = Number(value.subarray(at, space).toString('latin1'));
    const record = value.subarray(space + 1, at + length - 1).toString();
    const equals = record.indexOf('=');
    if (space < 0 || !(length > 0) || at + length > value.length || equals < 0) {
      throw new TarError('an extended header of the archive is broken');
    }
    yield [record.slice(0, equals), record.slice(equals + 1)];
    at += length;
  }
}

async function readExtension(bytes: ByteReader, sizeBytes: number): Promise<Buffer> {
  if (sizeBytes > extensionBytesMax) {
    throw new TarError('an extended header of the archive is too long');
  }
  const padded = Math.ceil(sizeBytes / blockBytes) * blockBytes;
  return ((await bytes.read(padded)) ?? Buffer.alloc(0)).subarray(0, sizeBytes);
}

function cString(field: Buffer): string {
  const end = field.indexOf(0);
  return field.subarray(0, end < 0 ? field.length : end).toString();
}

function tidyPath(path: string): string {
  return path.replace(/^(?:\.?\/)+/, '').replace(/\/+$/, '');
}

/** Gives a stream's bytes in the pieces that a format wants. */
class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Buffer = Buffer.alloc(0);
  /** Bytes given so far. */
  position = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  /** Exactly `length` bytes; undefined at the stream's end. For small lengths only. */
  async read(length: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = [];
    for (let missing = length; missing > 0; ) {
      const part = await this.#next(missing);
      if (part === undefined) {
        if (missing === length) return undefined;
        throw truncated();
      }
      parts.push(part);
      missing -= part.length;
    }
    return parts.length === 1 ? parts[0] : Buffer.concat(parts);
  }

  async *take(length: number): AsyncGenerator<Uint8Array> {
    for (let missing = length; missing > 0; ) {
      const part = await this.#next(missing);
      if (part === undefined) throw truncated();
      missing -= part.length;
      yield part;
    }
  }

  async skip(length: number): Promise<void> {
    for await (const _ of this.take(length));
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #next(lengthMax: number): Promise<Buffer | undefined> {
    while (this.#rest.length === 0) {
      const { done, value } = await this.#chunks.next();
      if (done === true) return undefined;
      this.#rest = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    }
    const part = this.#rest.subarray(0, lengthMax);
    this.#rest = this.#rest.subarray(part.length);
    this.position += part.length;
    return part;
  }
}

function truncated(): TarError {
  return new TarError('the archive ends in the middle of an entry');
}
