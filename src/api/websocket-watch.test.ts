// Watches over WebSocket against the real API over sockets.
import t from 'tap';
import { type ClientOptions, WebSocket } from 'ws';
import { adminToken, testApi } from './api.fixture.ts';

const api = await testApi();
const server = await api.listen();
t.teardown(async () => {
  await server.close(0);
  api.api.close();
});
const maps = '/api/v1/namespaces/default/configmaps';
const base = `wss://127.0.0.1:${server.addresses[0]?.port}`;
const options: ClientOptions = {
  ca: api.authority.certificate,
  headers: { authorization: `Bearer ${adminToken}` },
};

/** The first `count` messages, and how the connection ended if it did before. */
function messages(socket: WebSocket, count: number): Promise<readonly Record<string, unknown>[]> {
  const seen: Record<string, unknown>[] = [];
  return new Promise((resolve, reject) => {
    socket.on('message', (data, isBinary) => {
      t.notOk(isBinary);
      seen.push(JSON.parse(String(data)));
      if (seen.length === count) resolve(seen);
    });
    socket.on('error', reject);
  });
}

t.test('each event is a text frame', async (t) => {
  await api.call('POST', maps, { metadata: { name: 'a' } });
  const socket = new WebSocket(`${base}${maps}?watch=1`, options);
  const two = messages(socket, 2);
  await new Promise((resolve) => socket.once('message', resolve));
  await api.call('POST', maps, { metadata: { name: 'b' }, data: { k: 'line\nbreak' } });
  t.match(await two, [
    { type: 'ADDED', object: { kind: 'ConfigMap', metadata: { name: 'a' } } },
    { type: 'ADDED', object: { data: { k: 'line\nbreak' }, metadata: { name: 'b' } } },
  ]);
  socket.terminate();
});

t.test('a browser sends its token as a protocol', async (t) => {
  const token = Buffer.from(adminToken).toString('base64url');
  const protocols = [`base64url.bearer.authorization.k8s.io.${token}`, 'json.k8s.io'];
  const { ca } = options;
  const socket = new WebSocket(`${base}${maps}?watch=1`, protocols, { ca });
  t.match(await messages(socket, 1), [{ type: 'ADDED' }]);
  t.equal(socket.protocol, 'json.k8s.io');
  socket.terminate();
});

t.test('it ends when its time is over, and refusals are answers', async (t) => {
  const timed = new WebSocket(`${base}${maps}?watch=1&timeoutSeconds=1`, options);
  t.equal(await new Promise((resolve) => timed.once('close', resolve)), 1000);
  const refused = new WebSocket(`${base}${maps}?watch=1&labelSelector=%3D`, options);
  refused.on('error', () => undefined);
  const status = new Promise((resolve) =>
    refused.once('unexpected-response', (_request, response) => resolve(response.statusCode)),
  );
  t.equal(await status, 400);
  refused.terminate();
});
