// A bare HTTP/1.1 client for load: it costs so little that the server stays what is measured.
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Answer, Ask, Connection } from './connection.ts';
import { type Target, tlsOptions } from './target.ts';

interface Pending {
  readonly onData: ((chunk: Buffer) => void) | undefined;
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

const headEnd = Buffer.from('\r\n\r\n');

/** Where the parser stands: in the head, in a body of known length, or in chunks. */
type State = 'head' | 'length' | 'chunk-size' | 'chunk' | 'chunk-end';

export class Http1Connection implements Connection {
  readonly #socket: Socket;
  readonly #prefix: string;
  readonly #suffix: string;
  #pending: Pending | undefined;
  /** Why nothing more can be asked. */
  #ended: Error | undefined;
  #rest: Buffer | undefined;
  #state: State = 'head';
  #remaining = 0;
  #last = false;
  #status = 0;
  #bytes = 0;

  private constructor(socket: Socket, target: Target) {
    this.#socket = socket;
    this.#prefix = target.basePath;
    const authorization =
      target.token === undefined ? '' : `authorization: Bearer ${target.token}\r\n`;
    this.#suffix =
      ` HTTP/1.1\r\nhost: ${target.host}:${target.port}\r\n` +
      `user-agent: coracle-bench\r\n${authorization}`;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    const fail = (error?: Error) => this.#fail(error ?? new Error('the server hung up'));
    socket.on('error', fail);
    socket.on('close', () => fail());
  }

  static open(target: Target): Promise<Http1Connection> {
    return new Promise((resolve, reject) => {
      const ready = () => {
        socket.removeListener('error', reject);
        resolve(new Http1Connection(socket, target));
      };
      const socket = target.secure
        ? connectTls(tlsOptions(target, 'http/1.1'), ready)
        : connectTcp(target.port, target.host, ready);
      socket.once('error', reject);
    });
  }

  ask(ask: Ask): Promise<Answer> {
    const { method, path, body, contentType } = ask;
    const type = contentType ?? 'application/json';
    const accept = `accept: ${ask.accept ?? 'application/json'}\r\n`;
    const entity =
      body === undefined
        ? '\r\n'
        : `content-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(this.#ended);
        return;
      }
      this.#pending = { onData: ask.onData, resolve, reject };
      this.#socket.write(`${method} ${this.#prefix}${path}${this.#suffix}${accept}${entity}`);
    });
  }

  close(): void {
    this.#pending = undefined;
    this.#socket.destroy();
  }

  #fail(error: Error): void {
    this.#ended ??= error;
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.reject(error);
  }

  #read(chunk: Buffer): void {
    let data = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = undefined;
    while (data.length > 0) {
      const used = this.#step(data);
      if (used === 0) {
        this.#rest = data;
        return;
      }
      data = data.subarray(used);
    }
  }

  /** Takes what it can from `data` and says how much; 0: there must be more first. */
  #step(data: Buffer): number {
    if (this.#state === 'head') return this.#readHead(data);
    if (this.#state === 'chunk-size') return this.#readChunkSize(data);
    if (this.#state === 'chunk-end') {
      if (data.length < 2) return 0;
      if (this.#last) this.#finish();
      else this.#state = 'chunk-size';
      return 2;
    }
    const taken = Math.min(this.#remaining, data.length);
    this.#bytes += taken;
    this.#remaining -= taken;
    this.#pending?.onData?.(data.subarray(0, taken));
    if (this.#remaining === 0) {
      if (this.#state === 'length') this.#finish();
      else this.#state = 'chunk-end';
    }
    return taken;
  }

  #readHead(data: Buffer): number {
    const end = data.indexOf(headEnd);
    if (end < 0) return 0;
    const head = data.toString('latin1', 0, end);
    this.#status = Number(head.slice(9, 12));
    this.#bytes = 0;
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length !== undefined) {
      this.#remaining = Number(length);
      if (this.#remaining === 0) this.#finish();
      else this.#state = 'length';
    } else if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
      this.#state = 'chunk-size';
    } else {
      this.#finish();
    }
    return end + 4;
  }

  #readChunkSize(data: Buffer): number {
    const end = data.indexOf(10);
    if (end < 0) return 0;
    this.#remaining = Number.parseInt(data.toString('latin1', 0, end), 16);
    this.#last = this.#remaining === 0;
    this.#state = this.#last ? 'chunk-end' : 'chunk';
    return end + 1;
  }

  #finish(): void {
    this.#state = 'head';
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.resolve({ status: this.#status, bytes: this.#bytes });
  }
}
