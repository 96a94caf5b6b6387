// The kubelet's HTTPS port: who asks, whether they may, and which part answers.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../../clock.ts';
import { describeError, type Logger } from '../../logger.ts';
import type { Runtime } from '../runtime.ts';
import { UpgradeRefusedError } from '../spdy/upgrade.ts';
import {
  attributesOf,
  certificateUser,
  type KubeletAuthorizer,
  type KubeletUser,
  type TokenAuthenticator,
} from './access.ts';
import { type AnswerContext, answer } from './answers.ts';
import { servePortForward } from './port-forward.ts';
import { serveRemoteCommand, streamOptions } from './remote-command.ts';
import { NodeStats } from './stats.ts';
import { findContainer, findPod, findSandbox, type PodLookup, RefusalError } from './targets.ts';
import { UpgradeRequest } from './upgrade-request.ts';

/** Limits of the port. The idle time is upstream's streamingConnectionIdleTimeout. */
export const kubeletServerLimits = {
  connections: 4096,
  headerBytes: 64 * 1024,
  headersTimeoutMs: 32_000,
  streamIdleMs: 4 * 3600_000,
} as const;

export interface KubeletServerOptions {
  readonly tls: {
    /** PEM of the serving certificate and its key. */
    readonly certificate: string;
    readonly key: string;
    /** PEM of the CA that client certificates are verified against. */
    readonly clientAuthority: string;
  };
  readonly address: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly nodeName: string;
  readonly runtime: Runtime;
  readonly pods: PodLookup;
  /** See `tokenReviewer` and `accessReviewer`. */
  readonly authenticateToken: TokenAuthenticator;
  readonly authorize: KubeletAuthorizer;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Default: always. */
  readonly isHealthy?: () => boolean;
  /** What /configz shows. */
  readonly configz?: unknown;
  /** HTTP CONNECT by the server's identity: answers and owns the socket. */
  readonly handleConnect?: (target: string, socket: Duplex) => void | Promise<void>;
}

export interface KubeletServer {
  readonly address: string;
  readonly port: number;
  /** Replaces the serving certificate without dropping connections. */
  setCertificate(certificate: string, key: string): void;
  /** Cuts all connections. */
  close(): Promise<void>;
}

