// exec and attach for clients of the kubelet: SPDY passed through or served, WebSocket terminated.
import type { Readable, Writable } from 'node:stream';
import type { Runtime, StreamingRequest, StreamOptions, StreamSession } from '../runtime.ts';
import { SpdyConnection } from '../spdy/connection.ts';
import type { SpdyStream } from '../spdy/stream.ts';
import { upgradeToSpdy } from '../spdy/upgrade.ts';
import { commandResult, ResizeReader, resultText } from './command-result.ts';
import { join } from './join.ts';
import { RefusalError } from './targets.ts';
import type { UpgradeRequest } from './upgrade-request.ts';
import { channelProtocols, WebSocketChannels } from './websocket-channels.ts';

/** Upstream's time for a client to open all its streams. */
const streamCreationTimeoutMs = 30_000;

const spdyProtocols = [
  'v4.channel.k8s.io',
  'v3.channel.k8s.io',
  'v2.channel.k8s.io',
  'channel.k8s.io',
];

export interface RemoteCommand {
  readonly kind: 'exec' | 'attach';
  readonly containerId: string;
  readonly command: readonly string[];
  readonly options: StreamOptions;
}

/** Reads `input`, `output`, `error` and `tty` as the API server sends them. */
export function streamOptions(query: URLSearchParams): StreamOptions {
  const is = (name: string) => query.get(name) === '1' || query.get(name) === 'true';
  const tty = is('tty');
  const options = {
    stdin: is('input'),
    stdout: is('output'),
    // A terminal has one stream for both.
    stderr: is('error') && !tty,
    tty,
  };
  if (!options.stdin && !options.stdout && !options.stderr) {
    throw new RefusalError(400, 'you must specify at least 1 of stdin, stdout, stderr');
  }
  return options;
}

/** Serves one exec or attach to its end; @throws RefusalError before anything is answered */
export async function serveRemoteCommand(
  runtime: Runtime,
  command: RemoteCommand,
  upgrade: UpgradeRequest,
): Promise<void> {
  if (upgrade.isWebSocket) {
    await serveWebSocket(runtime, command, upgrade);
  } else if (!upgrade.isSpdy) {
    throw new RefusalError(400, 'unable to upgrade: missing upgrade headers in request');
  } else if (runtime.streamingUrl !== undefined) {
    const { kind, containerId, options } = command;
    const request: StreamingRequest =
      kind === 'exec'
        ? { kind, containerId, command: command.command, options }
        : { kind, containerId, options };
    await passThrough(await runtime.streamingUrl(request), upgrade);
  } else {
    await serveSpdy(runtime, command, upgrade);
  }
}

/** Joins a SPDY client with the runtime's streaming server, unparsed. */
export async function passThrough(url: string, upgrade: UpgradeRequest): Promise<void> {
  const server = await upgradeToSpdy(url, upgrade.streamProtocols);
  const client = upgrade.switchToSpdy(server.protocol);
  if (server.head.length > 0) server.socket.unshift(server.head);
  if (client.head.length > 0) client.socket.unshift(client.head);
  await join(client.socket, server.socket);
}

function start(runtime: Runtime, command: RemoteCommand): Promise<StreamSession> {
  const { kind, containerId, options } = command;
  return kind === 'exec'
    ? runtime.exec(containerId, command.command, options)
    : runtime.attach(containerId, options);
}

const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;

async function serveWebSocket(
  runtime: Runtime,
  command: RemoteCommand,
  upgrade: UpgradeRequest,
): Promise<void> {
  const protocol = upgrade.negotiate(upgrade.subprotocols, Object.keys(channelProtocols));
  const session = await start(runtime, command);
  try {
    const socket = await upgrade.switchToWebSocket(protocol);
    const resize = new ResizeReader();
    const { stdin, stdout, stderr } = session;
    stdin?.on('error', () => undefined);
    const channels = new WebSocketChannels(socket, protocol, {
      message(number, data) {
        if (number === channel.resize) resize.push(data, (size) => session.resize(size));
        if (number !== channel.stdin || stdin === undefined) return undefined;
        return written(stdin, data);
      },
      end(number) {
        if (number === channel.stdin) stdin?.end();
      },
      close: () => session.close(),
    });
    // An empty message tells the client that the connection stands.
    const first = command.options.stdout ? 'stdout' : command.options.stderr ? 'stderr' : 'error';
    await channels.send(channel[first], new Uint8Array());
    const pump = async (source: Readable | undefined, number: number) => {
      if (source === undefined) return;
      for await (const chunk of source) await channels.send(number, chunk as Uint8Array);
    };
    const [result] = await Promise.all([
      commandResult(session, command.kind, command.command),
      pump(stdout, channel.stdout).catch(() => undefined),
      pump(stderr, channel.stderr).catch(() => undefined),
    ]);
    const text = resultText(result, (channelProtocols[protocol]?.version ?? 1) >= 4);
    if (text !== '') await channels.send(channel.error, Buffer.from(text));
    channels.close();
  } catch (error) {
    session.close();
    throw error;
  }
}

