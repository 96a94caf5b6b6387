// Gathers the parts of a large answer into chunks of one size, each copied once.
import type { Piece } from './representation.ts';

/** Takes bytes of an answer; what it returns resolves when more may come, or rejects. */
export type ChunkWriter = (chunk: Uint8Array) => Promise<void> | undefined;

/** Lets the event loop do what else there is. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export class ChunkBuffer {
  readonly #size: number;
  #buffer: Buffer;
  #length = 0;
  #full: Uint8Array[] = [];

  constructor(size: number) {
    this.#size = size;
    this.#buffer = Buffer.allocUnsafeSlow(size);
  }

  /** One character for each byte. */
  text(text: string): void {
    if (text.length > this.#size - this.#length) this.bytes(Buffer.from(text, 'latin1'));
    else this.#length += this.#buffer.write(text, this.#length, 'latin1');
  }

  piece(piece: Piece): void {
    this.text(piece.prefix);
    this.bytes(piece.body.subarray(piece.from, piece.to));
    if (piece.suffix !== '') this.text(piece.suffix);
  }

  bytes(bytes: Uint8Array): void {
    let from = 0;
    while (bytes.byteLength - from > this.#size - this.#length) {
      const fits = this.#size - this.#length;
      this.#buffer.set(bytes.subarray(from, from + fits), this.#length);
      this.#length = this.#size;
      from += fits;
      this.#cut();
    }
    this.#buffer.set(from === 0 ? bytes : bytes.subarray(from), this.#length);
    this.#length += bytes.byteLength - from;
  }

  /** Whether a chunk is finished. */
  get full(): boolean {
    return this.#full.length > 0;
  }

  /** A finished chunk, if there is one. */
  take(): Uint8Array | undefined {
    return this.#full.shift();
  }

  /** What is left at the end. */
  rest(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Gives all finished chunks to `write`; who does not make it wait is given one a turn. */
  async drain(write: ChunkWriter): Promise<void> {
    for (let chunk = this.take(); chunk !== undefined; chunk = this.take()) {
      await (write(chunk) ?? nextTurn());
    }
  }

  #cut(): void {
    this.#full.push(this.#buffer.subarray(0, this.#length));
    this.#buffer = Buffer.allocUnsafeSlow(this.#size);
    this.#length = 0;
  }
}
