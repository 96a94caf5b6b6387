// Negotiation, compression and fairness: how answers look, shrink and wait their turn.
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { acceptsGzip, gzipped, produceBody } from './compression.ts';
import { Fairness, levelLimits } from './fairness.ts';
import { negotiate } from './negotiation.ts';
import { parseRequest } from './request-info.ts';

t.test('the first acceptable form, by quality and order', async (t) => {
  const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
  const cases: readonly [string | undefined, object][] = [
    [undefined, { format: 'json', shape: 'object' }],
    ['*/*', { format: 'json', shape: 'object' }],
    [`${table},application/json`, { shape: 'table' }],
    ['application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json', { shape: 'object' }],
    ['application/json;q=0.1,application/yaml', { format: 'yaml' }],
    ['application/vnd.kubernetes.protobuf,application/json', { format: 'json' }],
    ['application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1', { shape: 'partial' }],
  ];
  for (const [accept, expected] of cases) {
    t.match(negotiate(accept, { table: true, partial: true }, false), expected, accept ?? 'none');
  }
  t.match(negotiate(`${table},application/json`, {}, false), { shape: 'object' });
  for (const accept of ['image/png', 'application/json;q=0', table]) {
    t.throws(() => negotiate(accept, {}, false), /only the following media types/, accept);
  }
});

t.test('large answers are gzipped as they are made', async (t) => {
  t.ok(acceptsGzip('deflate, gzip;q=0.5'));
  t.notOk(acceptsGzip('gzip;q=0'));
  t.notOk(acceptsGzip(undefined));
  const small = await produceBody(async (writer) => void (await writer.write('small')));
  t.equal(Buffer.from(small as Uint8Array).toString(), 'small');
  const chunk = 'x'.repeat(100_000);
  const large = await produceBody(async (writer) => {
    for (let i = 0; i < 5; i++) await writer.write(chunk);
  });
  t.type(large, 'function');
  if (typeof large !== 'function') return;
  const out: Uint8Array[] = [];
  await gzipped(large)({ write: (bytes) => void out.push(Buffer.from(bytes)) as undefined });
  t.equal(gunzipSync(Buffer.concat(out)).toString(), chunk.repeat(5));
  await t.rejects(
    produceBody(async () => {
      throw new Error('early');
    }),
    { message: 'early' },
    'a failure before the first byte can still become a Status',
  );
  const broken = gzipped(async (writer) => {
    await writer.write('x');
    throw new Error('late');
  });
  await t.rejects(broken({ write: () => undefined }), { message: 'late' });
  const gone = gzipped(async (writer) => {
    for (let i = 0; i < 1000; i++) await writer.write(chunk);
  });
  await t.rejects(gone({ write: () => Promise.reject(new Error('gone')) }), { message: 'gone' });
});

t.test('users of one level take turns, and the last gets 429', async (t) => {
  const tight = { seats: 1, queued: 3 };
  const fairness = new Fairness({ ...levelLimits, 'workload-low': tight });
  const info = parseRequest('GET', '/api/v1/namespaces/default/pods');
  if (info === undefined) throw new Error('a path');
  const enter = (name: string, groups: string[] = []) => fairness.enter({ name, groups }, info);
  const order: string[] = [];
  const first = enter('greedy');
  t.equal(first.waiting, undefined);
  const waiters = ['greedy', 'greedy', 'modest'].map((name) => {
    const seat = enter(name);
    return seat.waiting?.then(() => {
      order.push(name);
      seat.leave();
    });
  });
  t.throws(() => enter('late'), /too many requests, please try again later/);
  t.equal(enter('admin', ['system:masters']).waiting, undefined, 'masters never wait');
  t.equal(enter('system:node:n', ['system:nodes']).waiting, undefined, 'nor other levels');
  first.leave();
  await Promise.all(waiters);
  t.same(order, ['greedy', 'modest', 'greedy']);
});
