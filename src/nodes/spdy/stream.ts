// One SPDY stream as a Duplex: each side ends by itself, and a slow reader holds the peer back.
import { Duplex } from 'node:stream';
import type { SpdyHeaders } from './headers.ts';

/** Bytes that wait for a slow reader before the whole connection is held back. */
const readBufferBytes = 256 * 1024;

/** What a stream needs of its connection. */
export interface StreamWire {
  data(stream: SpdyStream, chunk: Uint8Array, sent: () => void): void;
  finish(stream: SpdyStream): void;
  reset(stream: SpdyStream, status: 'cancel' | 'refusedStream'): void;
  /** The reader wants more. */
  wanted(stream: SpdyStream): void;
  /** Nothing more will come of this stream. */
  closed(stream: SpdyStream): void;
}

/** A stream of a SpdyConnection; `end()` closes our side only, `destroy()` resets both. */
export class SpdyStream extends Duplex {
  readonly streamId: number;
  /** What the opener sent with it. */
  readonly headers: SpdyHeaders;
  readonly #wire: StreamWire;
  #remoteEnded: boolean;
  #localEnded: boolean;
  #wasReset = false;
  #isReplied = false;
  #onReply: (() => void) | undefined;
  #verdict: Promise<Error | undefined> | undefined;

  constructor(
    wire: StreamWire,
    streamId: number,
    headers: SpdyHeaders,
    state: { readonly localEnded: boolean; readonly remoteEnded: boolean },
  ) {
    super({ allowHalfOpen: true, readableHighWaterMark: readBufferBytes });
    this.streamId = streamId;
    this.headers = headers;
    this.#wire = wire;
    this.#localEnded = state.localEnded;
    this.#remoteEnded = state.remoteEnded;
    if (state.localEnded) this.end();
    if (state.remoteEnded) this.push(null);
  }

  /** Resolves when the peer has answered SYN_STREAM; rejects when it refuses or goes away. */
  replied(): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        this.off('close', settle);
        if (this.#isReplied) resolve();
        else reject(new Error('cannot open a stream: the peer refused it'));
      };
      if (this.#isReplied || this.#wasReset || this.destroyed) return settle();
      this.#onReply = settle;
      this.once('close', settle);
    });
  }

  /** Tells the peer that this stream is not wanted. */
  refuse(): void {
    if (!this.#wasReset) this.#wire.reset(this, 'refusedStream');
    this.#wasReset = true;
    this.destroy();
  }

  /** Reading ends only when `verdict` is there; an error in it ends the stream instead. */
  endAfter(verdict: Promise<Error | undefined>): void {
    this.#verdict = verdict;
  }

  /** The connection's side: SYN_REPLY came. */
  receiveReply(): void {
    this.#isReplied = true;
    this.#onReply?.();
  }

  /** The connection's side: bytes came. Gives false when the reader has enough for now. */
  receiveData(data: Uint8Array): boolean {
    if (this.#remoteEnded || this.destroyed || data.length === 0) return true;
    return this.push(data);
  }

  /** The connection's side: the peer will send no more. */
  receiveFin(): void {
    if (this.#remoteEnded) return;
    this.#remoteEnded = true;
    if (this.#verdict === undefined) this.push(null);
    else void this.#verdict.then((error) => (error ? this.destroy(error) : this.push(null)));
  }

  /**
   * The connection's side: RST_STREAM came, or the connection is gone. What was read stays
   * readable and then ends; what is still written goes nowhere (the reader is no more).
   */
  receiveReset(): void {
    if (this.#wasReset) return;
    this.#wasReset = true;
    this.#onReply?.();
    this.receiveFin();
    if (!this.writableEnded) this.end();
  }

  override _read(): void {
    this.#wire.wanted(this);
  }

  override _write(chunk: Uint8Array, _encoding: string, callback: () => void): void {
    if (this.#wasReset) callback();
    else this.#wire.data(this, chunk, callback);
  }

  override _final(callback: () => void): void {
    if (!this.#wasReset && !this.#localEnded) this.#wire.finish(this);
    this.#localEnded = true;
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    if (!this.#wasReset && !(this.#localEnded && this.#remoteEnded)) {
      this.#wasReset = true;
      this.#wire.reset(this, 'cancel');
    }
    this.#wire.closed(this);
    callback(error);
  }
}
