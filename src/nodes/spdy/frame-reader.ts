// Cuts a byte stream into SPDY/3.1 frames; control frames whole, data frames as their bytes come.
import {
  flagFin,
  flagUnidirectional,
  frameHeaderBytes,
  frameType,
  type SpdyFrame,
  SpdyProtocolError,
  streamIdMax,
} from './frames.ts';

/** A control frame longer than this is an attack: ours are a few hundred bytes. */
const controlBytesMax = 128 * 1024;
const settingsMax = 1024;

interface OpenData {
  readonly streamId: number;
  readonly fin: boolean;
  remaining: number;
}

export class FrameReader {
  #buffered: Buffer[] = [];
  #bufferedBytes = 0;
  #data: OpenData | undefined;

  /**
   * The frames that `chunk` completes, in order.
   *
   * @throws SpdyProtocolError; the reader is of no use afterwards
   */
  *push(chunk: Uint8Array): Generator<SpdyFrame, void, undefined> {
    this.#buffered.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length));
    this.#bufferedBytes += chunk.length;
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) {
      if (frame !== 'skip') yield frame;
    }
  }

  #next(): SpdyFrame | 'skip' | undefined {
    if (this.#data !== undefined) return this.#nextData(this.#data);
    if (this.#bufferedBytes < frameHeaderBytes) return undefined;
    const header = this.#peek(frameHeaderBytes);
    const first = header.readUInt32BE(0);
    const flags = header.readUInt8(4);
    const length = header.readUInt32BE(4) & 0xffffff;
    if (first >>> 31 === 0) {
      this.#take(frameHeaderBytes);
      if (first === 0) throw new SpdyProtocolError('a data frame names stream 0');
      const fin = (flags & flagFin) !== 0;
      if (length === 0) return { type: 'data', streamId: first, data: Buffer.alloc(0), fin };
      this.#data = { streamId: first, fin, remaining: length };
      return 'skip';
    }
    const version = (first >>> 16) & 0x7fff;
    if (version !== 3) throw new SpdyProtocolError(`SPDY version ${version} is not spoken here`);
    if (length > controlBytesMax) throw new SpdyProtocolError('a control frame is too long');
    if (this.#bufferedBytes < frameHeaderBytes + length) return undefined;
    this.#take(frameHeaderBytes);
    return parseControl(first & 0xffff, flags, this.#take(length));
  }

  #nextData(open: OpenData): SpdyFrame | undefined {
    const [chunk] = this.#buffered;
    if (chunk === undefined) return undefined;
    const data = this.#take(Math.min(chunk.length, open.remaining));
    open.remaining -= data.length;
    const isLast = open.remaining === 0;
    if (isLast) this.#data = undefined;
    return { type: 'data', streamId: open.streamId, data, fin: isLast && open.fin };
  }

  #peek(length: number): Buffer {
    const [first] = this.#buffered;
    if (first !== undefined && first.length >= length) return first.subarray(0, length);
    const whole = Buffer.concat(this.#buffered);
    this.#buffered = [whole];
    return whole.subarray(0, length);
  }

  #take(length: number): Buffer {
    const taken = this.#peek(length);
    const [first] = this.#buffered;
    if (first !== undefined) {
      if (first.length === length) this.#buffered.shift();
      else this.#buffered[0] = first.subarray(length);
    }
    this.#bufferedBytes -= length;
    return taken;
  }
}

function parseControl(type: number, flags: number, payload: Buffer): SpdyFrame | 'skip' {
  const word = (at: number) => {
    if (at + 4 > payload.length) throw new SpdyProtocolError('a control frame is cut short');
    return payload.readUInt32BE(at);
  };
  const id = (at: number) => word(at) & streamIdMax;
  const stream = () => {
    const streamId = id(0);
    if (streamId === 0) throw new SpdyProtocolError('a control frame names stream 0');
    return streamId;
  };
  const fin = (flags & flagFin) !== 0;
  switch (type) {
    case frameType.synStream:
      if (payload.length < 10) throw new SpdyProtocolError('a SYN_STREAM is cut short');
      return {
        type: 'synStream',
        streamId: stream(),
        associatedId: id(4),
        priority: payload.readUInt8(8) >>> 5,
        fin,
        unidirectional: (flags & flagUnidirectional) !== 0,
        block: payload.subarray(10),
      };
    case frameType.synReply:
      return { type: 'synReply', streamId: stream(), fin, block: payload.subarray(4) };
    case frameType.headers:
      return { type: 'headers', streamId: stream(), fin, block: payload.subarray(4) };
    case frameType.rstStream:
      return { type: 'rstStream', streamId: stream(), status: word(4) };
    case frameType.settings:
      return { type: 'settings', settings: parseSettings(word) };
    case frameType.ping:
      return { type: 'ping', id: word(0) };
    case frameType.goAway:
      return { type: 'goAway', lastStreamId: id(0), status: word(4) };
    case frameType.windowUpdate:
      return { type: 'windowUpdate', streamId: id(0), delta: id(4) };
    default:
      // The protocol says that unknown control frames are ignored.
      return 'skip';
  }
}

function parseSettings(word: (at: number) => number): { id: number; value: number }[] {
  const count = word(0);
  if (count > settingsMax) throw new SpdyProtocolError('a SETTINGS frame has too many entries');
  return Array.from({ length: count }, (_, i) => ({
    id: word(4 + i * 8) & 0xffffff,
    value: word(8 + i * 8),
  }));
}
