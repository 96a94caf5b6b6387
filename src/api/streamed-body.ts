// The body of an answer as it comes piece by piece, over HTTP/1.1 chunks or an HTTP/2 stream.
import type { ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import type { BodyWriter } from './request.ts';

/** Larger pieces are a list's: nobody shares those, and copying them costs more than it saves. */
const sharedBytesMax = 16 * 1024;

/** Waits for drain, fails once the client is gone. */
export class StreamedBody implements BodyWriter {
  readonly #response: ServerResponse;
  readonly #chunks: SharedChunks;

  constructor(response: ServerResponse, chunks: SharedChunks) {
    this.#response = response;
    this.#chunks = chunks;
  }

  write(piece: Uint8Array | string): Promise<void> | undefined {
    const response = this.#response;
    if (response.destroyed) return Promise.reject(new Error('the client is gone'));
    const { socket } = response;
    // What the response holds back itself, its head at first, must leave before.
    const direct = response.chunkedEncoding && socket !== null && response.writableLength === 0;
    if (direct && typeof piece !== 'string' && isShared(piece)) {
      return socket.write(this.#chunks.of(piece)) ? undefined : this.#drained(socket);
    }
    return response.write(piece) ? undefined : this.#drained(response);
  }

  #drained(full: Writable): Promise<void> {
    const response = this.#response;
    return new Promise((resolve, reject) => {
      const drained = () => {
        response.removeListener('close', closed);
        resolve();
      };
      const closed = () => {
        full.removeListener('drain', drained);
        reject(new Error('the client is gone'));
      };
      full.once('drain', drained);
      response.once('close', closed);
    });
  }
}

/** One without bytes would end the whole body. */
function isShared(piece: Uint8Array): boolean {
  return piece.byteLength > 0 && piece.byteLength <= sharedBytesMax;
}

/**
 * Pieces with the size and the end around them that HTTP/1.1 wants. Node's own `write` makes three
 * writes of each, which cost more than the rest where one event goes to a thousand watchers: they
 * all get the same piece, and so share its chunk. A piece must not change any more.
 */
export class SharedChunks {
  readonly #chunks = new WeakMap<Uint8Array, Uint8Array>();

  of(piece: Uint8Array): Uint8Array {
    const known = this.#chunks.get(piece);
    if (known !== undefined) return known;
    const head = `${piece.byteLength.toString(16)}\r\n`;
    const chunk = Buffer.allocUnsafe(head.length + piece.byteLength + 2);
    chunk.write(head, 0, 'latin1');
    chunk.set(piece, head.length);
    chunk.write('\r\n', head.length + piece.byteLength, 'latin1');
    this.#chunks.set(piece, chunk);
    return chunk;
  }
}
