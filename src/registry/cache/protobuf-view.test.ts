// Protobuf lists, events and single objects out of the cache: exact bytes, made once per revision.
import t from 'tap';
import { badRequest } from '../../status.ts';
import { decodeStored } from '../schema/encode.ts';
import { createProtobufCodec } from '../schema/protobuf/codec.ts';
import { enveloped } from '../schema/protobuf/envelope.ts';
import { loadTypeTable } from '../schema/table.ts';
import { openList, writeList } from './list.ts';
import { listRequest, openWatch, podStore, settle } from './pods.fixture.ts';
import { protobufView } from './protobuf-view.ts';
import { getBytes, type View } from './representation.ts';
import { RepresentationCache } from './representation-cache.ts';
import { compileSelection } from './selection.ts';
import type { WatchCache } from './watch-cache.ts';

const codec = createProtobufCodec(loadTypeTable());
const pod = 'io.k8s.api.core.v1.Pod';
const statusType = 'io.k8s.apimachinery.pkg.apis.meta.v1.Status';

/** A view that counts how often a message is made, and may be slow or fail for some. */
function podsView(options: { slow?: boolean; failing?: string; cacheBytesMax?: number } = {}) {
  const made: string[] = [];
  const view = protobufView({
    kind: 'Pod',
    apiVersion: 'v1',
    listKind: 'PodList',
    message: new RepresentationCache(options.cacheBytesMax).once('v1/Pod protobuf', (object) => {
      made.push(`${object.header.name}@${object.revision}`);
      if (object.header.name === options.failing) throw badRequest('it cannot be shown');
      const message = codec.encode(pod, decodeStored(object.body));
      return options.slow === true ? Promise.resolve(message) : message;
    }),
    bare: (object) => codec.encode(pod, object),
    status: (status) => codec.encode(statusType, status),
  });
  return { view, made };
}

async function listed(cache: WatchCache, view: View, heldBytesMax = 9999): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const write = (bytes: Uint8Array) => void chunks.push(Buffer.from(bytes)) as undefined;
  await writeList(await openList(cache, listRequest()), view, write, 500, { heldBytesMax });
  return Buffer.concat(chunks);
}

/** The list as it is encoded whole. */
function expected(cache: WatchCache): Buffer {
  const { revision } = cache;
  const items = [...cache.snapshot().range(cache.prefix)].map((object) => {
    const stored = decodeStored(object.body);
    stored.metadata.resourceVersion = String(object.revision);
    return stored;
  });
  const list = { metadata: { resourceVersion: String(revision) }, items };
  const message = codec.encode('io.k8s.api.core.v1.PodList', list);
  return Buffer.from(enveloped('v1', 'PodList', message));
}

t.test('a list is what Go would write, whatever is held between its two walks', async (t) => {
  const { cache, put } = await podStore();
  t.same(await listed(cache, podsView().view), expected(cache), 'of nothing');
  for (let at = 0; at < 40; at++) await put(`d/p${at}`, { labels: { a: 'x'.repeat(at * 9) } });
  for (const slow of [false, true]) {
    for (const held of [100_000, 0, 2000]) {
      const { view, made } = podsView({ slow });
      t.ok((await listed(cache, view, held)).equals(expected(cache)), `${slow} ${held}`);
      t.equal(made.length, 40, 'each is made once');
    }
  }
});

t.test('a list larger than the cache still finds most of itself there', async (t) => {
  const { cache, put } = await podStore();
  for (let at = 0; at < 100; at++) await put(`d/p${at}`, { labels: { a: 'x'.repeat(1000) } });
  const { view, made } = podsView({ cacheBytesMax: 90_000 });
  for (let round = 0; round < 3; round++) await listed(cache, view, 0);
  made.length = 0;
  await listed(cache, view, 1_000_000);
  t.ok(made.length < 60, `${made.length} made anew`);
});

t.test('an object on its own, and one of a dry run', async (t) => {
  const { cache, put } = await podStore();
  const revision = await put('d/p');
  const stored = cache.get(`${cache.prefix}d/p`);
  if (stored === undefined) throw new Error('the pod is not there');
  const { view } = podsView();
  const whole = (resourceVersion: string) => {
    const object = decodeStored(stored.body);
    object.metadata.resourceVersion = resourceVersion;
    return Buffer.from(enveloped('v1', 'Pod', codec.encode(pod, object)));
  };
  t.same(Buffer.from(await getBytes(view, stored)), whole(String(revision)));
  t.same(Buffer.from(await getBytes(view, { ...stored, revision: 0 })), whole(''));
});

t.test('an object that cannot be shown fails before anything is written', async (t) => {
  const { cache, put } = await podStore();
  await put('d/a');
  await put('d/b');
  await t.rejects(listed(cache, podsView({ failing: 'b' }).view), /it cannot be shown/);
});

t.test('a selector shows the state before, though the revision is the new one', async (t) => {
  const { hub, put } = await podStore();
  const { view, made } = podsView();
  const options = { namespace: '', labelSelector: 'a=1', fieldSelector: '' };
  const selection = compileSelection({}, options);
  const chosen = openWatch(hub, { view, selection });
  const all = openWatch(hub, { view });
  await settle();
  await put('d/p', { labels: { a: '1' } });
  await settle();
  const second = await put('d/p', { labels: { a: '2' } });
  await settle();
  t.same(made, [`p@${second - 1}`, `p@${second}`, `p@${second}`]);
  const after = (chunks: readonly Uint8Array[], event: string) => {
    const text = Buffer.concat(chunks).toString('latin1');
    return text.slice(text.indexOf(event));
  };
  // The label's entry in the metadata.
  const label = (value: string) => `Z\x06\n\x01a\x12\x01${value}`;
  t.ok(after(chosen.chunks, 'DELETED').includes(label('1')));
  t.ok(after(all.chunks, 'MODIFIED').includes(label('2')));
  await chosen.stop();
  await all.stop();
});
