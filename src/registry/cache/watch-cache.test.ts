// Checks the cache against a store whose stream breaks, falls behind compaction, and is shared.
import t from 'tap';
import { VirtualClock } from '../../clock.ts';
import { CompactedError, type Driver, StorageUnavailableError } from '../../storage/driver.ts';
import { createMemoryDriver } from '../../storage/memory.ts';
import { Hub } from './hub.ts';
import { openList } from './list.ts';
import { ParsedObjects } from './parsed-objects.ts';
import {
  listRequest,
  openWatch,
  podBody,
  podCache,
  prefix,
  settle,
  write,
} from './pods.fixture.ts';

/** A store whose streams a test can break, and whose calls it can count. */
function breakable(driver: Driver) {
  const streams = new Set<(error: Error) => void>();
  const calls = { currentRevision: 0, range: 0, failing: false };
  const port: Driver = {
    range(...args) {
      calls.range++;
      if (calls.failing) return Promise.reject(new StorageUnavailableError('down'));
      return driver.range(...args);
    },
    get: (...args) => driver.get(...args),
    compareAndSwap: (...args) => driver.compareAndSwap(...args),
    watch(from, revision, handlers) {
      const watch = driver.watch(from, revision, handlers);
      const fail = (error: Error) => {
        streams.delete(fail);
        watch.close();
        handlers.failed(error);
      };
      streams.add(fail);
      return watch;
    },
    currentRevision() {
      calls.currentRevision++;
      return driver.currentRevision();
    },
    requestProgress: () => driver.requestProgress(),
    get compacted() {
      return driver.compacted;
    },
    compact: (revision) => driver.compact(revision),
    fork: () => driver.fork(),
    close: () => driver.close(),
  };
  const fail = (error: Error) => {
    for (const stream of [...streams]) stream(error);
  };
  return { port, calls, fail };
}

async function brokenStore(limits = {}) {
  const clock = new VirtualClock();
  const driver = createMemoryDriver({ clock });
  const { port, calls, fail } = breakable(driver);
  await write(driver, 'd/a', {});
  await write(driver, 'd/b', {});
  const { cache } = podCache(port, clock, limits);
  await cache.ready();
  const put = (key: string, options = {}) => write(driver, key, options);
  return {
    clock,
    driver,
    cache,
    calls,
    fail,
    put,
    remove: (key: string) => write(driver, key, undefined),
  };
}

t.test('resumes a lost stream where it ended, after a while', async (test) => {
  const { clock, cache, fail, put, calls } = await brokenStore();
  const hub = new Hub(cache);
  const watch = openWatch(hub, { resourceVersion: '0' });
  await settle();
  fail(new StorageUnavailableError('lost'));
  await put('d/c');
  const revision = await put('d/a');
  await settle();
  test.ok(cache.revision < revision);
  const ranges = calls.range;
  await clock.advance(50, settle);
  test.equal(cache.revision, revision);
  test.equal(calls.range, ranges, 'without reading everything again');
  test.match(watch.seen(), [/ADDED a/, /ADDED b/, /ADDED c/, /MODIFIED a/]);
  hub.close();
  cache.close();
});

t.test('a stream lost to compaction becomes the events that make up for it', async (test) => {
  const { driver, clock, cache, fail, put, remove, calls } = await brokenStore({ pageEntries: 2 });
  const hub = new Hub(cache);
  const watch = openWatch(hub, { resourceVersion: '0' });
  await settle();
  const before = cache.revision;
  calls.failing = true;
  fail(new CompactedError(99));
  await put('d/a', { node: 'n' });
  await remove('d/b');
  await put('d/b', { uid: 'another' });
  await put('d/c');
  await put('d/gone');
  await remove('d/gone');
  const gap = await put('d/d');
  await remove('d/a');
  await settle();
  test.equal(cache.revision, before);
  calls.failing = false;
  await clock.advance(1_000, settle);
  test.equal(cache.revision, await driver.currentRevision());
  test.match(watch.seen(), [
    /ADDED a/,
    /ADDED b/,
    /DELETED b/,
    /ADDED b/,
    /ADDED c/,
    /ADDED d/,
    /DELETED a/,
  ]);
  test.equal(cache.snapshot(gap), undefined, 'what happened in between is not known exactly');
  const exact = { resourceVersion: String(gap), resourceVersionMatch: 'Exact' };
  const { objects } = await openList(cache, listRequest(exact));
  const names: string[] = [];
  for await (const object of objects) names.push(object.header.name);
  test.equal(names.join(), 'a,b,c,d', 'but storage knows');
  hub.close();
  cache.close();
});

