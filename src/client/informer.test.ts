// Tests the store, the reflector's paths and the work queue on a virtual clock.
import t from 'tap';
import { VirtualClock } from '../clock.ts';
import type { ConfigMap } from '../objects.ts';
import { seededRandom } from '../random.ts';
import { createDirectTransport, type HandlerRequest, type HandlerWriter } from './direct.ts';
import { ObjectStore } from './object-store.ts';
import { configMaps } from './resource-ref.ts';
import { createClient } from './rest-client.ts';
import { createInformer } from './shared-informer.ts';
import { createWorkQueue } from './work-queue.ts';

function configMap(name: string, resourceVersion: string, uid = name): ConfigMap {
  return { metadata: { name, namespace: 'a', resourceVersion, uid } };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A scripted watch endpoint: the wire protocol, not the API. */
function scripted(watchList: 'taken' | 'refused' | 'failing') {
  const urls: string[] = [];
  let writer: HandlerWriter | undefined;
  let finish: () => void = () => undefined;
  const state = { listed: [configMap('x', '1')], gone: false };
  const handler = async (request: HandlerRequest) => {
    urls.push(request.url);
    const url = new URL(request.url, 'http://x');
    if (!url.searchParams.has('watch')) {
      const body = JSON.stringify({ metadata: { resourceVersion: '5' }, items: state.listed });
      return { status: 200, headers: {}, body };
    }
    const initial = url.searchParams.has('sendInitialEvents');
    if (initial && watchList === 'refused') {
      return { status: 422, headers: {}, body: 'unknown parameter' };
    }
    if (initial && watchList === 'failing') {
      // As kube-apiserver does before an etcd that cannot tell its progress.
      const object = { kind: 'Status', code: 500, reason: 'InternalError', message: 'no progress' };
      return { status: 200, headers: {}, body: `${JSON.stringify({ type: 'ERROR', object })}\n` };
    }
    if (state.gone) {
      state.gone = false;
      const status = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' };
      return { status: 410, headers: {}, body: JSON.stringify(status) };
    }
    const body = async (out: HandlerWriter) => {
      writer = out;
      if (initial) {
        for (const object of state.listed) send('ADDED', object);
        const annotations = { 'k8s.io/initial-events-end': 'true' };
        send('BOOKMARK', { metadata: { resourceVersion: '5', annotations } });
      }
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
    };
    return { status: 200, headers: {}, body };
  };
  const send = (type: string, object: ConfigMap) => {
    void writer?.write(`${JSON.stringify({ type, object })}\n`)?.catch(() => undefined);
  };
  return { handler, urls, send, state, end: () => finish() };
}

for (const watchList of ['taken', 'refused', 'failing'] as const) {
  t.test(`an informer syncs, follows, resumes and relists; watch-list ${watchList}`, async (t) => {
    const server = scripted(watchList);
    const clock = new VirtualClock();
    const client = createClient(createDirectTransport(server.handler), { userAgent: 'test' });
    const informer = createInformer(client, configMaps, { clock, random: seededRandom(1) });
    const seen: string[] = [];
    informer.subscribe({
      add: (object) => seen.push(`+${object.metadata?.name}`),
      update: (next) => seen.push(`~${next.metadata?.name}`),
      delete: (last) => seen.push(`-${last.metadata?.name}`),
    });
    informer.start();
    t.equal(informer.pending(), 1);
    await informer.synced();
    await turn();
    t.equal(informer.pending(), 0);
    server.send('ADDED', configMap('y', '6'));
    server.send('MODIFIED', configMap('y', '7'));
    server.send('DELETED', configMap('x', '8'));
    await turn();
    t.same(seen, ['+x', '+y', '~y', '-x']);
    t.throws(() => Object.assign(informer.get('a', 'y') ?? {}, { kind: 'z' }), TypeError);
    server.end();
    await clock.advance(1000);
    t.match(server.urls.at(-1), /resourceVersion=8/, 'resumes where it was');
    server.state.gone = true;
    server.state.listed = [configMap('y', '9', 'other')];
    server.end();
    await clock.advance(60_000);
    t.same(seen.slice(4), ['-y', '+y'], 'the same name with another uid is another object');
    t.equal(informer.hasSynced, true);
    await informer.stop();
  });
}

t.test('a store finds by namespace and index, and forgets', async (t) => {
  const store = new ObjectStore<ConfigMap>();
  store.set('a/x', configMap('x', '1', 'one'));
  store.addIndexers({ uid: (object) => [object.metadata?.uid ?? ''] });
  store.set('a/y', configMap('y', '1', 'one'));
  t.equal(store.byIndex('uid', 'one').length, 2);
  store.set('a/y', configMap('y', '2', 'two'));
  t.equal(store.byIndex('uid', 'one').length, 1);
  store.delete('a/x');
  t.same(
    store.list('a').map((each) => each.metadata?.name),
    ['y'],
  );
  t.same(store.byIndex('uid', 'one'), []);
  t.throws(() => store.byIndex('none', ''), RangeError);
});

t.test('a queue holds a key once, and again after it changed while worked on', async (t) => {
  const queue = createWorkQueue({ clock: new VirtualClock() });
  queue.add('a');
  queue.add('a');
  queue.add('b');
  t.equal(await queue.get(), 'a');
  queue.add('a');
  queue.add('a');
  t.equal(queue.pending(), 2);
  t.equal(await queue.get(), 'b');
  queue.done('a');
  t.equal(await queue.get(), 'a');
  queue.done('a');
  queue.done('b');
  t.equal(queue.pending(), 0);
  const waiting = queue.get();
  queue.close();
  t.equal(await waiting, undefined);
});

t.test('a queue delays: the earlier holds, retries double, forget resets', async (t) => {
  const clock = new VirtualClock();
  const queue = createWorkQueue({ clock });
  queue.addAfter('a', 1000);
  queue.addAfter('a', 100);
  queue.addAfter('a', 500);
  await clock.advance(100);
  t.equal(queue.length, 1);
  t.equal(queue.delayed, 0);
  await queue.get();
  queue.done('a');
  for (const delayMs of [5, 10, 20, 40]) {
    queue.addRateLimited('a');
    await clock.advance(delayMs - 1);
    t.equal(queue.length, 0);
    await clock.advance(1);
    t.equal(await queue.get(), 'a');
    queue.done('a');
  }
  t.equal(queue.retries('a'), 4);
  queue.forget('a');
  t.equal(queue.retries('a'), 0);
});

t.test('a full queue drops, and says so when it has drained', async (t) => {
  let overflows = 0;
  const onOverflow = () => void overflows++;
  const queue = createWorkQueue({ clock: new VirtualClock(), keysMax: 1, onOverflow });
  queue.add('a');
  queue.add('b');
  await queue.get();
  queue.done('a');
  t.equal(overflows, 1);
});
