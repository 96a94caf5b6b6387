// What every storage driver must do: one suite that memory, LevelDB and etcd all pass.
import { Buffer } from 'node:buffer';
import type { Test } from 'tap';
import t from 'tap';
import { VirtualClock } from '../clock.ts';
import type { Driver } from './driver.ts';
import { StorageClosedError } from './driver.ts';
import { watchContract } from './driver-watch.contract.ts';

/** One opened store and what else can be done with it. */
export interface OpenedStore {
  readonly driver: Driver;
  /** A watch from here sees everything of this store; default 0. Another store on the same server
   * may have been compacted. */
  readonly origin?: number;
  /** Closes the driver and opens the same data again, where data outlives a driver. */
  readonly reopen?: () => Promise<Driver>;
  /** Another driver on the same store, where several may write. */
  readonly second?: () => Promise<Driver>;
}

export interface ContractOptions {
  readonly open: (clock: VirtualClock) => Promise<OpenedStore>;
  /** Lets `ms` of the time that TTLs are measured in go by; default: the clock's. */
  readonly pass?: (clock: VirtualClock, ms: number) => Promise<void>;
}

type Body = (t: Test, driver: Driver, opened: OpenedStore, clock: VirtualClock) => Promise<void>;

export const bytes = (text: string): Uint8Array => Buffer.from(text);
export const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : Buffer.from(value).toString();

/** Writes `value` (undefined deletes) over whatever is there, and gives the revision. */
export async function write(driver: Driver, key: string, value: string | undefined) {
  const { entry } = await driver.get(key);
  const data = value === undefined ? undefined : bytes(value);
  const result = await driver.compareAndSwap(key, entry?.revision ?? 0, data);
  if (!result.ok) throw new Error(`lost a swap of ${key} without a rival`);
  return result.revision;
}

/** Runs the whole suite against the stores that `options.open` makes, one for each test. */
export function driverContract(name: string, options: ContractOptions): void {
  const each = (what: string, body: Body) =>
    void t.test(`${name}: ${what}`, async (t) => {
      const clock = new VirtualClock();
      const opened = await options.open(clock);
      t.teardown(() => opened.driver.close());
      await body(t, opened.driver, opened, clock);
    });
  swaps(each);
  ranges(each);
  history(each);
  lifetimes(each, options.pass ?? ((clock, ms) => clock.advance(ms)));
  watchContract(each);
}

export type Each = (what: string, body: Body) => void;

