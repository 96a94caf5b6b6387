// Passes queries on to the machine's own resolvers; fails at once where none can be reached.
import { createSocket } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import { connect, isIP, isIPv6 } from 'node:net';
import type { Clock } from '../../clock.ts';

/** Asks upstream; undefined when nobody answers. */
export interface Upstream {
  ask(query: Buffer, transport: 'udp' | 'tcp'): Promise<Buffer | undefined>;
}

export interface UpstreamOptions {
  readonly clock: Clock;
  /** Its nameservers are asked in turn; read again when it has not been for 30 s. */
  readonly resolvConf: string;
  /** Addresses that lead back to us. */
  readonly isOwn: (address: string) => boolean;
  /** Wall time for one server; default 2 s. */
  readonly timeoutMs?: number;
  /** The servers' port; default 53. */
  readonly port?: number;
}

const queriesMax = 1000;
const rereadMs = 30_000;
/** A server that did not answer is left alone this long, so that clients are told at once. */
const restMs = 5_000;
const defaultTimeoutMs = 2_000;

export function createUpstream(options: UpstreamOptions): Upstream {
  const { clock, isOwn, resolvConf, timeoutMs = defaultTimeoutMs, port = 53 } = options;
  const restsUntilMs = new Map<string, number>();
  let servers: readonly string[] = [];
  let readMs = Number.NEGATIVE_INFINITY;
  let queries = 0;

  const current = async () => {
    if (clock.nowMs() - readMs >= rereadMs) {
      readMs = clock.nowMs();
      servers = nameservers(await readFile(resolvConf, 'utf8').catch(() => '')).filter(
        (address) => !isOwn(address),
      );
    }
    return servers;
  };
  return {
    async ask(query, transport) {
      if (queries >= queriesMax) return undefined;
      queries++;
      try {
        for (const server of await current()) {
          if ((restsUntilMs.get(server) ?? 0) > clock.nowMs()) continue;
          const ask = transport === 'udp' ? askUdp : askTcp;
          const answer = await ask(server, port, query, timeoutMs).catch(() => undefined);
          if (answer !== undefined) {
            restsUntilMs.delete(server);
            return answer;
          }
          restsUntilMs.set(server, clock.nowMs() + restMs);
        }
        return undefined;
      } finally {
        queries--;
      }
    },
  };
}

/** The `nameserver` lines of a resolv.conf. */
export function nameservers(text: string): readonly string[] {
  return [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)]
    .map((match) => match[1] ?? '')
    .filter((address) => isIP(address.split('%')[0] ?? '') !== 0);
}

/** Over a connected socket, so that "no route" and "port unreachable" are told at once. */
function askUdp(server: string, port: number, query: Buffer, timeoutMs: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIPv6(server) ? 'udp6' : 'udp4');
    let ended = false;
    const end = (outcome: () => void) => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      socket.close();
      outcome();
    };
    const timer = setTimeout(() => end(() => reject(new Error('timeout'))), timeoutMs);
    socket.on('error', (error) => end(() => reject(error)));
    socket.on('message', (answer) => {
      // Someone else's answer (a late one, a forged one) is not ours.
      if (answer.length < 12 || answer.readUInt16BE(0) !== query.readUInt16BE(0)) return;
      end(() => resolve(answer));
    });
    socket.connect(port, server, () => socket.send(query));
  });
}

function askTcp(server: string, port: number, query: Buffer, timeoutMs: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server, port });
    let received: Buffer = Buffer.alloc(0);
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error('timeout')));
    socket.on('error', reject);
    socket.once('close', () => reject(new Error('closed without an answer')));
    socket.once('connect', () => socket.write(framed(query)));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
      resolve(received.subarray(2, 2 + received.readUInt16BE(0)));
      socket.destroy();
    });
  });
}

/** A message as it travels over TCP: its length first. */
export function framed(message: Uint8Array): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}
