// The server's end of a WebSocket over which it only speaks: watches and logs.
import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import { badRequest } from '../status.ts';
import type { ApiRequest } from './request.ts';

/** Bytes that may wait in a connection before what is written waits for its client. */
export const bufferedBytesMax: number = 1024 * 1024;
/** Clients have nothing to say; their frames are read and dropped. */
const payloadBytesMax = 64 * 1024;
const bearerProtocol = 'base64url.bearer.authorization.k8s.io.';

export function asksForWebSocket(request: ApiRequest): boolean {
  return request.upgrade !== undefined && /\bwebsocket\b/i.test(request.headers.upgrade ?? '');
}

/**
 * Takes the connection over.
 *
 * @param known the subprotocols that there are; without it the client's first one is taken
 * @throws StatusError 400 when the handshake is malformed or asks for unknown subprotocols only
 */
export async function acceptWebSocket(
  request: ApiRequest,
  known?: readonly string[],
): Promise<WebSocket> {
  const { headers, method, url, upgrade } = request;
  // ws would answer these itself, without a Status.
  if (upgrade === undefined) throw badRequest('a WebSocket needs an upgrade');
  if (!/^[+/0-9A-Za-z]{22}==$/.test(headers['sec-websocket-key'] ?? '')) {
    throw badRequest('missing or malformed Sec-WebSocket-Key');
  }
  if (headers['sec-websocket-version'] !== '13' && headers['sec-websocket-version'] !== '8') {
    throw badRequest('unsupported Sec-WebSocket-Version');
  }
  const offered = (headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '' && !each.startsWith(bearerProtocol));
  const chosen = known === undefined ? offered[0] : offered.find((each) => known.includes(each));
  if (chosen === undefined && offered.length > 0) {
    const names = (list: readonly string[]) => `[${list.join(' ')}]`;
    throw badRequest(
      `requested protocol(s) are not supported: ${names(offered)}; supports ${names(known ?? [])}`,
    );
  }
  const { WebSocketServer } = await import('ws');
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: payloadBytesMax,
    handleProtocols: () => chosen ?? false,
  });
  const raw = { headers, method, url } as unknown as IncomingMessage;
  return new Promise((resolve) => {
    server.handleUpgrade(raw, upgrade.socket, Buffer.from(upgrade.head), (opened) => {
      opened.on('error', () => opened.terminate());
      resolve(opened);
    });
  });
}
