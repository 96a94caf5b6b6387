// Compression and fairness: how answers shrink and wait their turn.
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { acceptsGzip, gzipped, produceBody } from './compression.ts';
import { Fairness, levelLimits } from './fairness.ts';
import { parseRequest } from './request-info.ts';

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
