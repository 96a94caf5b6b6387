// Checks watches: seams, selections, cuts, bookmarks, fan-out, and slow writers.
import t from 'tap';
import { seededRandom } from '../../random.ts';
import {
  type Frame,
  openWatch,
  type PodOptions,
  podResource,
  podStore,
  settle,
} from './pods.fixture.ts';
import { compileSelection } from './selection.ts';

const select = (namespace: string, labelSelector = '', fieldSelector = '') =>
  compileSelection(podResource, { namespace, labelSelector, fieldSelector });

t.test('state, ring and live join without gap or repeat under writes', async (test) => {
  for (let seed = 1; seed <= 6; seed++) {
    const store = await podStore({ ringEventsMin: 16, chunkBytesMax: 512 });
    const random = seededRandom(seed);
    const model = new Map<string, number>();
    const watches: ReturnType<typeof openWatch>[] = [];
    for (let step = 0; step < 300; step++) {
      const name = `p${Math.floor(random.next() * 25)}`;
      const key = `default/${name}`;
      if (model.has(name) && random.next() < 0.3) {
        await store.remove(key);
        model.delete(name);
      } else {
        model.set(name, await store.put(key));
      }
      const dice = random.next();
      if (dice < 0.08) {
        const watch = openWatch(store.hub, { resourceVersion: dice < 0.04 ? '0' : '' });
        if (random.next() < 0.5) watch.block();
        watches.push(watch);
      } else if (dice < 0.2) {
        const watch = watches[Math.floor(random.next() * watches.length)];
        if (random.next() < 0.3) watch?.block();
        else watch?.release();
      }
      if (random.next() < 0.2) await settle();
    }
    for (let i = 0; i < 12; i++) {
      for (const watch of watches) watch.release();
      await settle();
    }
    for (const watch of watches) {
      const state = new Map<string, number>();
      for (const { type, object } of watch.frames()) {
        const { name = '', resourceVersion } = object.metadata;
        if (type === 'ADDED' && state.has(name)) test.fail(`${name} added twice`);
        if (type !== 'ADDED' && !state.has(name)) test.fail(`${type} of unknown ${name}`);
        if ((state.get(name) ?? 0) >= Number(resourceVersion)) test.fail('went back in time');
        if (type === 'DELETED') state.delete(name);
        else state.set(name, Number(resourceVersion));
      }
      test.strictSame(new Map([...state].sort()), new Map([...model].sort()), `seed ${seed}`);
      await watch.stop();
    }
    test.equal(store.hub.size, 0);
  }
});

t.test('a thousand watchers each see what they selected, once', async (test) => {
  const store = await podStore();
  const watches = Array.from({ length: 1000 }, (_, at) => {
    const node = `n${at % 10}`;
    const selection =
      at % 4 === 0
        ? select('')
        : at % 4 === 1
          ? select('', '', `spec.nodeName=${node}`)
          : at % 4 === 2
            ? select(`ns${at % 3}`)
            : select('', 'app=a');
    return { at, selection, watch: openWatch(store.hub, { selection, resourceVersion: '0' }) };
  });
  await settle();
  const random = seededRandom(7);
  const writes: { key: string; options: PodOptions; revision: number }[] = [];
  for (let step = 0; step < 40; step++) {
    const key = `ns${Math.floor(random.next() * 3)}/p${step}`;
    const options = {
      node: `n${Math.floor(random.next() * 10)}`,
      ...(random.next() < 0.5 ? { labels: { app: 'a' } } : {}),
    };
    writes.push({ key, options, revision: await store.put(key, options) });
    if (step % 7 === 0) await settle();
  }
  await settle();
  for (const { at, watch } of watches) {
    const wanted = writes.filter(({ key, options }) => {
      if (at % 4 === 1) return options.node === `n${at % 10}`;
      if (at % 4 === 2) return key.startsWith(`ns${at % 3}/`);
      return at % 4 === 0 || options.labels !== undefined;
    });
    const seen = watch.frames().map((frame) => Number(frame.object.metadata.resourceVersion));
    if (seen.join() !== wanted.map((each) => each.revision).join()) test.fail(`watcher ${at}`);
    if (watch.chunks.length > 7) test.fail('events of one turn were not sent in one write');
  }
  const [first, second] = watches.filter(({ at }) => at % 4 === 0);
  test.equal(first?.watch.chunks.at(-1), second?.watch.chunks.at(-1), 'bytes are shared');
  store.hub.close();
  await Promise.all(watches.map(({ watch }) => watch.ended));
});

