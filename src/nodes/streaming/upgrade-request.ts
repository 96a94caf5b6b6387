// An upgrade request that waits for its answer: refused as HTTP, or switched to SPDY or WebSocket.
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket, WebSocketServer } from 'ws';
import { RefusalError } from './targets.ts';

/** A WebSocket message longer than this ends the connection. */
const messageBytesMax = 16 * 1024 * 1024;

export class UpgradeRequest {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly #head: Buffer;
  #isSwitched = false;

  constructor(request: IncomingMessage, socket: Duplex, head: Buffer) {
    this.request = request;
    this.socket = socket;
    this.#head = head;
    socket.on('error', () => socket.destroy());
  }

  /** 101 has been answered (or is about to be): HTTP is over. */
  get isSwitched(): boolean {
    return this.#isSwitched;
  }

  get isWebSocket(): boolean {
    return this.request.headers.upgrade?.toLowerCase() === 'websocket';
  }

  get isSpdy(): boolean {
    return this.request.headers.upgrade?.toLowerCase() === 'spdy/3.1';
  }

  /** What a SPDY client offers in X-Stream-Protocol-Version, in its order. */
  get streamProtocols(): readonly string[] {
    return listOf(this.request.headersDistinct['x-stream-protocol-version']);
  }

  /** What a WebSocket client offers, in its order; `['']` when it asks for none. */
  get subprotocols(): readonly string[] {
    const offered = listOf(this.request.headersDistinct['sec-websocket-protocol']);
    return offered.length === 0 ? [''] : offered;
  }

  refuse(error: RefusalError): void {
    const body = Buffer.from(error.message);
    this.socket.end(
      `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? ''}\r\n` +
        'Content-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n' +
        `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body.toString()}`,
    );
  }

  /** Chooses the client's first offer that is spoken here; @throws RefusalError (403) */
  negotiate(offered: readonly string[], accepted: readonly string[]): string {
    // Clients before v2 offer nothing.
    if (offered.length === 0) return '';
    const chosen = offered.find((protocol) => accepted.includes(protocol));
    if (chosen !== undefined) return chosen;
    const [client, server] = [offered, accepted].map((all) => `[${all.join(' ')}]`);
    throw new RefusalError(
      403,
      `unable to upgrade: unable to negotiate protocol: client supports ${client}, ` +
        `server accepts ${server}`,
    );
  }

  /** Answers 101; the connection speaks SPDY from here on. */
  switchToSpdy(protocol: string): { readonly socket: Duplex; readonly head: Buffer } {
    this.#isSwitched = true;
    const chosen = protocol === '' ? '' : `X-Stream-Protocol-Version: ${protocol}\r\n`;
    this.socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n' +
        `${chosen}\r\n`,
    );
    return { socket: this.socket, head: this.#head };
  }

  /** Answers 101 with `protocol`, or 400 by itself when the handshake is broken. */
  async switchToWebSocket(protocol: string): Promise<WebSocket> {
    const { WebSocketServer } = await import('ws');
    this.#isSwitched = true;
    const server: WebSocketServer = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: messageBytesMax,
    });
    // `ws` takes only RFC 7230 tokens, and `SPDY/3.1+portforward.k8s.io` is none: it never sees it.
    delete this.request.headers['sec-websocket-protocol'];
    if (protocol !== '') {
      server.on('headers', (headers) => headers.push(`Sec-WebSocket-Protocol: ${protocol}`));
    }
    return await new Promise((resolve, reject) => {
      const gone = () => reject(new Error('the client went away'));
      this.socket.once('close', gone);
      server.once('wsClientError', reject);
      server.handleUpgrade(this.request, this.socket, this.#head, (webSocket) => {
        this.socket.off('close', gone);
        resolve(webSocket);
      });
    });
  }
}

function listOf(values: readonly string[] | undefined): readonly string[] {
  return (values ?? []).flatMap((value) => value.split(',')).map((value) => value.trim());
}