/** Writes, and gives a promise when the writer has to wait for room. */
export function written(stream: Writable, data: Uint8Array): Promise<void> | undefined {
  if (stream.destroyed || stream.writableEnded || data.length === 0) return undefined;
  if (stream.write(data)) return undefined;
  return new Promise((resolve) => {
    const settle = () => {
      stream.off('drain', settle);
      stream.off('close', settle);
      resolve();
    };
    stream.once('drain', settle);
    stream.once('close', settle);
  });
}

async function serveSpdy(
  runtime: Runtime,
  command: RemoteCommand,
  upgrade: UpgradeRequest,
): Promise<void> {
  const protocol = upgrade.negotiate(upgrade.streamProtocols, spdyProtocols);
  const session = await start(runtime, command);
  const { socket, head } = upgrade.switchToSpdy(protocol);
  const { stdin, stdout, stderr, tty } = command.options;
  const hasResize = tty && (protocol.startsWith('v4') || protocol.startsWith('v3'));
  const names = [
    'error',
    ...(stdin ? ['stdin'] : []),
    ...(stdout ? ['stdout'] : []),
    ...(stderr ? ['stderr'] : []),
    ...(hasResize ? ['resize'] : []),
  ];
  const { connection, streams } = await expectStreams(socket, head, names).catch((error) => {
    session.close();
    throw error;
  });
  void connection.closed.then(() => session.close());
  try {
    const input = streams.get('stdin');
    if (input !== undefined) {
      if (session.stdin === undefined) input.resume();
      else input.pipe(session.stdin).on('error', () => undefined);
    }
    const resize = new ResizeReader();
    streams
      .get('resize')
      ?.on('data', (data: Uint8Array) => resize.push(data, (size) => session.resize(size)));
    const pump = async (source: Readable | undefined, name: string) => {
      const target = streams.get(name);
      if (source !== undefined && target !== undefined) {
        for await (const chunk of source) await written(target, chunk as Uint8Array);
      }
      if (target !== undefined) await ended(target);
    };
    const [result] = await Promise.all([
      commandResult(session, command.kind, command.command),
      pump(session.stdout, 'stdout').catch(() => undefined),
      pump(session.stderr, 'stderr').catch(() => undefined),
    ]);
    const error = streams.get('error');
    if (error !== undefined) await ended(error, resultText(result, protocol.startsWith('v4')));
  } finally {
    connection.close();
  }
}

/** Ends our side of a stream and waits until that is on its way. */
export function ended(stream: Writable, text = ''): Promise<void> {
  return new Promise((resolve) => {
    stream.once('close', () => resolve());
    if (text === '') stream.end(() => resolve());
    else stream.end(text, () => resolve());
  });
}

/** Waits until the client has opened all of `names`; others are refused. */
function expectStreams(
  socket: UpgradeRequest['socket'],
  head: Uint8Array,
  names: readonly string[],
): Promise<{ connection: SpdyConnection; streams: Map<string, SpdyStream> }> {
  return new Promise((resolve, reject) => {
    const streams = new Map<string, SpdyStream>();
    const timer = setTimeout(() => connection.destroy(), streamCreationTimeoutMs);
    const connection = new SpdyConnection(socket, {
      side: 'server',
      onStream(stream) {
        const name = stream.headers.streamtype ?? '';
        if (!names.includes(name) || streams.has(name)) {
          stream.refuse();
          return;
        }
        streams.set(name, stream);
        // The head may hold all streams, before `connection` is known: answer a moment later.
        if (streams.size < names.length) return;
        clearTimeout(timer);
        queueMicrotask(() => resolve({ connection, streams }));
      },
      head,
    });
    void connection.closed.then(() => {
      clearTimeout(timer);
      reject(new Error('the client went away before it opened its streams'));
    });
  });
}