t.test('entering and leaving a selection', async (test) => {
  const { hub, put, remove } = await podStore();
  const labelled = openWatch(hub, { selection: select('', 'app=a') });
  const onNode = openWatch(hub, { selection: select('', '', 'spec.nodeName=n1') });
  const named = openWatch(hub, { selection: select('d', '', 'metadata.name=p') });
  await settle();
  const one = await put('d/p', { labels: { app: 'a' }, node: '' });
  const two = await put('d/p', { labels: { app: 'a' }, node: 'n1' });
  const three = await put('d/p', { labels: { app: 'b' }, node: 'n2' });
  const four = await remove('d/p');
  await settle();
  test.strictSame(labelled.seen(), [`ADDED p@${one}`, `MODIFIED p@${two}`, `DELETED p@${three}`]);
  test.strictSame(onNode.seen(), [`ADDED p@${two}`, `DELETED p@${three}`]);
  test.match(named.seen(), [/^ADDED/, /^MODIFIED/, /^MODIFIED/, `DELETED p@${four}`]);
  const gone = labelled.frames()[2]?.object as unknown as { metadata: object; spec: object };
  test.match(gone, { metadata: { labels: { app: 'a' } }, spec: { nodeName: 'n1' } });
  hub.close();
});

t.test('resumes from the ring, from storage, and is refused after compaction', async (test) => {
  const store = await podStore({ ringEventsMin: 4, ringEventsMax: 4 });
  const revisions: number[] = [];
  for (let at = 0; at < 12; at++) revisions.push(await store.put(`d/p${at}`));
  await settle();
  const fromRing = openWatch(store.hub, { resourceVersion: String(revisions[9]) });
  const fromStorage = openWatch(store.hub, { resourceVersion: String(revisions[1]) });
  const future = openWatch(store.hub, { resourceVersion: String((revisions[11] ?? 0) + 1) });
  await settle();
  await store.put('d/x');
  const last = await store.put('d/y');
  await settle();
  test.equal(fromRing.seen().length, 4);
  test.equal(fromStorage.seen().length, 12);
  test.equal(fromStorage.seen()[0], `ADDED p2@${revisions[2]}`);
  test.strictSame(future.seen(), [`ADDED y@${last}`]);
  await store.driver.compact(revisions[5] ?? 0);
  const old = openWatch(store.hub, { resourceVersion: String(revisions[1]) });
  await old.ended;
  const [error] = old.frames();
  test.match(error, {
    type: 'ERROR',
    object: { kind: 'Status', code: 410, reason: 'Expired' },
  });
  test.equal(error?.object.message, `too old resource version: ${revisions[1]} (${revisions[5]})`);
  store.hub.close();
});

t.test(
  'a slow watcher catches up from the ring, and is cut when the ring has gone on',
  async (test) => {
    const { hub, put } = await podStore({ ringEventsMin: 8, ringEventsMax: 8 });
    const slow = openWatch(hub, { resourceVersion: '0' });
    const stuck = openWatch(hub, { resourceVersion: '0' });
    await settle();
    slow.block();
    stuck.block();
    for (let at = 0; at < 6; at++) {
      await put(`d/p${at}`);
      await settle();
    }
    test.equal(slow.chunks.length, 1, 'nothing is written while the writer waits');
    slow.release();
    await settle();
    test.equal(slow.seen().length, 6);
    for (let at = 6; at < 20; at++) await put(`d/p${at}`);
    await settle();
    stuck.release();
    await stuck.ended;
    test.equal(stuck.seen().length, 2);
    test.match(stuck.frames()[1], { type: 'ERROR', object: { code: 410 } });
    test.equal(slow.seen().length, 20);
    await slow.stop();
  },
);

