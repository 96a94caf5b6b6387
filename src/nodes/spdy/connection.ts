// A SPDY/3.1 connection over any Duplex, for either side, as Kubernetes' clients and servers use it.
import type { Duplex } from 'node:stream';
import { FrameReader } from './frame-reader.ts';
import {
  encodeDataHeader,
  encodeGoAway,
  encodePing,
  encodeRstStream,
  encodeSynReply,
  encodeSynStream,
  goAwayStatus,
  resetStatus,
  type SpdyFrame,
  SpdyProtocolError,
  streamIdMax,
} from './frames.ts';
import { HeaderDecoder, HeaderEncoder, type SpdyHeaders } from './headers.ts';
import { SpdyStream } from './stream.ts';

/** Streams open at once on one connection; port-forward takes two for each TCP connection. */
const streamsMax = 2048;
const dataFrameBytes = 64 * 1024;
/** Wall time for the peer to close its side once all of ours is sent. */
const closeTimeoutMs = 10_000;

export interface SpdyConnectionOptions {
  readonly side: 'client' | 'server';
  /** Bytes that were read from the socket after the HTTP upgrade. */
  readonly head?: Uint8Array;
  /** A stream that the peer opened; it is already answered. `refuse()` it if it is not wanted. */
  readonly onStream?: (stream: SpdyStream) => void;
}

/**
 * Flow control is the transport's, as in spdystream, which Kubernetes uses on both ends: nobody
 * sends WINDOW_UPDATE; a stream whose reader is slow stops the reading of the whole connection.
 */
export class SpdyConnection {
  /** Resolves when the socket is closed, whatever closed it. */
  readonly closed: Promise<void>;
  readonly #socket: Duplex;
  readonly #options: SpdyConnectionOptions;
  readonly #reader = new FrameReader();
  readonly #encoder = new HeaderEncoder();
  readonly #decoder = new HeaderDecoder();
  readonly #streams = new Map<number, SpdyStream>();
  readonly #full = new Set<SpdyStream>();
  #waiting: (() => void)[] = [];
  #nextId: number;
  #lastPeerId = 0;
  #isClosing = false;
  #error: Error | undefined;