function swaps(each: Each): void {
  each('creates, updates and deletes by compare-and-swap', async (t, driver) => {
    const created = await driver.compareAndSwap('/a', 0, bytes('1'));
    t.ok(created.ok && created.revision > 0);
    if (!created.ok) return;
    const updated = await driver.compareAndSwap('/a', created.revision, bytes('2'));
    t.ok(updated.ok && updated.revision > created.revision);
    if (!updated.ok) return;
    t.match(await driver.get('/a'), { entry: { key: '/a', revision: updated.revision } });
    t.equal(text((await driver.get('/a')).entry?.value), '2');
    const deleted = await driver.compareAndSwap('/a', updated.revision, undefined);
    t.ok(deleted.ok && deleted.revision > updated.revision);
    t.equal((await driver.get('/a')).entry, undefined);
    t.ok((await driver.compareAndSwap('/a', 0, bytes('3'))).ok, 'a deleted key can be created');
  });

  each('answers a lost swap with what stood there', async (t, driver) => {
    const first = await write(driver, '/a', '1');
    const second = await write(driver, '/a', '2');
    for (const [expected, value] of [
      [0, bytes('x')],
      [first, bytes('x')],
      [first, undefined],
      [second + 100, bytes('x')],
    ] as const) {
      const lost = await driver.compareAndSwap('/a', expected, value);
      t.equal(lost.ok, false);
      if (lost.ok) continue;
      t.match(lost.current, { key: '/a', revision: second });
      t.equal(text(lost.current?.value), '2');
    }
    const absent = await driver.compareAndSwap('/b', first, bytes('x'));
    t.same(absent, { ok: false, current: undefined });
    const gone = await driver.compareAndSwap('/b', first, undefined);
    t.same(gone, { ok: false, current: undefined });
    const revision = await driver.currentRevision();
    t.ok((await driver.compareAndSwap('/b', 0, undefined)).ok, 'nothing to delete is no loss');
    t.equal(await driver.currentRevision(), revision, 'and writes nothing');
  });

  each('lets one of many concurrent writers of a key win', async (t, driver) => {
    const creates = await Promise.all(
      Array.from({ length: 20 }, (_, i) => driver.compareAndSwap('/a', 0, bytes(`${i}`))),
    );
    const won = creates.filter((result) => result.ok);
    t.equal(won.length, 1);
    const { entry } = await driver.get('/a');
    t.equal(entry?.revision, won[0]?.ok === true ? won[0].revision : -1);
    for (const lost of creates) {
      if (!lost.ok) t.equal(lost.current?.revision, entry?.revision);
    }
  });

  each('gives concurrent writes of many keys revisions of their own', async (t, driver) => {
    const before = await driver.currentRevision();
    const results = await Promise.all(
      Array.from({ length: 200 }, (_, i) => driver.compareAndSwap(`/k/${i}`, 0, bytes(`${i}`))),
    );
    const revisions = results.map((result) => (result.ok ? result.revision : 0));
    t.equal(new Set(revisions).size, 200);
    t.ok(Math.min(...revisions) > before);
    t.ok((await driver.currentRevision()) >= Math.max(...revisions));
    t.equal((await driver.range('/k/')).entries.length, 200);
  });

  each('keeps big values and odd keys', async (t, driver) => {
    const big = Buffer.alloc(1_500_000, 7);
    big[1_499_999] = 255;
    t.ok((await driver.compareAndSwap('/big', 0, big)).ok);
    t.ok(big.equals((await driver.get('/big')).entry?.value ?? bytes('')));
    const odd = ['/k/\u0000', '/k/ %2F"\n', '/k/é', '/k/\uff5e', '/k/😀', '/k/~', '/k/'];
    for (const key of odd) await write(driver, key, key);
    await write(driver, '/k0', 'outside');
    const { entries } = await driver.range('/k/');
    const inByteOrder = odd.sort((a, b) => Buffer.compare(bytes(a) as Buffer, bytes(b) as Buffer));
    t.same(
      entries.map((entry) => entry.key),
      inByteOrder,
    );
    t.same(
      entries.map((entry) => text(entry.value)),
      inByteOrder,
    );
    await write(driver, '/empty', '');
    t.equal((await driver.get('/empty')).entry?.value.byteLength, 0);
  });
}

function ranges(each: Each): void {
  each('reads ranges by prefix, start and limit, and counts', async (t, driver) => {
    const revisions = new Map<string, number>();
    for (const key of ['/b/2', '/a/1', '/b/1', '/b/3', '/c', '/b']) {
      revisions.set(key, await write(driver, key, key));
    }
    const keys = async (...of: Parameters<Driver['range']>) => {
      const { entries, more, count } = await driver.range(...of);
      for (const entry of entries) t.equal(entry.revision, revisions.get(entry.key));
      return { keys: entries.map((entry) => entry.key), more, count };
    };
    const all = ['/b/1', '/b/2', '/b/3'];
    t.same(await keys('/b/'), { keys: all, more: false, count: undefined });
    t.same(await keys('/b/', { limit: 2, count: true }), {
      keys: all.slice(0, 2),
      more: true,
      count: 3,
    });
    t.same(await keys('/b/', { limit: 3 }), { keys: all, more: false, count: undefined });
    t.same(await keys('/b/', { from: '/b/2', count: true }), {
      keys: all.slice(1),
      more: false,
      count: 2,
    });
    t.same((await keys('/b/', { from: '/b/2\u0000', limit: 5 })).keys, ['/b/3']);
    t.same((await keys('/b/', { from: '/a' })).keys, all, 'a start below the prefix');
    t.same((await keys('/b/', { from: '/z' })).keys, [], 'a start above the prefix');
    t.same((await keys('/none', { count: true })).count, 0);
    t.equal((await keys('')).keys.length, 6);
    t.equal((await driver.range('/b/')).revision, await driver.currentRevision());
  });
}

