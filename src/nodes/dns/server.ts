// Listens for DNS queries over UDP and TCP on the node's own address.
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, isIPv6, type Server, type Socket } from 'node:net';
import { describeError, type Logger } from '../../logger.ts';
import { type Query, readQuery, writeReply } from './message.ts';
import type { Resolve } from './resolver.ts';
import { framed } from './upstream.ts';

export interface DnsServerOptions {
  readonly addresses: readonly string[];
  /** 0: one that is free, the same for UDP and TCP of one address. */
  readonly port: number;
  readonly resolve: Resolve;
  readonly logger: Logger;
}

export interface DnsServer {
  /** Of the first address. */
  readonly port: number;
  stop(): Promise<void>;
}

const tcpConnectionsMax = 512;
const tcpIdleMs = 10_000;
/** Queries of one TCP connection that may wait for answers; more are read when some are done. */
const tcpQueriesMax = 64;

/** Starts listening; rejects when a port is taken. */
export async function startDnsServer(options: DnsServerOptions): Promise<DnsServer> {
  const { addresses, resolve, logger } = options;
  const udps: UdpSocket[] = [];
  const tcps: Server[] = [];
  const connections = new Set<Socket>();
  let port = options.port;

  const stop = async () => {
    for (const connection of connections) connection.destroy();
    await Promise.all(tcps.map((server) => new Promise((done) => server.close(done))));
    for (const socket of udps) socket.close();
  };
  try {
    for (const address of addresses) {
      const tcp = createServer((socket) => {
        connections.add(socket);
        socket.once('close', () => connections.delete(socket));
        serveTcp(socket, resolve, logger);
      });
      tcp.maxConnections = tcpConnectionsMax;
      tcp.listen(port, address);
      await once(tcp, 'listening');
      tcps.push(tcp);
      const bound = tcp.address();
      if (bound !== null && typeof bound === 'object') port = bound.port;
      const udp = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
      udp.bind(port, address);
      await once(udp, 'listening');
      udps.push(udp);
      serveUdp(udp, resolve, logger);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, stop };
}

function serveUdp(socket: UdpSocket, resolve: Resolve, logger: Logger): void {
  socket.on('error', (error) => logger.warn('DNS socket', { why: error.message }));
  socket.on('message', (bytes, peer) => {
    void answer(bytes, 'udp', resolve, logger).then((reply) => {
      if (reply === undefined) return;
      try {
        socket.send(reply, peer.port, peer.address, () => undefined);
      } catch {
        // Closed in the meantime.
      }
    });
  });
}

/** Answers go back as they are ready, as RFC 7766 allows. */
function serveTcp(socket: Socket, resolve: Resolve, logger: Logger): void {
  let received = Buffer.alloc(0);
  let waiting = 0;
  socket.setTimeout(tcpIdleMs, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  const read = () => {
    while (waiting < tcpQueriesMax && received.length >= 2) {
      const end = 2 + received.readUInt16BE(0);
      if (received.length < end) break;
      const message = received.subarray(2, end);
      received = received.subarray(end);
      waiting++;
      void answer(message, 'tcp', resolve, logger).then((reply) => {
        waiting--;
        if (socket.destroyed) return;
        if (reply === undefined) return void socket.destroy();
        socket.write(framed(reply));
        if (socket.isPaused()) socket.resume();
        read();
      });
    }
    if (waiting >= tcpQueriesMax) socket.pause();
  };
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    read();
  });
}

async function answer(
  bytes: Buffer,
  transport: 'udp' | 'tcp',
  resolve: Resolve,
  logger: Logger,
): Promise<Buffer | undefined> {
  const query = readQuery(bytes);
  if (query === undefined || Buffer.isBuffer(query)) return query;
  try {
    const reply = await resolve(query, transport);
    return Buffer.isBuffer(reply) ? reply : writeReply(query, reply, transport);
  } catch (error) {
    logger.warn('cannot answer a query', { name: query.name, why: describeError(error) });
    return failure(query, transport);
  }
}

function failure(query: Query, transport: 'udp' | 'tcp'): Buffer | undefined {
  try {
    return writeReply(query, { rcode: 'SERVFAIL' }, transport);
  } catch {
    return undefined;
  }
}