  constructor(socket: Duplex, options: SpdyConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#nextId = options.side === 'client' ? 1 : 2;
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#gone();
        resolve();
      });
    });
    socket.on('error', (error) => {
      this.#error ??= error;
    });
    socket.on('drain', () => {
      for (const sent of this.#waiting.splice(0)) sent();
    });
    socket.on('end', () => {
      // The peer's whole side is done: no stream will get more.
      for (const stream of this.#streams.values()) stream.receiveReset();
      this.#endSocket();
    });
    socket.on('data', (chunk: Uint8Array) => this.#receive(chunk));
    if (options.head !== undefined && options.head.length > 0) this.#receive(options.head);
  }

  /** Why the connection broke; undefined while it works or when it was closed in order. */
  get error(): Error | undefined {
    return this.#error;
  }

  /**
   * Opens a stream.
   *
   * @param headers lower-case names
   * @param options.finish our side sends nothing on it
   */
  openStream(headers: SpdyHeaders, options: { readonly finish?: boolean } = {}): SpdyStream {
    if (this.#isClosing || this.#socket.destroyed) throw new Error('the connection is closed');
    if (this.#streams.size >= streamsMax || this.#nextId > streamIdMax) {
      throw new Error('too many streams on one connection');
    }
    const id = this.#nextId;
    this.#nextId += 2;
    const finish = options.finish === true;
    this.#socket.write(encodeSynStream(id, this.#encoder.encode(headers), finish));
    const state = { localEnded: finish, remoteEnded: false };
    const stream = new SpdyStream(this.#wire, id, headers, state);
    this.#streams.set(id, stream);
    return stream;
  }

  /** Sends what is written, says goodbye and closes the socket. */
  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    if (this.#socket.destroyed) return;
    this.#socket.write(encodeGoAway(this.#lastPeerId, goAwayStatus.ok));
    this.#endSocket();
  }

  /** Closes the socket at once. */
  destroy(): void {
    this.#isClosing = true;
    this.#socket.destroy();
  }

  #receive(chunk: Uint8Array): void {
    try {
      for (const frame of this.#reader.push(chunk)) this.#handle(frame);
    } catch (error) {
      if (!(error instanceof SpdyProtocolError)) throw error;
      this.#error = error;
      this.#isClosing = true;
      this.#socket.write(encodeGoAway(this.#lastPeerId, goAwayStatus.protocolError));
      this.#socket.destroy();
    }
  }

  #handle(frame: SpdyFrame): void {
    switch (frame.type) {
      case 'synStream':
        this.#accept(frame);
        return;
      case 'synReply':
      case 'headers': {
        // Decoded whatever the stream: the inflater's state is the connection's.
        this.#decoder.decode(frame.block);
        const stream = this.#streams.get(frame.streamId);
        if (frame.type === 'synReply') stream?.receiveReply();
        if (frame.fin) stream?.receiveFin();
        return;
      }
      case 'data': {
        const stream = this.#streams.get(frame.streamId);
        if (stream === undefined) return;
        if (!stream.receiveData(frame.data)) this.#hold(stream);
        if (frame.fin) stream.receiveFin();
        return;
      }
      case 'rstStream':
        this.#streams.get(frame.streamId)?.receiveReset();
        return;
      case 'ping': {
        const isTheirs = frame.id % 2 === (this.#options.side === 'client' ? 0 : 1);
        if (isTheirs) this.#socket.write(encodePing(frame.id));
        return;
      }
      case 'goAway':
        // Streams that are open go on; the peer closes the socket when it has done with them.
        this.#isClosing = true;
        return;
      default:
        // SETTINGS and WINDOW_UPDATE: nobody here limits anything by them.
        return;
    }
  }

  #accept(frame: Extract<SpdyFrame, { type: 'synStream' }>): void {
    const headers = this.#decoder.decode(frame.block);
    const { streamId } = frame;
    const isTheirs = streamId % 2 === (this.#options.side === 'client' ? 0 : 1);
    if (!isTheirs || streamId <= this.#lastPeerId) {
      throw new SpdyProtocolError(`the peer may not open stream ${streamId}`);
    }
    this.#lastPeerId = streamId;
    const { onStream } = this.#options;
    if (onStream === undefined || this.#isClosing || this.#streams.size >= streamsMax) {
      this.#socket.write(encodeRstStream(streamId, resetStatus.refusedStream));
      return;
    }
    const state = { localEnded: frame.unidirectional, remoteEnded: frame.fin };
    const stream = new SpdyStream(this.#wire, streamId, headers, state);
    this.#streams.set(streamId, stream);
    this.#socket.write(encodeSynReply(streamId, this.#encoder.encode({}), false));
    onStream(stream);
  }

  readonly #wire = {
    data: (stream: SpdyStream, chunk: Uint8Array, sent: () => void): void => {
      if (this.#socket.destroyed || this.#socket.writableEnded) {
        sent();
        return;
      }
      let isFull = false;
      for (let from = 0; from < chunk.length; from += dataFrameBytes) {
        const piece = chunk.subarray(from, from + dataFrameBytes);
        this.#socket.write(encodeDataHeader(stream.streamId, piece.length, false));
        isFull = !this.#socket.write(piece);
      }
      if (isFull) this.#waiting.push(sent);
      else sent();
    },
    finish: (stream: SpdyStream): void => {
      this.#send(encodeDataHeader(stream.streamId, 0, true));
    },
    reset: (stream: SpdyStream, status: 'cancel' | 'refusedStream'): void => {
      this.#send(encodeRstStream(stream.streamId, resetStatus[status]));
    },
    wanted: (stream: SpdyStream): void => this.#release(stream),
    closed: (stream: SpdyStream): void => {
      this.#streams.delete(stream.streamId);
      this.#release(stream);
    },
  };

  #send(frame: Buffer): void {
    if (!this.#socket.destroyed && !this.#socket.writableEnded) this.#socket.write(frame);
  }

  /** Sends what is left; a peer that then never closes is cut off. */
  #endSocket(): void {
    this.#socket.end();
    const timer = setInterval(() => {
      if (this.#socket.writableLength === 0) this.#socket.destroy();
    }, closeTimeoutMs);
    timer.unref();
    void this.closed.then(() => clearInterval(timer));
  }

  #hold(stream: SpdyStream): void {
    this.#full.add(stream);
    this.#socket.pause();
  }

  #release(stream: SpdyStream): void {
    if (this.#full.delete(stream) && this.#full.size === 0) this.#socket.resume();
  }

  #gone(): void {
    this.#isClosing = true;
    for (const sent of this.#waiting.splice(0)) sent();
    for (const stream of [...this.#streams.values()]) stream.receiveReset();
    this.#full.clear();
  }
}
