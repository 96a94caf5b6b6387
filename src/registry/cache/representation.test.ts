// Checks converted versions: done once per revision, asynchronous or failing ones included.
import t from 'tap';
import { badRequest } from '../../status.ts';
import { openList, writeList } from './list.ts';
import { listRequest, openWatch, podStore, settle } from './pods.fixture.ts';
import { objectView } from './representation.ts';
import { RepresentationCache } from './representation-cache.ts';

const form = { kind: 'Pod', apiVersion: 'v2', listKind: 'PodList', itemsCarryKind: true };

t.test('conversion is done once per revision, whoever asks', async (test) => {
  const { cache, hub, put } = await podStore();
  const cached = new RepresentationCache(10_000);
  for (const slow of [false, true]) {
    let conversions = 0;
    const version = `v${slow}`;
    const view = objectView({
      ...form,
      apiVersion: version,
      convert: cached.once(version, (object) => {
        conversions++;
        const body = Buffer.from(`{"metadata":{"name":"${object.header.name}"},"new":1}`);
        return slow ? Promise.resolve(body) : body;
      }),
    });
    const watches = Array.from({ length: 5 }, () => openWatch(hub, { view, resourceVersion: '' }));
    await settle();
    const before = conversions;
    await put(`d/${version}1`);
    await put(`d/${version}2`);
    await settle();
    for (const watch of watches) {
      test.match(watch.frames().slice(-2), [
        { type: 'ADDED', object: { apiVersion: version, new: 1, metadata: { name: /1$/ } } },
        { type: 'ADDED', object: { apiVersion: version, new: 1, metadata: { name: /2$/ } } },
      ]);
      await watch.stop();
    }
    const chunks: Uint8Array[] = [];
    const answer = await openList(cache, listRequest());
    await writeList(answer, view, (chunk) => void chunks.push(chunk), 100);
    const items = JSON.parse(Buffer.concat(chunks).toString()).items as object[];
    test.match(items.at(-1), { kind: 'Pod', apiVersion: version, new: 1 });
    test.equal(conversions, before + 2);
  }
  test.ok(cached.bytes > 0 && cached.bytes <= 10_000);
});

t.test('one object that cannot be converted fails its list and ends its watch', async (test) => {
  const { cache, hub, put } = await podStore();
  for (const slow of [false, true]) {
    const view = objectView({
      ...form,
      convert(object) {
        const error = badRequest('the webhook said no');
        if (object.header.name !== 'bad') return object.body;
        if (slow) return Promise.reject(error);
        throw error;
      },
    });
    const watch = openWatch(hub, {
      view,
      resourceVersion: '0',
      selection: { namespace: `${slow}` },
    });
    const failing = [1, 2].map(() =>
      openWatch(hub, { view, selection: { namespace: `${slow}` }, resourceVersion: '0' }),
    );
    await put(`${slow}/good`);
    await settle();
    await put(`${slow}/better`);
    await put(`${slow}/bad`);
    for (const each of [watch, ...failing]) {
      await each.ended;
      test.match(each.frames(), [
        { type: 'ADDED' },
        { type: 'ADDED' },
        { type: 'ERROR', object: { message: 'the webhook said no', code: 400 } },
      ]);
    }
    let written = 0;
    const list = writeList(await openList(cache, listRequest()), view, () => void written++, 9999);
    await test.rejects(list, { message: 'the webhook said no' });
    test.equal(written, 0);
  }
  test.equal(hub.size, 0);
});
