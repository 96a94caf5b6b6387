// The dialer of a real server: TLS to the nodes' agents, and through them to pods and endpoints.
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import { connect as tcpConnect } from 'node:net';
import type { Duplex } from 'node:stream';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import type { DialedRequest, Dialer, NodeAddress, NodeResponse } from './dialer.ts';

/** Connections to one node that wait for the next request. */
const idleConnectionsMax = 16;
const connectTimeoutMs = 10_000;

/** PEM: the cluster's authority, which signs nodes' serving certificates, and our identity. */
export interface DialerCredentials {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

type Secrets = { readonly ca: string; readonly cert: string; readonly key: string };

/** A node's certificate must name the address that is dialled. */
export function createNodeDialer(credentials: DialerCredentials): Dialer & { close(): void } {
  const tls = { ca: credentials.authority, cert: credentials.certificate, key: credentials.key };
  const agent = new Agent({ ...tls, keepAlive: true, maxFreeSockets: idleConnectionsMax });
  return {
    async request(to, request) {
      const { method, url, headers, signal } = request;
      const options = { method, path: url, headers, signal };
      if (to.workload !== true) {
        const { address: host, port } = to;
        return answerOf(httpsRequest({ ...options, host, port, agent }), request);
      }
      const socket = await reachWorkload(to, tls, signal);
      const host = hostOf(to);
      const onSocket = { ...options, headers: { ...headers, host } };
      // Whatever scheme: the socket is ready to be spoken on.
      const call = httpRequest({ ...onSocket, createConnection: () => socket });
      call.once('close', () => socket.destroy());
      return answerOf(call, request);
    },
    connect: (to, signal) =>
      to.workload === true ? reachWorkload(to, tls, signal) : reachAgent(to, tls, signal),
    close: () => agent.destroy(),
  };
}

function hostOf({ address, port }: NodeAddress): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}

function answerOf(call: ClientRequest, { body }: DialedRequest): Promise<NodeResponse> {
  return new Promise((resolve, reject) => {
    call.once('response', (answer: IncomingMessage) => {
      const kept = Object.entries(answer.headers).filter((entry) => entry[1] !== undefined);
      resolve({
        status: answer.statusCode ?? 502,
        headers: Object.fromEntries(kept) as Record<string, string | readonly string[]>,
        body: answer,
      });
    });
    call.on('error', reject);
    if (body === undefined) call.end();
    else send(call, body).catch((error: unknown) => call.destroy(asError(error)));
  });
}

async function send(call: ClientRequest, body: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of body) {
    if (call.destroyed) return;
    if (!call.write(chunk)) {
      await new Promise<void>((resolve) => {
        call.once('drain', resolve);
        call.once('close', resolve);
      });
    }
  }
  call.end();
}

function reachAgent(to: NodeAddress, tls: Secrets, signal: AbortSignal): Promise<Duplex> {
  const { address: host, port } = to;
  const socket = tlsConnect({ host, port, ...tls, ALPNProtocols: ['http/1.1'] });
  return whenReady(socket, 'secureConnect', signal, `no connection to node ${to.node}`);
}

/** A socket to a pod or endpoint, through its node's agent where there is one. */
async function reachWorkload(to: NodeAddress, tls: Secrets, signal: AbortSignal): Promise<Duplex> {
  const silence = `no connection to ${hostOf(to)}`;
  const { address: host, port, via } = to;
  const plain =
    via === undefined
      ? await whenReady(tcpConnect({ host, port }), 'connect', signal, silence)
      : await tunnel(to, via, tls, signal);
  if (to.scheme !== 'https') return plain;
  // As upstream: a pod's certificate is nobody's business here.
  const secured = tlsConnect({ socket: plain, rejectUnauthorized: false });
  return whenReady(secured, 'secureConnect', signal, silence);
}

/** HTTP CONNECT on the agent's port, which only the server's own identity may use. */
function tunnel(
  to: NodeAddress,
  via: NodeAddress,
  tls: Secrets,
  signal: AbortSignal,
): Promise<Duplex> {
  const options: RequestOptions = {
    ...tls,
    host: via.address,
    port: via.port,
    method: 'CONNECT',
    path: hostOf(to),
    agent: false,
    signal,
    timeout: connectTimeoutMs,
  };
  return new Promise((resolve, reject) => {
    const call = httpsRequest(options);
    call.once('connect', (answer: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (answer.statusCode !== 200) {
        socket.destroy();
        return reject(new Error(`dial tcp ${hostOf(to)}: node answered ${answer.statusCode}`));
      }
      (socket as TLSSocket).setTimeout(0);
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    call.once('response', (answer: IncomingMessage) => {
      answer.resume();
      call.destroy();
      reject(new Error(`dial tcp ${hostOf(to)}: node answered ${answer.statusCode}`));
    });
    call.once('timeout', () => call.destroy(new Error(`no connection to node ${via.node}`)));
    call.once('error', reject);
    call.end();
  });
}

interface TimedSocket extends Duplex {
  setTimeout(timeoutMs: number, callback?: () => void): this;
}

function whenReady(
  socket: TimedSocket,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
  silence: string,
): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const give = (error?: Error) => {
      signal.removeEventListener('abort', abort);
      socket.setTimeout(0);
      socket.off('error', give);
      if (error === undefined) return resolve(socket);
      socket.on('error', () => undefined);
      socket.destroy();
      reject(error);
    };
    const abort = () => give(asError(signal.reason));
    socket.once(event, () => give());
    socket.once('error', give);
    socket.setTimeout(connectTimeoutMs, () => give(new Error(silence)));
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
