// One HTTP exchange: a Node request seen as an ApiRequest, and an ApiResponse written to the socket.
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { ApiRequest, ApiResponse, PeerCertificate } from './request.ts';
import { type SharedChunks, StreamedBody } from './streamed-body.ts';

export type RawRequest = IncomingMessage | Http2ServerRequest;
type RawResponse = ServerResponse | Http2ServerResponse;

const peers = Symbol('coracle peer certificate');
interface PeerSocket extends TLSSocket {
  [peers]?: PeerCertificate | null;
}

/** Reads lazily what most requests never need: the abort signal and the certificate. */
export class HttpRequest implements ApiRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly insecure: boolean;
  readonly body?: AsyncIterable<Uint8Array>;
  readonly upgrade?: { readonly socket: Duplex; readonly head: Uint8Array };
  readonly #raw: RawRequest;
  readonly #response: RawResponse | undefined;
  #controller: AbortController | undefined;

  constructor(
    raw: RawRequest,
    response: RawResponse | undefined,
    insecure: boolean,
    upgrade?: { readonly socket: Duplex; readonly head: Uint8Array },
  ) {
    this.#raw = raw;
    this.#response = response;
    this.method = raw.method ?? 'GET';
    this.url = raw.url ?? '/';
    // Repeated headers that matter here are joined by Node; Set-Cookie never comes in.
    this.headers = raw.headers as Readonly<Record<string, string | undefined>>;
    this.insecure = insecure;
    if (this.method !== 'GET' && this.method !== 'HEAD') this.body = raw;
    if (upgrade !== undefined) this.upgrade = upgrade;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = new AbortController();
      this.#controller = controller;
      const abort = () => controller.abort();
      if (this.upgrade !== undefined) this.upgrade.socket.once('close', abort);
      else if (this.#response?.destroyed === true) abort();
      else this.#response?.once('close', abort);
    }
    return this.#controller.signal;
  }

  get remoteAddress(): string | undefined {
    return this.#socket()?.remoteAddress;
  }

  get peer(): PeerCertificate | undefined {
    const socket = this.#socket();
    if (socket === undefined) return undefined;
    let peer = socket[peers];
    if (peer === undefined) {
      peer = readPeer(socket);
      socket[peers] = peer;
    }
    return peer ?? undefined;
  }

  #socket(): PeerSocket | undefined {
    if (this.upgrade !== undefined) return this.upgrade.socket as PeerSocket;
    // HTTP/2's `request.socket` is a guarding proxy; the session's own is read-only use here.
    const stream = (this.#raw as Http2ServerRequest).stream;
    return (stream?.session?.socket ?? this.#raw.socket) as PeerSocket | undefined;
  }
}

function readPeer(socket: TLSSocket): PeerCertificate | null {
  if (typeof socket.getPeerCertificate !== 'function') return null;
  const certificate = socket.getPeerCertificate();
  const subject = certificate?.subject as unknown as
    | Record<string, string | string[] | undefined>
    | undefined;
  if (subject === undefined) return null;
  const all = (value: string | string[] | undefined) =>
    value === undefined ? [] : Array.isArray(value) ? value : [value];
  return {
    commonName: all(subject.CN)[0] ?? '',
    organizations: all(subject.O),
    verified: socket.authorized,
  };
}

/**
 * Writes the whole answer; resolves when it is handed over, rejects when the client is gone.
 *
 * @param chunks of the listener that the answer goes through
 */
export async function writeResponse(
  answer: ApiResponse,
  request: ApiRequest,
  response: RawResponse,
  chunks: SharedChunks,
): Promise<void> {
  if (answer.upgraded === true) return;
  const { body } = answer;
  const headers = answer.headers as Record<string, string | string[]>;
  if (typeof body === 'function' && request.method !== 'HEAD') {
    (response as ServerResponse).writeHead(answer.status, headers);
    (response as ServerResponse).flushHeaders?.();
    await body(new StreamedBody(response as ServerResponse, chunks));
    response.end();
    return;
  }
  const bytes = typeof body === 'function' ? undefined : body;
  if (bytes === undefined || request.method === 'HEAD') {
    (response as ServerResponse).writeHead(answer.status, headers);
    response.end();
    return;
  }
  (response as ServerResponse).writeHead(answer.status, {
    ...headers,
    'content-length': String(Buffer.byteLength(bytes)),
  });
  (response as ServerResponse).end(bytes);
}

/** Answers an upgrade request that was refused: plain HTTP/1.1 on the raw socket, then the end. */
export async function writeUpgradeRefusal(
  answer: ApiResponse,
  request: ApiRequest,
  socket: Duplex,
): Promise<void> {
  if (socket.destroyed) return;
  let head = `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? 'Unknown'}\r\n`;
  for (const [name, value] of Object.entries(answer.headers)) {
    for (const each of Array.isArray(value) ? value : [value]) head += `${name}: ${each}\r\n`;
  }
  const { body } = answer;
  if (request.method === 'HEAD') {
    socket.end(`${head}Connection: close\r\n\r\n`);
    return;
  }
  if (typeof body === 'function') {
    socket.write(`${head}Connection: close\r\n\r\n`);
    await body({
      write: (chunk) => {
        if (socket.destroyed) return Promise.reject(new Error('the client is gone'));
        socket.write(chunk);
        return undefined;
      },
    });
    socket.end();
    return;
  }
  const bytes = Buffer.from(body ?? '');
  socket.write(`${head}Content-Length: ${bytes.length}\r\nConnection: close\r\n\r\n`);
  socket.end(bytes);
}
