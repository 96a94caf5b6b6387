// Two servers on one etcd: each sees what the other writes, and neither overwrites the other.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { startEtcd } from '../storage/etcd/test-server.ts';
import { freePort, startServerProcess } from './server.fixture.ts';

const maps = '/api/v1/namespaces/default/configmaps';

t.test('two servers on one etcd', async (t) => {
  const etcd = await startEtcd();
  t.teardown(() => etcd.stop());
  const storage = `etcd://${etcd.endpoint}`;
  const start = async () => {
    const dataDirectory = await mkdtemp(join(tmpdir(), 'coracle-two-'));
    t.teardown(() => rm(dataDirectory, { recursive: true, force: true }));
    const ports = { port: await freePort(), insecurePort: await freePort() };
    const server = await startServerProcess({ dataDirectory, storage, ...ports });
    t.teardown(() => server.kill('SIGTERM'));
    return server;
  };
  const [a, b] = await Promise.all([start(), start()]);

  const created = await a.call('POST', maps, { metadata: { name: 'x' }, data: { by: 'a' } });
  t.equal(created.status, 201);
  const read = await b.call('GET', `${maps}/x`);
  t.same(read.body, created.body, 'a read at the other is up to date at once');
  const list = await b.call('GET', maps);
  t.match(list.body, { items: [{ metadata: { name: 'x' } }] });
  t.equal((await b.call('POST', maps, { metadata: { name: 'x' } })).status, 409);

  const { resourceVersion } = (created.body as { metadata: { resourceVersion: string } }).metadata;
  const events = a.lines(`${maps}?watch=1&resourceVersion=${resourceVersion}`);
  const seen = (async () => {
    const types: string[] = [];
    for await (const line of events) {
      const { type, object } = JSON.parse(line);
      types.push(`${type} ${object.data?.by}`);
      if (type === 'DELETED') break;
    }
    return types;
  })();
  const put = (by: string) => ({ metadata: { name: 'x', resourceVersion }, data: { by } });
  t.equal((await b.call('PUT', `${maps}/x`, put('b'))).status, 200);
  t.equal((await a.call('PUT', `${maps}/x`, put('late'))).status, 409, 'a stale write loses');

  // Increments from both sides at once: none is lost.
  const add = async (server: typeof a) => {
    for (let done = 0; done < 10; ) {
      const now = (await server.call('GET', `${maps}/x`)).body as {
        metadata: object;
        data: { n?: string };
      };
      const data = { by: 'b', n: String(Number(now.data.n ?? 0) + 1) };
      const answer = await server.call('PUT', `${maps}/x`, { metadata: now.metadata, data });
      if (answer.status === 200) done++;
    }
  };
  await Promise.all([add(a), add(b)]);
  t.match((await a.call('GET', `${maps}/x`)).body, { data: { n: '20' } });

  t.equal((await b.call('DELETE', `${maps}/x`)).status, 200);
  t.equal((await a.call('GET', `${maps}/x`)).status, 404);
  const types = await seen;
  t.equal(types[0], 'MODIFIED b');
  t.equal(types.length, 22, 'the watch at the other server saw every change');
});
