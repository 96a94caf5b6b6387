// What tests use to talk to a kubelet's port: certificates, requests, WebSocket and SPDY clients.
import type { IncomingMessage } from 'node:http';
import { request as secureRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocket } from 'ws';
import { createAuthority, issueCertificate, type KeyPair } from '../../certificates.ts';
import { systemClock } from '../../clock.ts';
import { silentLogger } from '../../logger.ts';
import type { Pod } from '../../objects.ts';
import { SpdyConnection } from '../spdy/connection.ts';
import { readText } from '../spdy/upgrade.ts';
import { type KubeletServer, type KubeletServerOptions, startKubeletServer } from './server.ts';

export interface TestKubelet {
  readonly server: KubeletServer;
  readonly authority: KeyPair;
  /** The API server's identity, as CA, certificate and key of a client. */
  readonly admin: { readonly ca: string; readonly cert: string; readonly key: string };
}

const hourMs = 3_600_000;

export async function startTestKubelet(
  options: Pick<KubeletServerOptions, 'runtime'> & Partial<KubeletServerOptions>,
  pods: readonly Pod[],
): Promise<TestKubelet> {
  const authority = await createAuthority('test', systemClock);
  const serving = await issueCertificate(
    authority,
    {
      commonName: 'system:node:test',
      ipAddresses: ['127.0.0.1'],
      usages: ['server'],
      durationMs: hourMs,
    },
    systemClock,
  );
  const client = await issueCertificate(
    authority,
    {
      commonName: 'kube-apiserver-kubelet-client',
      organizations: ['system:masters'],
      usages: ['client'],
      durationMs: hourMs,
    },
    systemClock,
  );
  const server = await startKubeletServer({
    tls: { ...serving, clientAuthority: authority.certificate },
    address: '127.0.0.1',
    port: 0,
    nodeName: 'test',
    pods: {
      pods: () => pods,
      pod: (namespace, name) =>
        pods.find(({ metadata }) => metadata?.namespace === namespace && metadata.name === name),
    },
    authenticateToken: async () => undefined,
    authorize: async (user) => user.groups.includes('system:masters'),
    clock: systemClock,
    logger: silentLogger,
    ...options,
  });
  const admin = { ca: authority.certificate, cert: client.certificate, key: client.key };
  return { server, authority, admin };
}

export interface TestAnswer {
  readonly status: number;
  readonly body: string;
}

/** One plain request. */
export async function call(
  { server, admin }: TestKubelet,
  path: string,
  options: { readonly method?: string; readonly token?: string; readonly anonymous?: boolean } = {},
): Promise<TestAnswer> {
  const response = await respond({ server, admin }, path, options);
  return { status: response.statusCode ?? 0, body: await readText(response, 1 << 20) };
}

/** As `call`, but gives the answer while its body still comes. */
export function respond(
  { server, admin }: Pick<TestKubelet, 'server' | 'admin'>,
  path: string,
  options: { readonly method?: string; readonly token?: string; readonly anonymous?: boolean } = {},
): Promise<IncomingMessage> {
  const { method = 'GET', token } = options;
  const identity = token !== undefined || options.anonymous === true ? { ca: admin.ca } : admin;
  return new Promise((resolve, reject) => {
    const asked = secureRequest({
      host: '127.0.0.1',
      port: server.port,
      path,
      method,
      agent: false,
      ...identity,
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    asked.once('response', resolve).once('error', reject);
    asked.end();
  });
}

export interface ChannelSession {
  readonly socket: WebSocket;
  /** What came on each channel so far. */
  readonly received: Map<number, Buffer>;
  readonly closed: Promise<void>;
}

/** Opens a WebSocket and gathers what comes by channel; rejects when it is refused. */
export function openChannels(
  { server, admin }: TestKubelet,
  path: string,
  protocol: string,
): Promise<ChannelSession> {
  const socket = new WebSocket(`wss://127.0.0.1:${server.port}${path}`, [protocol], admin);
  const received = new Map<number, Buffer>();
  socket.on('message', (message: Buffer) => {
    const isText = protocol.includes('base64');
    const channel = isText ? (message[0] ?? 0) - 0x30 : (message[0] ?? 0);
    const data = isText
      ? Buffer.from(message.toString('latin1', 1), 'base64')
      : message.subarray(1);
    received.set(channel, Buffer.concat([received.get(channel) ?? Buffer.alloc(0), data]));
  });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('open', () => resolve({ socket, received, closed }));
    socket.once('unexpected-response', (_request, response) => {
      void readText(response, 4096).then((body) => {
        reject(new Error(`${response.statusCode} ${body}`));
      });
    });
  });
}

/** Upgrades to SPDY as kubectl does, with the API server's identity. */
export async function openSpdy(
  kubelet: TestKubelet,
  path: string,
  protocol: string,
): Promise<SpdyConnection> {
  const headers = { Upgrade: 'SPDY/3.1', 'X-Stream-Protocol-Version': protocol };
  const { socket, head } = await upgrade(kubelet, path, headers);
  return new SpdyConnection(socket, { side: 'client', head });
}

/** SPDY within WebSocket messages, as kubectl port-forward does (KEP-4006). */
export async function openTunnel(kubelet: TestKubelet, path: string): Promise<SpdyConnection> {
  const { socket, head } = await upgrade(kubelet, path, {
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': Buffer.alloc(16, 7).toString('base64'),
    'Sec-WebSocket-Protocol': 'SPDY/3.1+portforward.k8s.io',
  });
  // The client of `ws` refuses this protocol's name, so it is given the finished connection.
  const webSocket = Reflect.construct(WebSocket, [null, undefined, {}]) as WebSocket;
  const inner = webSocket as unknown as {
    _isServer: boolean;
    setSocket(socket: Duplex, head: Buffer, options: object): void;
  };
  inner._isServer = false;
  inner.setSocket(socket, head, { maxPayload: 1 << 24 });
  return new SpdyConnection(createWebSocketStream(webSocket), { side: 'client' });
}

function upgrade(
  { server, admin }: TestKubelet,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<{ socket: Duplex; head: Buffer }> {
  return new Promise((resolve, reject) => {
    const asked = secureRequest({
      host: '127.0.0.1',
      port: server.port,
      path,
      method: headers.Upgrade === 'websocket' ? 'GET' : 'POST',
      agent: false,
      ...admin,
      headers: { Connection: 'Upgrade', ...headers },
    });
    asked.once('error', reject);
    asked.once('upgrade', (_response, socket: Duplex, head: Buffer) => resolve({ socket, head }));
    asked.once('response', (response) => {
      void readText(response, 4096).then((body) => {
        reject(new Error(`${response.statusCode} ${body}`));
      });
    });
    asked.end();
  });
}
