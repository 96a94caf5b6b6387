// A pod's log over a WebSocket, through the real API over sockets, from an agent that tells its path.
import t from 'tap';
import { WebSocket } from 'ws';
import { adminToken, testApi } from '../api.fixture.ts';
import type { Dialer } from '../dialer.ts';

const dialer: Dialer = {
  request: (_to, { url }) =>
    Promise.resolve({
      status: 200,
      headers: {},
      body: (async function* () {
        yield Buffer.from(`of ${url}\n`);
        yield Buffer.from([0xff, 0x0a]);
      })(),
    }),
  connect: () => Promise.reject(new Error('nothing is upgraded here')),
};
const { api, call, authority, listen } = await testApi({ dialer });
const server = await listen();
t.teardown(async () => {
  await server.close(0);
  api.close();
});

const core = '/api/v1/namespaces/default';
await call('POST', '/api/v1/nodes', { metadata: { name: 'n' } });
await call('PUT', '/api/v1/nodes/n/status', {
  metadata: { name: 'n' },
  status: {
    addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
  },
});
await call('POST', `${core}/serviceaccounts`, { metadata: { name: 'default' } });
const spec = { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] };
await call('POST', `${core}/pods`, { metadata: { name: 'p' }, spec });

const url = `wss://127.0.0.1:${server.addresses[0]?.port}${core}/pods/p/log?tailLines=5`;
const options = {
  ca: authority.certificate,
  headers: { authorization: `Bearer ${adminToken}` },
};
const text = 'of /containerLogs/default/p/c?tailLines=5\n';

function open(protocols: readonly string[]): Promise<readonly [readonly Buffer[], boolean]> {
  const socket = new WebSocket(url, [...protocols], options);
  const seen: Buffer[] = [];
  let binary = false;
  return new Promise((resolve, reject) => {
    socket.on('message', (data: Buffer, isBinary) => {
      seen.push(data);
      binary = isBinary;
    });
    socket.on('close', () => resolve([seen, binary]));
    socket.on('error', reject);
  });
}

t.test('bytes as they are, after an empty message', async (t) => {
  for (const protocols of [['binary.k8s.io'], []]) {
    const [[first, ...rest], binary] = await open(protocols);
    t.equal(first?.length, 0);
    t.ok(binary);
    t.same(Buffer.concat(rest), Buffer.concat([Buffer.from(text), Buffer.from([0xff, 0x0a])]));
  }
});

t.test('base64 in text', async (t) => {
  const [messages, binary] = await open(['base64.binary.k8s.io']);
  t.notOk(binary);
  t.same(messages.map(String), ['', Buffer.from(text).toString('base64'), '/wo=']);
});

t.test('unknown protocols are refused', async (t) => {
  await t.rejects(open(['smoke.signals']), /Unexpected server response: 400/);
});
