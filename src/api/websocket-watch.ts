// A watch over a WebSocket: each event is one text frame, as browsers and some clients ask for.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { badRequest } from '../status.ts';
import type { ApiRequest, ApiResponse, BodyWriter } from './request.ts';

/** Bytes that may wait in a connection before the watch waits for its client. */
const bufferedBytesMax = 1024 * 1024;
/** Clients have nothing to say; a watch's frames from them are read and dropped. */
const payloadBytesMax = 64 * 1024;
const bearerProtocol = 'base64url.bearer.authorization.k8s.io.';

export function asksForWebSocket(request: ApiRequest): boolean {
  return request.upgrade !== undefined && /\bwebsocket\b/i.test(request.headers.upgrade ?? '');
}

/**
 * Takes the connection over and writes what `produce` gives until it ends or the client goes.
 *
 * @param produce writes JSON documents that each end with a newline
 */
export async function watchOverWebSocket(
  request: ApiRequest,
  produce: (writer: BodyWriter) => Promise<void>,
): Promise<ApiResponse> {
  const { upgrade } = request;
  if (upgrade === undefined) throw badRequest('a watch over a WebSocket needs an upgrade');
  const socket = await accept(request, upgrade);
  const end = (code: number) => socket.close(code);
  produce(frameWriter(socket)).then(
    () => end(1000),
    () => end(1011),
  );
  return { status: 101, headers: {}, upgraded: true };
}

/** @throws StatusError 400 when the handshake is malformed */
async function accept(
  request: ApiRequest,
  { socket, head }: { readonly socket: Duplex; readonly head: Uint8Array },
): Promise<WebSocket> {
  const { headers, method, url } = request;
  // ws would answer these itself, without a Status.
  if (!/^[+/0-9A-Za-z]{22}==$/.test(headers['sec-websocket-key'] ?? '')) {
    throw badRequest('missing or malformed Sec-WebSocket-Key');
  }
  if (headers['sec-websocket-version'] !== '13' && headers['sec-websocket-version'] !== '8') {
    throw badRequest('unsupported Sec-WebSocket-Version');
  }
  const { WebSocketServer } = await import('ws');
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: payloadBytesMax,
    handleProtocols: (offered) =>
      [...offered].find((each) => !each.startsWith(bearerProtocol)) ?? false,
  });
  const raw = { headers, method, url } as unknown as IncomingMessage;
  return new Promise((resolve) => {
    server.handleUpgrade(raw, socket, Buffer.from(head), (opened) => {
      opened.on('error', () => opened.terminate());
      resolve(opened);
    });
  });
}

/** Cuts the stream at its newlines, wherever the chunks end. */
function frameWriter(socket: WebSocket): BodyWriter {
  let rest = '';
  const decoder = new TextDecoder();
  return {
    write(chunk) {
      if (socket.readyState !== socket.OPEN) return Promise.reject(new Error('the client is gone'));
      const text = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      let sent: Promise<void> | undefined;
      for (const line of lines) {
        sent = new Promise((resolve, reject) => {
          socket.send(`${line}\n`, (error) => (error == null ? resolve() : reject(error)));
        });
        sent.catch(() => undefined);
      }
      return socket.bufferedAmount > bufferedBytesMax ? sent : undefined;
    },
  };
}
