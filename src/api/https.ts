// The API over sockets: Fastify with TLS, HTTP/2 and HTTP/1.1 by ALPN, and a plain loopback port.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Http2SecureServer, Http2ServerResponse } from 'node:http2';
import {
  type AddressInfo,
  createServer as createNetServer,
  type Server as NetServer,
} from 'node:net';
import type { Duplex } from 'node:stream';
import { type FastifyInstance, type FastifyServerOptions, fastify } from 'fastify';
import type { Logger } from '../logger.ts';
import {
  HttpRequest,
  type RawRequest,
  writeResponse,
  writeUpgradeRefusal,
} from './http-exchange.ts';
import type { ApiHandler } from './request.ts';
import { maxUrlLength } from './request-info.ts';
import { SharedChunks } from './streamed-body.ts';

/** Limits of one listener; each protects the process from a greedy or broken client. */
export const httpLimits = {
  headerBytes: 256 * 1024,
  concurrentStreams: 250,
  sessionMemoryMb: 64,
  sessionInvalidFrames: 100,
  streamResetBurst: 1000,
  streamResetPerSecond: 100,
  /** Clients keep idle connections for 90 s; ours must outlive them or requests race the close. */
  idleTimeoutMs: 180_000,
  headersTimeoutMs: 32_000,
} as const;

export interface ListenAddress {
  readonly host: string;
  /** 0 takes a free port (only the first address may say so; the others follow it). */
  readonly port: number;
}

export interface HttpsOptions {
  readonly handler: ApiHandler;
  readonly logger: Logger;
  readonly tls: {
    /** PEM of the serving certificate (chain) and its key. */
    readonly certificate: string;
    readonly key: string;
    /** PEM of the CA that client certificates are verified against. */
    readonly clientAuthority: string;
  };
  readonly addresses: readonly ListenAddress[];
  /** A plain-HTTP port on the loopback only, whose requests count as system:masters. */
  readonly insecure?: { readonly port: number };
}

export interface HttpsServer {
  /** Where it listens, in the order asked for. */
  readonly addresses: readonly ListenAddress[];
  readonly insecurePort: number | undefined;
  /** Replaces the serving certificate without dropping connections. */
  setCertificate(certificate: string, key: string): void;
  /** Stops accepting, ends idle connections, waits `graceMs` for the rest, then cuts them. */
  close(graceMs?: number): Promise<void>;
}

/** Listens and serves `handler`; rejects (EADDRINUSE, …) with nothing left open. */
export async function serveHttps(options: HttpsOptions): Promise<HttpsServer> {
  const { handler, logger, tls } = options;
  const secure = fastify({
    ...fastifyOptions(exchanger(handler, logger, false)),
    http2: true,
    https: {
      allowHTTP1: true,
      cert: tls.certificate,
      key: tls.key,
      ca: tls.clientAuthority,
      requestCert: true,
      rejectUnauthorized: false,
      maxSessionMemory: httpLimits.sessionMemoryMb,
      maxSessionInvalidFrames: httpLimits.sessionInvalidFrames,
      streamResetBurst: httpLimits.streamResetBurst,
      streamResetRate: httpLimits.streamResetPerSecond,
      maxHeaderListPairs: 512,
      settings: {
        maxConcurrentStreams: httpLimits.concurrentStreams,
        maxHeaderListSize: httpLimits.headerBytes,
        initialWindowSize: 1024 * 1024,
      },
      maxHeaderSize: httpLimits.headerBytes,
    },
  } as unknown as FastifyServerOptions);
  route(secure, handler, logger, false);
  const server = secure.server as unknown as Http2SecureServer;
  const sockets = trackSockets(server, 'secureConnection');
  const extra: NetServer[] = [];
  const addresses: ListenAddress[] = [];
  let plain: PlainListener | undefined;
  const closeAll = async (graceMs: number): Promise<void> => {
    for (const each of extra) each.close();
    await plain?.close(graceMs);
    await closeGracefully(secure, sockets, graceMs);
  };
  try {
    const [first, ...rest] = options.addresses;
    if (first === undefined) throw new Error('cannot serve: no address given');
    await secure.listen({ host: first.host, port: first.port });
    const port = (server.address() as AddressInfo).port;
    addresses.push({ host: first.host, port });
    for (const address of rest) {
      const listener = createNetServer((socket) => server.emit('connection', socket));
      await listen(listener, address.host, address.port === 0 ? port : address.port);
      extra.push(listener);
      addresses.push({ host: address.host, port: (listener.address() as AddressInfo).port });
    }
    if (options.insecure !== undefined) {
      plain = await servePlain(handler, logger, options.insecure.port);
    }
  } catch (error) {
    await closeAll(0);
    throw error;
  }
  return {
    addresses,
    insecurePort: plain?.port,
    setCertificate: (cert, key) =>
      (server as unknown as { setSecureContext(o: object): void }).setSecureContext({
        cert,
        key,
        ca: tls.clientAuthority,
      }),
    close: (graceMs = 2_000) => closeAll(graceMs),
  };
}

