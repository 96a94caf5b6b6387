// The transport over the network: HTTP/1.1 over TLS with kept-alive connections.
import { request as httpRequest, type IncomingMessage, Agent as PlainAgent } from 'node:http';
import { request as httpsRequest, Agent as TlsAgent } from 'node:https';
import { createSecureContext } from 'node:tls';
import { systemClock } from '../clock.ts';
import { abortError } from './byte-channel.ts';
import type { Transport, TransportRequest, TransportResponse } from './transport.ts';

/** PEM credentials of a connection. */
export interface TlsCredentials {
  /** Certificate authorities that the server must chain to. */
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
  /** The name to verify instead of the URL's host. */
  readonly serverName?: string;
}

export interface HttpsOptions {
  /** `https://host:port`, or `http://` for the insecure loopback port. */
  readonly server: string;
  /**
   * Asked before each request; a new object makes new connections and cuts the old ones, so that
   * a rotated certificate takes effect at once.
   */
  readonly credentials?: () => TlsCredentials;
  /**
   * No head of an answer within this time fails the request, whether it waits for a connection or
   * for the server; default 60 s.
   */
  readonly headTimeoutMs?: number;
  /**
   * Connections for requests that end by themselves; more requests wait for one of them. Each
   * answer that streams has a connection of its own besides. Default 64.
   */
  readonly connectionsMax?: number;
}

/** Connects when it must, again after a loss; concurrent requests use concurrent connections. */
export function createHttpsTransport(options: HttpsOptions): Transport {
  const base = new URL(options.server);
  const secure = base.protocol === 'https:';
  const { headTimeoutMs = 60_000, connectionsMax = 64 } = options;
  let credentials: TlsCredentials | undefined;
  let pools: Pools | undefined;
  let closed = false;

  const currentPools = () => {
    const latest = options.credentials?.();
    if (pools !== undefined && latest === credentials) return pools;
    closePools(pools);
    credentials = latest;
    pools = secure ? tlsPools(latest ?? {}, connectionsMax) : plainPools(connectionsMax);
    return pools;
  };

  const send = (request: TransportRequest) =>
    new Promise<TransportResponse>((resolve, reject) => {
      const { signal, body } = request;
      if (closed) return reject(new Error('cannot send the request: the transport is closed'));
      if (signal?.aborted === true) return reject(abortError(signal));
      const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
      const message = (secure ? httpsRequest : httpRequest)({
        agent: currentPools()[request.streams === true ? 'streams' : 'requests'],
        host: base.hostname.replace(/^\[|\]$/g, ''),
        port: base.port === '' ? (secure ? 443 : 80) : Number(base.port),
        method: request.method,
        path: request.url,
        headers: { ...request.headers, ...length },
      });
      const release = () => {
        timer.cancel();
        signal?.removeEventListener('abort', abort);
      };
      // One that waits for a connection would say so only once it has got one.
      const giveUp = (error: Error) => {
        release();
        message.destroy(error);
        reject(new ConnectionError(request, error, false));
      };
      const abort = () => giveUp(abortError(signal));
      const timer = systemClock.setTimeout(() => {
        giveUp(new Error(`no answer within ${headTimeoutMs} ms`));
      }, headTimeoutMs);
      signal?.addEventListener('abort', abort, { once: true });
      message.on('response', (response) => {
        timer.cancel();
        response.once('close', release);
        resolve(answer(response));
      });
      message.on('error', (error) => {
        release();
        reject(new ConnectionError(request, error, message.reusedSocket));
      });
      message.end(body);
    });

  return {
    async request(request) {
      try {
        return await send(request);
      } catch (error) {
        // The server closed an idle connection while this request was on its way: nothing is lost
        // by asking again, and only reads are surely harmless twice.
        const stale = error instanceof ConnectionError && error.reusedSocket && !closed;
        if (!stale || request.method !== 'GET' || request.signal?.aborted === true) throw error;
        return send(request);
      }
    },
    async close() {
      closed = true;
      closePools(pools);
    },
  };
}

interface Pools {
  readonly requests: PlainAgent;
  readonly streams: PlainAgent;
}

const kept = { keepAlive: true, noDelay: true };

function plainPools(connectionsMax: number): Pools {
  return {
    requests: new PlainAgent({ ...kept, maxSockets: connectionsMax }),
    streams: new PlainAgent(kept),
  };
}

function tlsPools(credentials: TlsCredentials, connectionsMax: number): Pools {
  const { ca, certificate: cert, key, serverName } = credentials;
  const options = {
    ...kept,
    // Made once: a context of its own costs a connection more than its handshake.
    secureContext: createSecureContext({
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    }),
    ...(serverName === undefined ? {} : { servername: serverName }),
  };
  return {
    requests: new TlsAgent({ ...options, maxSockets: connectionsMax }),
    streams: new TlsAgent(options),
  };
}

function closePools(pools: Pools | undefined): void {
  pools?.requests.destroy();
  pools?.streams.destroy();
}

/** There was no answer; `code` is Node's (`ECONNREFUSED`, `ECONNRESET`, …) where it has one. */
export class ConnectionError extends Error {
  readonly code: string | undefined;
  readonly reusedSocket: boolean;
  constructor(request: TransportRequest, cause: Error, reusedSocket: boolean) {
    super(`cannot ${request.method} ${request.url}: ${cause.message}`, { cause });
    this.code = 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
    this.reusedSocket = reusedSocket;
  }
}

function answer(response: IncomingMessage): TransportResponse {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return { status: response.statusCode ?? 0, headers, body: response };
}