/** Listens; rejects (EADDRINUSE, …) with nothing left open. */
export async function startKubeletServer(options: KubeletServerOptions): Promise<KubeletServer> {
  const { tls } = options;
  const secrets = (certificate: string, key: string) => ({
    cert: certificate,
    key,
    ca: tls.clientAuthority,
  });
  const server = createServer({
    ...secrets(tls.certificate, tls.key),
    requestCert: true,
    rejectUnauthorized: false,
    maxHeaderSize: kubeletServerLimits.headerBytes,
    headersTimeout: kubeletServerLimits.headersTimeoutMs,
    requestTimeout: 0,
  });
  server.maxConnections = kubeletServerLimits.connections;
  const sockets = new Set<Duplex>();
  server.on('secureConnection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  });
  handle(server, options);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.address, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { address, port } = server.address() as AddressInfo;
  return {
    address,
    port,
    setCertificate: (certificate, key) => server.setSecureContext(secrets(certificate, key)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function handle(server: Server, options: KubeletServerOptions): void {
  const { runtime, pods, clock, logger, nodeName } = options;
  const context: AnswerContext = {
    runtime,
    pods,
    clock,
    stats: new NodeStats({ runtime, pods, clock, nodeName, startedAtMs: clock.nowMs() }),
    isHealthy: options.isHealthy ?? (() => true),
    configz: options.configz,
  };
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    void (async () => {
      try {
        const url = parseUrl(request);
        await admit(options, request, url);
        await answer(context, request, response, url);
      } catch (error) {
        refuse(response, refusalOf(error, logger));
      }
    })();
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const upgrade = new UpgradeRequest(request, socket, head);
    (socket as TLSSocket).setTimeout(kubeletServerLimits.streamIdleMs, () => socket.destroy());
    void (async () => {
      try {
        const url = parseUrl(request);
        await admit(options, request, url);
        await serveUpgrade(options, upgrade, url);
      } catch (error) {
        const refusal = refusalOf(error, logger);
        // Once switched, an HTTP answer would be noise: the connection just ends.
        if (upgrade.isSwitched) socket.destroy();
        else upgrade.refuse(refusal);
      }
    })();
  });
  server.on('connect', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const upgrade = new UpgradeRequest(request, socket, head);
    void (async () => {
      try {
        const user = certificateUser(request.socket as TLSSocket);
        if (user === undefined) throw new RefusalError(401, 'Unauthorized');
        const isServer = user.groups.includes('system:masters');
        const allowed = isServer || (await options.authorize(user, proxyAttributes(nodeName)));
        if (!allowed || options.handleConnect === undefined) {
          throw new RefusalError(403, 'Forbidden');
        }
        if (head.length > 0) socket.unshift(head);
        await options.handleConnect(request.url ?? '', socket);
      } catch (error) {
        upgrade.refuse(refusalOf(error, logger));
      }
    })();
  });
  server.on('clientError', (_error, socket) => socket.destroy());
}

function proxyAttributes(nodeName: string) {
  return { verb: 'create', subresource: 'proxy', nodeName };
}

function parseUrl(request: IncomingMessage): URL {
  try {
    return new URL(request.url ?? '/', 'https://kubelet');
  } catch {
    throw new RefusalError(400, 'malformed request');
  }
}

/** @throws RefusalError 401 or 403 */
async function admit(
  options: KubeletServerOptions,
  request: IncomingMessage,
  url: URL,
): Promise<void> {
  const user = await authenticate(options, request);
  if (user === undefined) throw new RefusalError(401, 'Unauthorized');
  const asked = attributesOf(request.method ?? '', url.pathname, options.nodeName);
  for (const attributes of asked) if (await options.authorize(user, attributes)) return;
  const subresources = asked.map(({ subresource }) => subresource).join(' ');
  throw new RefusalError(
    403,
    `Forbidden (user=${user.username}, verb=${asked[0]?.verb ?? ''}, resource=nodes, ` +
      `subresource(s)=[${subresources}])\n`,
  );
}

async function authenticate(
  options: KubeletServerOptions,
  request: IncomingMessage,
): Promise<KubeletUser | undefined> {
  const known = certificateUser(request.socket as TLSSocket);
  if (known !== undefined) return known;
  const token = /^bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  return token === undefined ? undefined : await options.authenticateToken(token);
}

async function serveUpgrade(
  { runtime, pods }: KubeletServerOptions,
  upgrade: UpgradeRequest,
  url: URL,
): Promise<void> {
  const [kind = '', namespace = '', name = '', ...rest] = url.pathname
    .split('/')
    .filter((each) => each !== '')
    .map((each) => decodeURIComponent(each));
  const method = upgrade.request.method ?? '';
  if (method !== 'GET' && method !== 'POST') {
    throw new RefusalError(405, '405: Method Not Allowed');
  }
  const query = url.searchParams;
  if (kind === 'portForward' && rest.length <= 1) {
    const pod = findPod(pods, { namespace, name, uid: rest[0] ?? '' });
    await servePortForward(runtime, await findSandbox(runtime, pod), query, upgrade);
    return;
  }
  if ((kind !== 'exec' && kind !== 'attach') || rest.length < 1 || rest.length > 2) {
    throw new RefusalError(404, '404 page not found\n');
  }
  const options = streamOptions(query);
  const pod = findPod(pods, { namespace, name, uid: rest.length === 2 ? (rest[0] ?? '') : '' });
  const containerId = await findContainer(runtime, pod, rest.at(-1) ?? '');
  const command = kind === 'exec' ? query.getAll('command') : [];
  await serveRemoteCommand(runtime, { kind, containerId, command, options }, upgrade);
}

function refusalOf(error: unknown, logger: Logger): RefusalError {
  if (error instanceof RefusalError) return error;
  if (error instanceof UpgradeRefusedError) return new RefusalError(error.status, error.body);
  if (error instanceof URIError) return new RefusalError(400, 'malformed request');
  logger.debug('a request failed', { error: describeError(error) });
  return new RefusalError(500, describeError(error), { cause: error });
}

function refuse(response: ServerResponse, refusal: RefusalError): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(refusal.status, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(refusal.message);
}
