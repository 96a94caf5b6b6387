// port-forward for clients of the kubelet: SPDY, SPDY tunnelled in WebSocket, and WebSocket channels.
import type { Duplex } from 'node:stream';
import type { Runtime } from '../runtime.ts';
import { SpdyConnection } from '../spdy/connection.ts';
import type { SpdyStream } from '../spdy/stream.ts';
import { upgradeToSpdy } from '../spdy/upgrade.ts';
import { join } from './join.ts';
import { ended, passThrough, written } from './remote-command.ts';
import { RefusalError } from './targets.ts';
import type { UpgradeRequest } from './upgrade-request.ts';
import { WebSocketChannels } from './websocket-channels.ts';

export const portForwardProtocol = 'portforward.k8s.io';
/** KEP-4006: the bytes of a SPDY connection in binary messages. */
export const tunnelProtocol = `SPDY/3.1+${portForwardProtocol}`;
const channelProtocols = ['', 'v4.channel.k8s.io', 'v4.base64.channel.k8s.io'];
const portsMax = 100;

/** Serves port-forward to its end; @throws RefusalError before anything is answered */
export async function servePortForward(
  runtime: Runtime,
  sandboxId: string,
  query: URLSearchParams,
  upgrade: UpgradeRequest,
): Promise<void> {
  if (upgrade.isWebSocket) {
    const accepted = [tunnelProtocol, ...channelProtocols];
    const protocol = upgrade.negotiate(upgrade.subprotocols, accepted);
    if (protocol === tunnelProtocol) await serveTunnel(runtime, sandboxId, upgrade);
    else await serveChannels(runtime, sandboxId, parsePorts(query), protocol, upgrade);
    return;
  }
  if (!upgrade.isSpdy) {
    throw new RefusalError(400, 'unable to upgrade: missing upgrade headers in request');
  }
  if (runtime.streamingUrl !== undefined) {
    const request = { kind: 'portForward', sandboxId, ports: [] } as const;
    await passThrough(await runtime.streamingUrl(request), upgrade);
    return;
  }
  const protocol = upgrade.negotiate(upgrade.streamProtocols, [portForwardProtocol]);
  const { socket, head } = upgrade.switchToSpdy(protocol);
  await serveStreams(runtime, sandboxId, socket, head);
}

/** `port=80&port=81,82`, as upstream reads it; @throws RefusalError */
function parsePorts(query: URLSearchParams): readonly number[] {
  const texts = query.getAll('port').flatMap((each) => each.split(','));
  if (texts.length === 0) {
    throw new RefusalError(400, 'query parameter "port" is required');
  }
  if (texts.length > portsMax) throw new RefusalError(400, 'too many ports');
  return texts.map((text) => {
    const port = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isNaN(port)) {
      throw new RefusalError(400, `unable to parse ${JSON.stringify(text)} as a port`);
    }
    if (port < 1 || port > 65_535) throw new RefusalError(400, `port ${text} must be > 0`);
    return port;
  });
}

async function serveTunnel(
  runtime: Runtime,
  sandboxId: string,
  upgrade: UpgradeRequest,
): Promise<void> {
  const { createWebSocketStream } = await import('ws');
  if (runtime.streamingUrl === undefined) {
    const tunnel = createWebSocketStream(await upgrade.switchToWebSocket(tunnelProtocol));
    await serveStreams(runtime, sandboxId, tunnel, new Uint8Array());
    return;
  }
  const url = await runtime.streamingUrl({ kind: 'portForward', sandboxId, ports: [] });
  const { socket, head } = await upgradeToSpdy(url, [portForwardProtocol]);
  if (head.length > 0) socket.unshift(head);
  try {
    const webSocket = await upgrade.switchToWebSocket(tunnelProtocol);
    await join(createWebSocketStream(webSocket), socket);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

interface StreamPair {
  error?: SpdyStream;
  data?: SpdyStream;
}

/** Serves SPDY streams in pairs of equal request id: data, and one for what goes wrong. */
async function serveStreams(
  runtime: Runtime,
  sandboxId: string,
  socket: Duplex,
  head: Uint8Array,
): Promise<void> {
  const pairs = new Map<string, StreamPair>();
  const connection = new SpdyConnection(socket, {
    side: 'server',
    head,
    onStream(stream) {
      const { streamtype: type, port = '', requestid: id = '' } = stream.headers;
      const number = /^\d{1,5}$/.test(port) ? Number(port) : 0;
      const pair = pairs.get(id) ?? {};
      const isKnown = type === 'error' || type === 'data';
      if (!isKnown || pair[type] !== undefined || number < 1 || number > 65_535) {
        stream.refuse();
        return;
      }
      pair[type] = stream;
      pairs.set(id, pair);
      stream.once('close', () => pairs.delete(id));
      const { data, error } = pair;
      if (data === undefined || error === undefined) return;
      void forwardPair(runtime, sandboxId, number, data, error);
    },
  });
  await connection.closed;
}

async function forwardPair(
  runtime: Runtime,
  sandboxId: string,
  port: number,
  data: SpdyStream,
  error: SpdyStream,
): Promise<void> {
  error.resume();
  try {
    const target = await runtime.portForward(sandboxId, port);
    await join(data, target);
    if (target.errored !== null) throw target.errored;
    await ended(error);
  } catch (reason) {
    await ended(error, portForwardFailure(port, sandboxId, reason));
    data.destroy();
  }
}

function portForwardFailure(port: number, sandboxId: string, reason: unknown): string {
  const why = reason instanceof Error ? reason.message : String(reason);
  return `error forwarding port ${port} to pod ${sandboxId}, uid : ${why}`;
}

/** Before KEP-4006: two channels for each port of the query, data and error. */
async function serveChannels(
  runtime: Runtime,
  sandboxId: string,
  ports: readonly number[],
  protocol: string,
  upgrade: UpgradeRequest,
): Promise<void> {
  const targets: (Duplex | undefined)[] = ports.map(() => undefined);
  const webSocket = await upgrade.switchToWebSocket(protocol);
  webSocket.pause();
  const channels = new WebSocketChannels(webSocket, protocol, {
    message(number, bytes) {
      const target = number % 2 === 0 ? targets[number / 2] : undefined;
      return target === undefined ? undefined : written(target, bytes);
    },
    end: () => undefined,
    close() {
      for (const target of targets) target?.destroy();
    },
  });
  await Promise.all(
    ports.map(async (port, i) => {
      const number = Buffer.alloc(2);
      number.writeUInt16LE(port);
      await channels.send(2 * i, number);
      await channels.send(2 * i + 1, number);
    }),
  );
  const forwarding = ports.map(async (port, i) => {
    const target = await runtime.portForward(sandboxId, port);
    targets[i] = target;
    target.on('error', () => undefined);
    return target;
  });
  const opened = await Promise.allSettled(forwarding);
  webSocket.resume();
  await Promise.all(
    opened.map(async (result, i) => {
      try {
        if (result.status === 'rejected') throw result.reason;
        for await (const chunk of result.value) await channels.send(2 * i, chunk as Uint8Array);
      } catch (reason) {
        const text = portForwardFailure(ports[i] ?? 0, sandboxId, reason);
        await channels.send(2 * i + 1, Buffer.from(text));
      }
    }),
  );
  channels.close();
}