t.test('bookmarks, the end of initial events, and timeouts', async (test) => {
  const { hub, put, clock, driver } = await podStore();
  const one = await put('d/p');
  const listing = openWatch(hub, {
    sendInitialEvents: true,
    resourceVersionMatch: 'NotOlderThan',
    allowBookmarks: true,
    timeoutMs: 100_000,
  });
  await settle();
  test.strictSame(listing.seen(), [`ADDED p@${one}`, `BOOKMARK @${one}`]);
  test.match(listing.frames()[1]?.object, {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } },
  });
  const other = await driver.compareAndSwap('/registry/nodes/n', 0, Buffer.from('{}'));
  await clock.advance(60_000, settle);
  test.equal(listing.seen().at(-1), `BOOKMARK @${other.ok && other.revision}`);
  test.equal((listing.frames().at(-1) as Frame).object.metadata.annotations, undefined);
  await clock.advance(38_000, settle);
  test.equal(listing.frames().length, 4, 'one shortly before the end');
  await clock.advance(2_000, settle);
  await listing.ended;
  // From no revision in particular is as if it had asked for the initial events.
  const legacy = openWatch(hub, { resourceVersion: '0', allowBookmarks: true, timeoutMs: 1_000 });
  await settle();
  test.match(legacy.seen(), [/^ADDED p@/, /^BOOKMARK @/]);
  await clock.advance(1_000, settle);
  await legacy.ended;
  const quiet = openWatch(hub, {
    sendInitialEvents: false,
    resourceVersionMatch: 'NotOlderThan',
  });
  await settle();
  await put('d/q');
  await settle();
  test.match(quiet.seen(), [/^ADDED q@/]);
  const later = openWatch(hub, {
    sendInitialEvents: true,
    resourceVersionMatch: 'NotOlderThan',
    resourceVersion: '8',
    allowBookmarks: true,
  });
  await settle();
  test.match(later.seen(), [/^ADDED p/, /^ADDED q/], 'no end before revision 8');
  let revision = 0;
  while (revision < 9) revision = await put('d/q');
  await settle();
  const seen = later.seen();
  test.equal(seen.filter((each) => each.startsWith('BOOKMARK')).length, 1);
  test.equal(seen.filter((each) => each.startsWith('MODIFIED')).length, revision - 4);
  hub.close();
});

t.test('with few watches events go out within the turn, with many after it', async (test) => {
  for (const [promptWatchersMax, within] of [
    [1, true],
    [0, false],
  ] as const) {
    const { hub, put } = await podStore({ promptWatchersMax });
    const watch = openWatch(hub, { resourceVersion: '0' });
    await settle();
    await put('d/p');
    // No more than what follows from the write itself: the loop does not turn meanwhile.
    for (let step = 0; step < 100; step++) await undefined;
    test.equal(watch.seen().length > 0, within);
    await settle();
    test.match(watch.seen(), [/^ADDED p/]);
    await watch.stop();
    hub.close();
  }
});

t.test('what is refused before the stream begins', async (test) => {
  const { hub } = await podStore({ watchersMax: 1 });
  test.throws(() => openWatch(hub, { resourceVersion: 'abc' }), {
    code: 500,
    message:
      'resourceVersion: Invalid value: "abc": ' +
      'strconv.ParseUint: parsing "abc": invalid syntax',
  });
  test.throws(() => openWatch(hub, { sendInitialEvents: true }), {
    message:
      'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: ' +
      'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
  });
  const only = openWatch(hub);
  test.throws(() => openWatch(hub), { code: 429 });
  await only.stop();
  hub.close();
});
