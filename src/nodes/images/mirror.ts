// The agent's registry mirror: relays containerd's reads to the server with the agent's credentials.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Transport } from '../../client/transport.ts';
import { describeError, type Logger } from '../../logger.ts';

export interface MirrorOptions {
  /** How the server is reached, as a client's transport does. */
  readonly fetch: Transport['request'];
  /** On 127.0.0.1; 0 takes a free one. */
  readonly port: number;
  readonly logger: Logger;
}

export interface Mirror {
  /** `http://127.0.0.1:PORT`, for hosts.toml. */
  readonly address: string;
  close(): Promise<void>;
}

/** containerd opens three connections for each image it pulls. */
const connectionsMax = 256;

/**
 * Nothing but such paths is relayed: any process of the node can ask here, and the agent's
 * credentials open more of the API than images.
 */
const registryPath =
  /^\/v2\/(?:[a-z0-9][a-z0-9._-]*(?::\d+)?\/)*(?:manifests|blobs)\/\w[\w.:+-]*(?:\?ns=[\w.:%[\]-]*)?$/;
const namePartMissing = /^\/v2\/(?:manifests|blobs)\//;

const relayedRequestHeaders = ['accept', 'range', 'if-range'] as const;
const relayedAnswerHeaders = [
  'accept-ranges',
  'content-length',
  'content-range',
  'content-type',
  'docker-content-digest',
  'docker-distribution-api-version',
] as const;

/** Serves on loopback until closed. @throws when the port is taken */
export async function startMirror(options: MirrorOptions): Promise<Mirror> {
  const { fetch, logger } = options;
  const server = createServer((request, response) => {
    void relay(fetch, request, response).catch((error: unknown) => {
      logger.debug('a pull was cut off', { url: request.url ?? '', error: describeError(error) });
      response.destroy();
    });
  });
  server.maxConnections = connectionsMax;
  server.listen(options.port, '127.0.0.1');
  await once(server, 'listening');
  return { address: `http://127.0.0.1:${portOf(server)}`, close: () => close(server) };
}

async function relay(
  fetch: Transport['request'],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = '', url = '' } = request;
  if (method !== 'GET' && method !== 'HEAD') return refuse(response, 405, 'UNSUPPORTED', method);
  if (url === '/v2/' || url === '/v2') return void response.writeHead(200).end();
  if (!registryPath.test(url) || namePartMissing.test(url)) {
    return refuse(response, 404, 'NAME_UNKNOWN', url);
  }
  const controller = new AbortController();
  response.once('close', () => controller.abort());
  // Layers are compressed already, and containerd counts the bytes.
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  for (const name of relayedRequestHeaders) {
    const value = request.headers[name];
    if (typeof value === 'string') headers[name] = value;
  }
  const { signal } = controller;
  const sent = fetch({ method, url: `/coracle/registry${url}`, headers, signal });
  const answer = await sent.catch((error: unknown) => describeError(error));
  if (typeof answer === 'string') {
    return refuse(response, 503, 'UNAVAILABLE', `coracle's server does not answer: ${answer}`);
  }
  // Only "not found" sends containerd on to the image's own registry without a word.
  const kept: Record<string, string> = {};
  for (const name of relayedAnswerHeaders) {
    const value = answer.headers[name];
    if (value !== undefined) kept[name] = value;
  }
  response.writeHead(answer.status, kept);
  for await (const chunk of answer.body) {
    if (method === 'HEAD') continue;
    if (!response.write(chunk)) await once(response, 'drain', { signal });
  }
  response.end();
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ errors: [{ code, message }] }));
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the mirror has no port');
  return address.port;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}
