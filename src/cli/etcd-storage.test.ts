// Servers on etcd: two over TLS see each other, neither overwrites the other; one without etcd says so.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { createAuthority, issueCertificate } from '../certificates.ts';
import { systemClock } from '../clock.ts';
import { startEtcd } from '../storage/etcd/test-server.ts';
import { freePort, startServerProcess } from './server.fixture.ts';

const maps = '/api/v1/namespaces/default/configmaps';

/** PEM files of an authority and of one pair that serves both ends. */
async function writeKeys(directory: string) {
  const authority = await createAuthority('test-etcd', systemClock);
  const pair = await issueCertificate(
    authority,
    {
      commonName: 'etcd',
      ipAddresses: ['127.0.0.1'],
      usages: ['server', 'client'],
      durationMs: 3_600_000,
    },
    systemClock,
  );
  const write = async (name: string, text: string) => {
    await writeFile(join(directory, name), text);
    return join(directory, name);
  };
  return {
    ca: await write('ca.crt', authority.certificate),
    certificate: await write('etcd.crt', pair.certificate),
    key: await write('etcd.key', pair.key),
  };
}

t.test('two servers on one etcd', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'coracle-etcd-tls-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const keys = await writeKeys(directory);
  const etcd = await startEtcd(keys);
  t.teardown(() => etcd.stop());
  const flags = [
    ...['--storage', `etcds://${etcd.endpoint}`],
    ...['--etcd-cafile', keys.ca],
    ...['--etcd-certfile', keys.certificate, '--etcd-keyfile', keys.key],
  ];
  const start = async () => {
    const dataDirectory = await mkdtemp(join(tmpdir(), 'coracle-two-'));
    t.teardown(() => rm(dataDirectory, { recursive: true, force: true }));
    const ports = { port: await freePort(), insecurePort: await freePort() };
    const server = await startServerProcess({ dataDirectory, flags, ...ports });
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

t.test('a server whose etcd cannot be reached says so and ends', async (t) => {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'coracle-no-etcd-'));
  t.teardown(() => rm(dataDirectory, { recursive: true, force: true }));
  const ports = { port: await freePort(), insecurePort: await freePort() };
  const flags = ['--storage', `etcd://127.0.0.1:${await freePort()}`];
  const started = startServerProcess({ dataDirectory, flags, ...ports });
  await t.rejects(started, { message: /ended with 1: .*etcd cannot be reached: .*ECONNREFUSED/ });
});

t.test('a certificate for etcd needs its key', async (t) => {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'coracle-no-key-'));
  t.teardown(() => rm(dataDirectory, { recursive: true, force: true }));
  const ports = { port: await freePort(), insecurePort: await freePort() };
  const flags = ['--storage', 'etcds://127.0.0.1:1', '--etcd-certfile', 'etcd.crt'];
  const started = startServerProcess({ dataDirectory, flags, ...ports });
  await t.rejects(started, { message: /ended with 2: .*--etcd-keyfile need each other/ });
});
