// SPDY/3 header blocks: name/value pairs inside one zlib stream per direction of a connection.
import { constants, inflateRawSync } from 'node:zlib';
import { headerDictionary, headerDictionaryId } from './dictionary.ts';
import { SpdyProtocolError } from './frames.ts';

/** Lower-case names; several values of one name are joined with `, ` when they are read. */
export type SpdyHeaders = Readonly<Record<string, string>>;

const headerBytesMax = 256 * 1024;
const headerPairsMax = 1024;
const windowBytes = 32 * 1024;
const storedBytesMax = 0xffff;

/**
 * Writes blocks as stored (uncompressed) deflate blocks: valid zlib that any peer inflates, with
 * no compression state to keep and nothing for CRIME to measure; these headers are tiny anyhow.
 */
export class HeaderEncoder {
  #isFirst = true;

  encode(headers: SpdyHeaders): Buffer {
    const pieces: Buffer[] = [];
    if (this.#isFirst) {
      // CMF and FLG (32 KiB window, preset dictionary), then the dictionary's id.
      const start = Buffer.from([0x78, 0x20, 0, 0, 0, 0]);
      start.writeUInt32BE(headerDictionaryId, 2);
      pieces.push(start);
      this.#isFirst = false;
    }
    const block = nameValueBlock(headers);
    for (let from = 0; from < block.length; from += storedBytesMax) {
      const piece = block.subarray(from, from + storedBytesMax);
      pieces.push(storedHeader(piece.length), piece);
    }
    // The empty block of a sync flush: Go's inflater gives nothing out before it.
    pieces.push(storedHeader(0));
    return Buffer.concat(pieces);
  }
}

/**
 * Reads blocks. Every block ends with a sync flush, on a whole byte, so each is inflated alone
 * with the last 32 KiB of what came before (at first, the dictionary) as its window.
 */
export class HeaderDecoder {
  #isFirst = true;
  #window: Buffer = headerDictionary();

  /** @throws SpdyProtocolError */
  decode(block: Uint8Array): SpdyHeaders {
    let deflated = block;
    if (this.#isFirst) {
      deflated = block.subarray(zlibHeaderBytes(block));
      this.#isFirst = false;
    }
    let plain: Buffer;
    try {
      plain = inflateRawSync(deflated, {
        dictionary: this.#window,
        finishFlush: constants.Z_SYNC_FLUSH,
        maxOutputLength: headerBytesMax,
      });
    } catch (error) {
      throw new SpdyProtocolError('cannot inflate a header block', { cause: error });
    }
    this.#window = Buffer.concat([this.#window, plain]).subarray(-windowBytes);
    return parseNameValueBlock(plain);
  }
}

function zlibHeaderBytes(block: Uint8Array): number {
  const [method = 0, flags = 0] = block;
  if (block.length < 2 || (method & 0x0f) !== 8 || ((method << 8) | flags) % 31 !== 0) {
    throw new SpdyProtocolError('a header block is not a zlib stream');
  }
  if ((flags & 0x20) === 0) return 2;
  const id = Buffer.from(block.subarray(2, 6));
  if (id.length < 4 || id.readUInt32BE() !== headerDictionaryId) {
    throw new SpdyProtocolError('a header block uses an unknown dictionary');
  }
  return 6;
}

function storedHeader(length: number): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt16LE(length, 1);
  header.writeUInt16LE(length ^ 0xffff, 3);
  return header;
}

function nameValueBlock(headers: SpdyHeaders): Buffer {
  const entries = Object.entries(headers);
  const pieces = [uint32(entries.length)];
  for (const [name, value] of entries) {
    for (const text of [name.toLowerCase(), value]) {
      const bytes = Buffer.from(text);
      pieces.push(uint32(bytes.length), bytes);
    }
  }
  return Buffer.concat(pieces);
}

function parseNameValueBlock(plain: Buffer): SpdyHeaders {
  let at = 0;
  const number = () => {
    if (at + 4 > plain.length) throw new SpdyProtocolError('a header block is cut short');
    at += 4;
    return plain.readUInt32BE(at - 4);
  };
  const text = () => {
    const length = number();
    if (at + length > plain.length) throw new SpdyProtocolError('a header block is cut short');
    at += length;
    return plain.toString('utf8', at - length, at);
  };
  const pairs = number();
  if (pairs > headerPairsMax) throw new SpdyProtocolError('a header block has too many names');
  const headers = new Map<string, string>();
  for (let i = 0; i < pairs; i++) {
    const name = text();
    if (name === '' || headers.has(name)) {
      throw new SpdyProtocolError('a header block has an empty or repeated name');
    }
    headers.set(name, text().replaceAll('\0', ', '));
  }
  return Object.fromEntries(headers);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