function history(each: Each): void {
  each('reads any past revision', async (t, driver) => {
    const start = await driver.currentRevision();
    const first = await write(driver, '/k/a', '1');
    const second = await write(driver, '/k/b', '1');
    const third = await write(driver, '/k/a', '2');
    const fourth = await write(driver, '/k/b', undefined);
    const at = async (revision: number) => {
      const range = await driver.range('/k/', { revision, count: true });
      t.equal(range.revision, revision);
      t.equal(range.count, range.entries.length);
      return range.entries.map((entry) => `${entry.key}=${text(entry.value)}@${entry.revision}`);
    };
    t.same(await at(start), []);
    t.same(await at(first), [`/k/a=1@${first}`]);
    t.same(await at(second), [`/k/a=1@${first}`, `/k/b=1@${second}`]);
    t.same(await at(third), [`/k/a=2@${third}`, `/k/b=1@${second}`]);
    t.same(await at(fourth), [`/k/a=2@${third}`]);
    t.equal(text((await driver.get('/k/a', { revision: second })).entry?.value), '1');
    t.equal((await driver.get('/k/b', { revision: first })).entry, undefined);
    const future = fourth + 1000;
    await t.rejects(driver.range('/k/', { revision: future }), { code: 'ERR_STORAGE_FUTURE' });
    await t.rejects(driver.get('/k/a', { revision: future }), { code: 'ERR_STORAGE_FUTURE' });
    await t.rejects(driver.compact(future), { code: 'ERR_STORAGE_FUTURE' });
  });

  each('compacts history and keeps what is newest', async (t, driver) => {
    const first = await write(driver, '/k/a', '1');
    await write(driver, '/k/gone', '1');
    await write(driver, '/k/b', '1');
    await write(driver, '/k/gone', undefined);
    const middle = await write(driver, '/k/a', '2');
    const last = await write(driver, '/k/a', '3');
    t.ok(driver.compacted < middle);
    await driver.compact(middle);
    await t.rejects(driver.range('/k/', { revision: first }), { code: 'ERR_STORAGE_COMPACTED' });
    await t.rejects(driver.get('/k/a', { revision: middle - 1 }), {
      code: 'ERR_STORAGE_COMPACTED',
    });
    t.equal(text((await driver.get('/k/a', { revision: middle })).entry?.value), '2');
    t.equal(text((await driver.get('/k/a', { revision: last })).entry?.value), '3');
    t.same(
      (await driver.range('/k/')).entries.map((entry) => entry.key),
      ['/k/a', '/k/b'],
    );
    await driver.compact(middle);
    await driver.compact(first);
    t.equal(driver.compacted, middle, 'compacting again or further back changes nothing');
    t.ok((await driver.compareAndSwap('/k/gone', 0, bytes('2'))).ok);
    await driver.compact(await driver.currentRevision());
    t.equal(text((await driver.get('/k/a')).entry?.value), '3');
  });

  each('forks into a store of its own', async (t, driver) => {
    const kept = await write(driver, '/k/a', '1');
    await write(driver, '/k/b', '1');
    await write(driver, '/k/b', undefined);
    const fork = await driver.fork();
    t.teardown(() => fork.close());
    const revision = await fork.currentRevision();
    t.equal(revision, await driver.currentRevision());
    t.match((await fork.range('')).entries, [{ key: '/k/a', revision: kept }]);
    const inFork = await write(fork, '/k/fork', '1');
    t.ok(inFork > revision);
    await write(driver, '/k/a', '2');
    t.equal((await driver.get('/k/fork')).entry, undefined);
    t.equal(text((await fork.get('/k/a')).entry?.value), '1');
    t.ok((await fork.compareAndSwap('/k/a', kept, undefined)).ok);
  });
}

