// Answers of unknown size: small ones become whole, large ones stream, gzipped where asked for.
import { constants, createGzip } from 'node:zlib';
import type { BodyWriter } from './request.ts';

/** Upstream compresses answers above this size, at level 1. */
export const compressionThresholdBytes = 128 * 1024;

/** Whether an Accept-Encoding header takes gzip. */
export function acceptsGzip(header: string | undefined): boolean {
  if (header === undefined) return false;
  return header.split(',').some((part) => {
    const [coding = '', ...parameters] = part.split(';');
    if (coding.trim() !== 'gzip' && coding.trim() !== '*') return false;
    return !parameters.some((parameter) => /^\s*q=0(\.0*)?\s*$/.test(parameter));
  });
}

export type Produce = (writer: BodyWriter) => Promise<void>;

/**
 * Runs `produce` up to the threshold. What ends below it comes back whole, so that an early
 * failure can still become a Status; what goes on comes back as a stream that holds the rest.
 */
export async function produceBody(produce: Produce): Promise<Uint8Array | Produce> {
  const gate = new GatedWriter();
  const producing = produce(gate);
  // Whoever awaits `producing` below handles its failure; the race must not leave it unhandled.
  producing.catch(() => undefined);
  await Promise.race([producing, gate.full]);
  if (!gate.isFull) return Buffer.concat(gate.chunks);
  return async (writer) => {
    await gate.open(writer);
    await producing;
  };
}

class GatedWriter implements BodyWriter {
  readonly chunks: Uint8Array[] = [];
  readonly full: Promise<void>;
  isFull = false;
  #size = 0;
  #target: BodyWriter | undefined;
  #becomeFull: () => void = () => undefined;
  readonly #waiting: (() => void)[] = [];

  constructor() {
    this.full = new Promise((resolve) => {
      this.#becomeFull = resolve;
    });
  }

  write(chunk: Uint8Array | string): Promise<void> | undefined {
    if (this.#target !== undefined) return this.#target.write(chunk);
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    this.chunks.push(bytes);
    this.#size += bytes.length;
    if (this.#size <= compressionThresholdBytes) return undefined;
    this.isFull = true;
    this.#becomeFull();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async open(target: BodyWriter): Promise<void> {
    for (const chunk of this.chunks) await target.write(chunk);
    this.chunks.length = 0;
    this.#target = target;
    for (const resume of this.#waiting) resume();
  }
}

/** `produce` with its bytes gzipped on the way; zlib works off the main thread. */
export function gzipped(produce: Produce): Produce {
  return async (writer) => {
    const gzip = createGzip({ level: constants.Z_BEST_SPEED, chunkSize: 64 * 1024 });
    let failure: unknown;
    const copying = (async () => {
      for await (const chunk of gzip) await writer.write(chunk as Uint8Array);
    })().catch((error: unknown) => {
      failure = error ?? new Error('the client is gone');
      gzip.destroy();
    });
    const producing = produce({
      write(chunk) {
        if (failure !== undefined) return Promise.reject(failure);
        if (gzip.write(chunk)) return undefined;
        return new Promise((resolve, reject) => {
          const done = () => {
            gzip.removeListener('drain', done);
            gzip.removeListener('close', done);
            if (failure === undefined) resolve();
            else reject(failure);
          };
          gzip.once('drain', done);
          gzip.once('close', done);
        });
      },
    });
    await producing.catch((error: unknown) => {
      // The client must see that the answer was cut short, not a clean end.
      gzip.destroy();
      throw failure ?? error;
    });
    gzip.end();
    await copying;
    if (failure !== undefined) throw failure;
  };
}
