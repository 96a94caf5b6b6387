// The dialer of a real server: TLS to the nodes' agents with the server's own client certificate.
import { Agent, request as httpsRequest } from 'node:https';
import { connect as tlsConnect } from 'node:tls';
import type { Dialer, NodeAddress } from './dialer.ts';

/** Connections to one node that wait for the next request. */
const idleConnectionsMax = 16;
const connectTimeoutMs = 10_000;

/** PEM: the cluster's authority, which signs nodes' serving certificates, and our identity. */
export interface DialerCredentials {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

/** A node's certificate must name the address that is dialled. */
export function createNodeDialer(credentials: DialerCredentials): Dialer & { close(): void } {
  const tls = { ca: credentials.authority, cert: credentials.certificate, key: credentials.key };
  const agent = new Agent({ ...tls, keepAlive: true, maxFreeSockets: idleConnectionsMax });
  return {
    request: (to, { method, url, headers, body, signal }) =>
      new Promise((resolve, reject) => {
        const { address: host, port } = to;
        const options = { host, port, method, path: url, headers, agent, signal };
        const call = httpsRequest(options, (answer) => {
          const { statusCode = 502, headers: received } = answer;
          const kept = Object.entries(received).filter((entry) => entry[1] !== undefined);
          resolve({
            status: statusCode,
            headers: Object.fromEntries(kept) as Record<string, string | readonly string[]>,
            body: answer,
          });
        });
        call.on('error', reject);
        if (body === undefined) call.end();
        else send(call, body).catch((error: unknown) => call.destroy(asError(error)));
      }),
    connect: (to, signal) => connect(to, tls, signal),
    close: () => agent.destroy(),
  };
}

async function send(call: NodeJS.WritableStream, body: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of body) {
    if (!call.write(chunk)) await new Promise((resolve) => call.once('drain', resolve));
  }
  call.end();
}

function connect(
  { node, address, port }: NodeAddress,
  tls: { ca: string; cert: string; key: string },
  signal: AbortSignal,
): ReturnType<Dialer['connect']> {
  return new Promise((resolve, reject) => {
    const socket = tlsConnect({ host: address, port, ...tls, ALPNProtocols: ['http/1.1'] });
    const give = (error?: Error) => {
      signal.removeEventListener('abort', abort);
      socket.setTimeout(0);
      socket.off('error', give);
      if (error === undefined) return resolve(socket);
      socket.destroy();
      reject(error);
    };
    const abort = () => give(asError(signal.reason));
    socket.once('secureConnect', () => give());
    socket.once('error', give);
    socket.setTimeout(connectTimeoutMs, () => give(new Error(`no connection to node ${node}`)));
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
