// Walks the fields of protobuf messages; every read checks its bounds, in gogo's words.
import { canonicalQuantity, QuantityError } from '../../../quantity.ts';
import { parseDocument } from '../json.ts';
import { scalarReaders } from '../scalars.ts';

/** The body is not what its media type says; messages are those of Go's decoders. */
export class ProtobufError extends Error {}

/** How deeply messages may nest; no object comes near, and none may exhaust the stack. */
export const messageDepthMax = 200;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const zeroTime = '0001-01-01T00:00:00';

function isoSeconds(seconds: number): string {
  const date = new Date(seconds * 1000);
  const year = date.getUTCFullYear();
  if (!(year >= 0 && year <= 9999)) throw new ProtobufError('proto: time out of range');
  return date.toISOString().slice(0, 19);
}

export class WireReader {
  readonly bytes: Uint8Array;
  readonly #buffer: Buffer;
  readonly #text: string;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#text = this.#buffer.toString('latin1');
    this.at = at;
  }

  /** The next field's `number << 3 | wire type`. */
  tag(end: number): number {
    const byte = this.bytes[this.at] ?? 0x80;
    if (byte >= 0x80 || this.at >= end) return this.#longTag(end);
    this.at++;
    return byte;
  }

  #longTag(end: number): number {
    const tag = this.#unsigned(end);
    // Go takes the number as an int32 and the rest of the varint for nothing.
    return tag > 0xffff_ffff ? tag % 0x1_0000_0000 : tag;
  }

  /** A varint as a number; only its order of magnitude is right past 2^53. */
  #unsigned(end: number): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 10; count++) {
      if (this.at >= end) throw new ProtobufError('unexpected EOF');
      const byte = this.bytes[this.at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
    throw new ProtobufError('proto: integer overflow');
  }

  /** Where the chunk ends whose length comes next. */
  chunk(end: number): number {
    const length = this.#unsigned(end);
    if (length >= 2 ** 63) {
      throw new ProtobufError('proto: negative length found during unmarshaling');
    }
    const chunkEnd = this.at + length;
    if (chunkEnd > end) throw new ProtobufError('unexpected EOF');
    return chunkEnd;
  }

  int64(end: number): number | bigint {
    const start = this.at;
    const value = this.#unsigned(end);
    if (value <= Number.MAX_SAFE_INTEGER) return value;
    let exact = 0n;
    for (let at = this.at - 1; at >= start; at--) {
      exact = (exact << 7n) | BigInt((this.bytes[at] ?? 0) & 0x7f);
    }
    const signed = BigInt.asIntN(64, exact);
    const plain = Number(signed);
    return Number.isSafeInteger(plain) ? plain : signed;
  }

  int32(end: number): number {
    const value = this.int64(end);
    return typeof value === 'number' && value === (value | 0)
      ? value
      : Number(BigInt.asIntN(32, BigInt(value)));
  }

  bool(end: number): boolean {
    return this.int64(end) !== 0;
  }

  double(end: number): number {
    if (this.at + 8 > end) throw new ProtobufError('unexpected EOF');
    const value = this.#buffer.readDoubleLE(this.at);
    this.at += 8;
    if (!Number.isFinite(value)) throw new ProtobufError('json: unsupported value');
    return value;
  }

  /** The rest of a chunk as text; bytes that are no UTF-8 are replaced, as JSON would show them. */
  string(chunkEnd: number): string {
    const start = this.at;
    this.at = chunkEnd;
    const { bytes } = this;
    let all = 0;
    for (let at = start; at < chunkEnd; at++) all |= bytes[at] ?? 0;
    if (all < 0x80) return this.#text.slice(start, chunkEnd);
    return decoder.decode(bytes.subarray(start, chunkEnd));
  }

  base64(chunkEnd: number): string {
    const start = this.at;
    this.at = chunkEnd;
    return this.#buffer.toString('base64', start, chunkEnd);
  }

  quantity(chunkEnd: number): string {
    let amount = '0';
    while (this.at < chunkEnd) {
      const tag = this.tag(chunkEnd);
      if (tag !== 0x0a) {
        this.skip(tag, chunkEnd);
        continue;
      }
      const text = this.string(this.chunk(chunkEnd));
      try {
        amount = canonicalQuantity(text);
      } catch (error) {
        if (error instanceof QuantityError) throw new ProtobufError(error.message);
        throw error;
      }
    }
    return amount;
  }

  intOrString(chunkEnd: number): number | string {
    let isText = false;
    let integer = 0;
    let text = '';
    while (this.at < chunkEnd) {
      const tag = this.tag(chunkEnd);
      if (tag === 0x08) isText = this.bool(chunkEnd);
      else if (tag === 0x10) integer = this.int32(chunkEnd);
      else if (tag === 0x1a) text = this.string(this.chunk(chunkEnd));
      else this.skip(tag, chunkEnd);
    }
    return isText ? text : integer;
  }

  /** Go takes no fractions of a second from a metav1.Time. */
  time(chunkEnd: number): string | null {
    const instant = this.#instant(chunkEnd);
    if (instant === undefined) return null;
    const whole = isoSeconds(instant.seconds);
    return whole === zeroTime ? null : `${whole}Z`;
  }

  microTime(chunkEnd: number): string | null {
    const instant = this.#instant(chunkEnd);
    if (instant === undefined) return null;
    // What is more than a second is carried over.
    const carried = Math.floor(instant.nanoseconds / 1e9);
    const whole = isoSeconds(instant.seconds + carried);
    const micros = Math.floor((instant.nanoseconds - carried * 1e9) / 1000);
    if (whole === zeroTime && micros === 0) return null;
    return `${whole}.${String(micros).padStart(6, '0')}Z`;
  }

  #instant(chunkEnd: number): { seconds: number; nanoseconds: number } | undefined {
    if (this.at === chunkEnd) return undefined;
    const instant = { seconds: 0, nanoseconds: 0 };
    while (this.at < chunkEnd) {
      const tag = this.tag(chunkEnd);
      if (tag === 0x08) instant.seconds = Number(this.int64(chunkEnd));
      else if (tag === 0x10) instant.nanoseconds = this.int32(chunkEnd);
      else this.skip(tag, chunkEnd);
    }
    return instant;
  }

  /** JSON inside of a message; null when there is none. */
  json(chunkEnd: number): unknown {
    let text = '';
    while (this.at < chunkEnd) {
      const tag = this.tag(chunkEnd);
      if (tag === 0x0a) text = this.string(this.chunk(chunkEnd));
      else this.skip(tag, chunkEnd);
    }
    if (text === '') return null;
    try {
      return scalarReaders.raw(parseDocument(text).value);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new ProtobufError('an embedded object is not JSON', { cause: error });
    }
  }

  /** Passes over a field that nobody knows, groups and all. */
  skip(tag: number, end: number): void {
    let depth = 0;
    for (let next = tag; ; next = this.tag(end)) {
      if (next < 8) throw new ProtobufError(`proto: illegal tag 0 (wire type ${next})`);
      const wire = next & 7;
      if (wire === 0) this.#unsigned(end);
      else if (wire === 1) this.#pass(8, end);
      else if (wire === 2) this.at = this.chunk(end);
      else if (wire === 3) depth++;
      else if (wire === 5) this.#pass(4, end);
      else if (wire !== 4) throw new ProtobufError(`proto: illegal wireType ${wire}`);
      else if (depth === 0) throw new ProtobufError('proto: unexpected end of group');
      else depth--;
      if (depth === 0) return;
    }
  }

  #pass(size: number, end: number): void {
    this.at += size;
    if (this.at > end) throw new ProtobufError('unexpected EOF');
  }

  /** A reader over pieces of this one, which together are one message. */
  joined(spans: readonly number[]): WireReader {
    let size = 0;
    for (let at = 0; at < spans.length; at += 2) size += (spans[at + 1] ?? 0) - (spans[at] ?? 0);
    const whole = new Uint8Array(size);
    let filled = 0;
    for (let at = 0; at < spans.length; at += 2) {
      const [start = 0, end = 0] = [spans[at], spans[at + 1]];
      // A client may send a million pieces without a byte in them.
      if (start === end) continue;
      whole.set(this.bytes.subarray(start, end), filled);
      filled += end - start;
    }
    return new WireReader(whole);
  }
}