function fastifyOptions(exchange: Exchanger): FastifyServerOptions {
  return {
    logger: false,
    bodyLimit: Number.MAX_SAFE_INTEGER,
    routerOptions: { maxParamLength: maxUrlLength },
    keepAliveTimeout: httpLimits.idleTimeoutMs,
    requestTimeout: 0,
    forceCloseConnections: false,
    exposeHeadRoutes: false,
    return503OnClosing: false,
    // A path with escapes that mean nothing: refused in Kubernetes' own form, as all else.
    frameworkErrors: (_error, request, reply) => {
      reply.hijack();
      exchange(request.raw as RawRequest, reply.raw as ServerResponse);
    },
  };
}

interface PlainListener {
  readonly port: number;
  close(graceMs: number): Promise<void>;
}

async function servePlain(
  handler: ApiHandler,
  logger: Logger,
  port: number,
): Promise<PlainListener> {
  const app = fastify({
    ...fastifyOptions(exchanger(handler, logger, true)),
    http: { maxHeaderSize: httpLimits.headerBytes },
  });
  route(app, handler, logger, true);
  const sockets = trackSockets(app.server, 'connection');
  await app.listen({ host: '127.0.0.1', port });
  return {
    port: (app.server.address() as AddressInfo).port,
    close: (graceMs) => closeGracefully(app, sockets, graceMs),
  };
}

type Exchanger = (raw: RawRequest, response: ServerResponse | Http2ServerResponse) => void;

/** Has the handler answer a request, whichever way Fastify hands it over. */
function exchanger(handler: ApiHandler, logger: Logger, insecure: boolean): Exchanger {
  const chunks = new SharedChunks();
  return (raw, response) => {
    const request = new HttpRequest(raw, response, insecure);
    handler(request)
      .then((answer) => writeResponse(answer, request, response, chunks))
      .catch((error: unknown) => {
        logger.debug('answer cut short', { url: request.url, error: String(error) });
        response.destroy?.();
      });
  };
}

/** One wildcard route for every method; the live registry, not Fastify, finds the resource. */
function route(app: FastifyInstance, handler: ApiHandler, logger: Logger, insecure: boolean): void {
  const exchange = exchanger(handler, logger, insecure);
  app.removeAllContentTypeParsers();
  // The body stays a raw stream; whoever needs it reads it after authorization.
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.route({
    method: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    url: '/*',
    handler(request, reply) {
      reply.hijack();
      exchange(request.raw as RawRequest, reply.raw as ServerResponse);
    },
  });
  const other = (request: { raw: unknown }, reply: { hijack(): unknown; raw: unknown }) => {
    reply.hijack();
    exchange(request.raw as RawRequest, reply.raw as ServerResponse);
  };
  app.setNotFoundHandler(other);
  app.setErrorHandler((_error, request, reply) => other(request, reply));
  const server = app.server as Server;
  server.headersTimeout = httpLimits.headersTimeoutMs;
  // Fastify does not hand its option on to a server that speaks HTTP/2 as well.
  server.keepAliveTimeout = httpLimits.idleTimeoutMs;
  server.on('upgrade', (raw: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const request = new HttpRequest(raw, undefined, insecure, { socket, head });
    handler(request)
      .then((answer) => {
        if (answer.upgraded !== true) return writeUpgradeRefusal(answer, request, socket);
        return undefined;
      })
      .catch((error: unknown) => {
        logger.debug('upgrade failed', { url: request.url, error: String(error) });
        socket.destroy();
      });
  });
  server.on('clientError', (_error: Error, socket: Duplex) => {
    if (!socket.writable) return socket.destroy();
    return socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
  });
}

function trackSockets(server: NodeJS.EventEmitter, event: string): Set<Duplex> {
  const sockets = new Set<Duplex>();
  server.on(event, (socket: Duplex) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

/** Sockets are wall time: the grace is a real timer on purpose. */
async function closeGracefully(
  app: FastifyInstance,
  sockets: Set<Duplex>,
  graceMs: number,
): Promise<void> {
  const closed = app.close().catch(() => undefined);
  const server = app.server as Server;
  server.closeIdleConnections?.();
  const timer = setTimeout(() => {
    for (const socket of sockets) socket.destroy();
  }, graceMs);
  await closed;
  clearTimeout(timer);
  for (const socket of sockets) socket.destroy();
}

function listen(server: NetServer, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}
