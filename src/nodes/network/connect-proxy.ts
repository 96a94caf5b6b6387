// Answers HTTP CONNECT on the agent's port: the server's only way to this node's pods.
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { familyOf, rangeMatcher } from './addresses.ts';

export interface ConnectProxyOptions {
  /** This node's pod ranges, as they are now; nothing else is ever dialled. */
  readonly podRanges: () => readonly string[];
  /** How long a pod may take to accept, in wall time; default 10 s. */
  readonly timeoutMs?: number;
  /** Default 1,000. */
  readonly connectionsMax?: number;
}

/**
 * Serves one CONNECT: dials `target` (`address:port`) and joins the two sockets. The caller has
 * authenticated the peer as the server.
 *
 * @param head what came after the request's headers
 */
export type HandleConnect = (target: string, socket: Duplex, head?: Uint8Array) => void;

export function createConnectProxy(options: ConnectProxyOptions): HandleConnect {
  const { podRanges, timeoutMs = 10_000, connectionsMax = 1000 } = options;
  let connections = 0;
  return (target, socket, head = new Uint8Array()) => {
    socket.on('error', () => socket.destroy());
    const place = parseTarget(target);
    if (place === undefined) return refuse(socket, '400 Bad Request', 'not an address and a port');
    if (!rangeMatcher(podRanges())(place.host)) {
      return refuse(socket, '403 Forbidden', `${place.host} is no pod of this node`);
    }
    if (connections >= connectionsMax) {
      return refuse(socket, '503 Service Unavailable', 'too many connections');
    }
    connections++;
    const pod = connect({ host: place.host, port: place.port, allowHalfOpen: true });
    let joined = false;
    pod.setTimeout(timeoutMs, () => pod.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    pod.once('connect', () => {
      joined = true;
      pod.setTimeout(0);
      pod.setNoDelay(true);
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      if (head.length > 0) pod.write(head);
      socket.pipe(pod);
      pod.pipe(socket);
    });
    pod.on('error', (error) => {
      if (joined) socket.destroy();
      else refuse(socket, '502 Bad Gateway', error.message);
    });
    pod.once('close', () => {
      connections--;
      if (joined && pod.errored === null) socket.end();
    });
    socket.once('close', () => pod.destroy());
  };
}

function parseTarget(target: string): { host: string; port: number } | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(target);
  const host = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3]);
  return familyOf(host) !== undefined && port >= 1 && port <= 65535 ? { host, port } : undefined;
}

function refuse(socket: Duplex, status: string, why: string): void {
  const body = `${why}\n`;
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