t.test('callers share one question, later ones never an older answer', async (test) => {
  const { cache, calls, put, driver } = await brokenStore();
  const before = calls.currentRevision;
  const all = await Promise.all(Array.from({ length: 50 }, () => cache.consistent()));
  test.equal(calls.currentRevision, before + 1);
  test.equal(new Set(all).size, 1);
  for (let at = 0; at < 10; at++) {
    const early = cache.consistent();
    const revision = await put('d/x');
    test.ok((await cache.consistent()) >= revision);
    test.ok(cache.get(`${prefix}d/x`)?.revision === revision);
    await early;
  }
  const other = await driver.compareAndSwap('/registry/other', 0, Buffer.from('{}'));
  test.equal(await cache.consistent(), other.ok && other.revision);
  cache.close();
});

t.test('past states are kept or made again within limits', async (test) => {
  const { cache, put, remove, clock } = await brokenStore({ snapshotsMax: 2, undoEventsMax: 20 });
  const names = (revision: number) => {
    const snapshot = cache.snapshot(revision);
    return snapshot && [...snapshot.range(prefix)].map((each) => each.header.name).join();
  };
  const one = await put('d/c');
  const two = await remove('d/a');
  const three = await put('d/a', { node: 'n' });
  await cache.waitFor(three);
  test.equal(names(one - 1), 'a,b');
  test.equal(names(one), 'a,b,c');
  test.equal(names(two), 'b,c');
  test.equal(names(three), 'a,b,c');
  test.equal(names(three + 1), undefined);
  const kept = cache.snapshot(two);
  for (let at = 0; at < 30; at++) await put('d/z');
  await cache.consistent();
  test.equal(cache.snapshot(two)?.view, kept?.view);
  test.equal(cache.snapshot(one - 1), undefined);
  await clock.advance(6 * 60_000);
  test.equal(cache.snapshot(two), undefined);
  test.equal(cache.history(three)?.length, 30);
  test.equal(cache.history(0), undefined);
  cache.close();
});

t.test('a value that cannot be read does not stop the stream', async (test) => {
  const { cache, driver, put } = await brokenStore();
  await driver.compareAndSwap(`${prefix}d/bad`, 0, Buffer.from('{'));
  const revision = await put('d/good');
  await cache.waitFor(revision);
  test.match(cache.get(`${prefix}d/bad`)?.header, { namespace: 'd', name: 'bad' });
  cache.close();
  await test.rejects(cache.waitFor(revision + 5), { message: 'the store is closed' });
});

t.test('parsed objects are frozen, shared and bounded', (test) => {
  const body = podBody('d/a', { labels: { app: 'x' } });
  const parsed = new ParsedObjects(body.byteLength * 3 * 2);
  const seen = parsed.peek(body);
  const pod = parsed.parse({ body });
  test.equal(pod, seen);
  test.ok(Object.isFrozen(pod) && Object.isFrozen(pod.metadata.labels));
  for (let at = 0; at < 5; at++) parsed.parse({ body: podBody(`d/${at}`) });
  test.ok(parsed.bytes <= body.byteLength * 6);
  test.not(parsed.parse({ body }), pod);
  test.end();
});