function lifetimes(each: Each, pass: (clock: VirtualClock, ms: number) => Promise<void>): void {
  each('deletes a value when its time is up', async (t, driver, opened, clock) => {
    const ended = new Promise<number>((resolve, reject) => {
      driver.watch('/k/', opened.origin ?? 0, {
        events: (events) => {
          for (const event of events) {
            if (event.type === 'delete' && event.key === '/k/short') {
              t.equal(text(event.previous?.value), 'x');
              resolve(event.revision);
            }
          }
        },
        failed: reject,
      });
    });
    await driver.compareAndSwap('/k/short', 0, bytes('x'), { ttlMs: 2000 });
    await driver.compareAndSwap('/k/long', 0, bytes('x'), { ttlMs: 3_600_000 });
    const renewed = await driver.compareAndSwap('/k/renewed', 0, bytes('x'), { ttlMs: 1000 });
    if (renewed.ok) await driver.compareAndSwap('/k/renewed', renewed.revision, bytes('y'));
    await pass(clock, 4000);
    const revision = await ended;
    t.ok(revision > 0);
    t.same(
      (await driver.range('/k/')).entries.map((entry) => entry.key),
      ['/k/long', '/k/renewed'],
    );
    t.equal(opened.driver, driver);
  });

  each('refuses everything once closed', async (t, driver, { origin = 0 }) => {
    await write(driver, '/a', '1');
    const failed = new Promise<Error>((resolve) => {
      driver.watch('', origin, { events: () => {}, failed: resolve });
    });
    const pending = driver.compareAndSwap('/b', 0, bytes('1'));
    await Promise.all([driver.close(), driver.close()]);
    t.equal((await pending).ok, true, 'a write under way is finished');
    t.ok((await failed) instanceof StorageClosedError);
    await t.rejects(driver.get('/a'), { code: 'ERR_STORAGE_CLOSED' });
    await t.rejects(driver.range(''), { code: 'ERR_STORAGE_CLOSED' });
    await t.rejects(driver.compareAndSwap('/a', 0, bytes('1')), { code: 'ERR_STORAGE_CLOSED' });
    await t.rejects(driver.currentRevision(), { code: 'ERR_STORAGE_CLOSED' });
    await t.rejects(driver.compact(1), { code: 'ERR_STORAGE_CLOSED' });
    await t.rejects(driver.requestProgress(), { code: 'ERR_STORAGE_CLOSED' });
    await t.rejects(driver.fork(), { code: 'ERR_STORAGE_CLOSED' });
    const late = new Promise<Error>((resolve) => {
      driver.watch('', origin, { events: () => {}, failed: resolve });
    });
    t.ok((await late) instanceof StorageClosedError);
  });

  each('finds everything again when opened again', async (t, driver, { reopen }) => {
    if (reopen === undefined) return;
    await write(driver, '/k/old', '1');
    const compacted = await write(driver, '/k/a', '1');
    const second = await write(driver, '/k/a', '2');
    await write(driver, '/k/gone', '1');
    await driver.compact(compacted);
    const last = await write(driver, '/k/gone', undefined);
    const again = await reopen();
    t.teardown(() => again.close());
    t.ok((await again.currentRevision()) >= last, 'revisions never go back');
    t.same(
      (await again.range('/k/')).entries.map((entry) => `${entry.key}=${text(entry.value)}`),
      ['/k/a=2', '/k/old=1'],
    );
    t.equal(text((await again.get('/k/a', { revision: compacted })).entry?.value), '1');
    await t.rejects(again.get('/k/a', { revision: compacted - 1 }), {
      code: 'ERR_STORAGE_COMPACTED',
    });
    t.ok((await again.compareAndSwap('/k/a', second, bytes('3'))).ok);
    t.ok((await again.currentRevision()) > last);
  });

  each('shares its store with a second driver', async (t, driver, { second }) => {
    if (second === undefined) return;
    const other = await second();
    t.teardown(() => other.close());
    const first = await write(driver, '/k/a', '1');
    t.equal((await other.get('/k/a')).entry?.revision, first);
    const results = await Promise.all(
      [driver, other].map((each) => each.compareAndSwap('/k/a', first, bytes('2'))),
    );
    t.equal(results.filter((result) => result.ok).length, 1);
    t.equal(await other.currentRevision(), await driver.currentRevision());
  });
}
