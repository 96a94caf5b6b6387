// A bounded pipe of bytes from one writer to one reader, with backpressure and cancellation.

/** Bytes that may wait unread before `write` asks the writer to pause. */
export const channelBytesMax = 256 * 1024;

const encoder = new TextEncoder();

/** What `ByteChannel` tells the writer's side. */
export interface ByteChannelOptions {
  /** The reader has taken `bytes`; a remote writer may send as many more. */
  readonly onRead?: (bytes: number) => void;
  /** The reader left before the end. */
  readonly onCancel?: () => void;
}

/** Single writer, single reader. Reading after `fail` first gives what was written before. */
export class ByteChannel implements AsyncIterable<Uint8Array> {
  readonly #options: ByteChannelOptions;
  readonly #chunks: Uint8Array[] = [];
  #bufferedBytes = 0;
  #ended = false;
  #error: unknown;
  #cancelled = false;
  #wakeReader: (() => void) | undefined;
  #drained: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined;

  constructor(options: ByteChannelOptions = {}) {
    this.#options = options;
  }

  /** Bytes written and not yet read. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** Returns a promise when the writer should wait; rejects (or throws) once the reader is gone. */
  write(chunk: Uint8Array | string): Promise<void> | undefined {
    if (this.#cancelled || this.#ended) throw new Error('cannot write: the reader is gone');
    const bytes = typeof chunk === 'string' ? encoder.encode(chunk) : chunk;
    if (bytes.byteLength === 0) return undefined;
    this.#chunks.push(bytes);
    this.#bufferedBytes += bytes.byteLength;
    this.#wake();
    if (this.#bufferedBytes <= channelBytesMax) return undefined;
    return new Promise((resolve, reject) => {
      this.#drained = { resolve, reject };
    });
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** Ends with an error that the reader gets after the bytes already written. */
  fail(error: unknown): void {
    if (this.#ended) return;
    this.#error = error;
    this.#drained?.reject(new Error('cannot write: the reader is gone'));
    this.#drained = undefined;
    this.end();
  }

  /** The reader leaves: waiting and later writes fail. */
  cancel(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.#chunks.length = 0;
    this.#bufferedBytes = 0;
    this.#drained?.reject(new Error('cannot write: the reader is gone'));
    this.#drained = undefined;
    this.#wake();
    if (!this.#ended) this.#options.onCancel?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const chunk = this.#chunks.shift();
        if (chunk !== undefined) {
          this.#bufferedBytes -= chunk.byteLength;
          this.#options.onRead?.(chunk.byteLength);
          if (this.#bufferedBytes <= channelBytesMax / 2) {
            this.#drained?.resolve();
            this.#drained = undefined;
          }
          yield chunk;
        } else if (this.#ended || this.#cancelled) {
          if (this.#error !== undefined) throw this.#error;
          return;
        } else {
          await new Promise<void>((resolve) => {
            this.#wakeReader = resolve;
          });
        }
      }
    } finally {
      this.cancel();
    }
  }

  #wake(): void {
    const wake = this.#wakeReader;
    this.#wakeReader = undefined;
    wake?.();
  }
}

/** The error that an aborted request rejects with. */
export function abortError(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new Error('the request was aborted');
}
