// The LevelDB driver: the contract, and what a data directory adds to it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { VirtualClock } from '../../clock.ts';
import { silentLogger as logger } from '../../logger.ts';
import { bytes, driverContract, text } from '../driver.contract.ts';
import { openDatabase } from './database.ts';
import { openLevelDriver } from './driver.ts';
import { headerKey } from './rows.ts';

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'coracle-leveldb-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

driverContract('leveldb', {
  async open(clock) {
    const directory = await temporaryDirectory();
    // Durability is the crash test's business; without it the suite does not wait for the disk.
    const open = () => openLevelDriver({ directory, clock, logger, durable: false });
    const driver = await open();
    return {
      driver,
      async reopen() {
        await driver.close();
        return open();
      },
    };
  },
});

t.test('a data directory belongs to one driver', async (t) => {
  const options = { directory: await temporaryDirectory(), clock: new VirtualClock(), logger };
  const driver = await openLevelDriver(options);
  await t.rejects(openLevelDriver(options), { code: 'ERR_STORAGE_IN_USE' });
  await driver.close();
  await (await openLevelDriver(options)).close();
});

t.test('a TTL goes on over a restart', async (t) => {
  const clock = new VirtualClock();
  const options = { directory: await temporaryDirectory(), clock, logger };
  const first = await openLevelDriver(options);
  await first.compareAndSwap('/soon', 0, bytes('x'), { ttlMs: 1000 });
  await first.compareAndSwap('/late', 0, bytes('x'), { ttlMs: 60_000 });
  await first.close();
  await clock.advance(30_000);
  const second = await openLevelDriver(options);
  t.teardown(() => second.close());
  const gone = new Promise<string>((resolve, reject) => {
    second.watch('', 3, { events: ([event]) => resolve(event?.key ?? ''), failed: reject });
  });
  await clock.advance(0);
  t.equal(await gone, '/soon');
  t.ok((await second.get('/late')).entry !== undefined);
});

t.test('compaction gives back what it drops, and an interrupted one is finished', async (t) => {
  const clock = new VirtualClock();
  const directory = await temporaryDirectory();
  const options = { directory, clock, logger };
  const first = await openLevelDriver(options);
  let revision = 0;
  for (let i = 0; i < 1200; i++) {
    const result = await first.compareAndSwap('/a', revision, bytes(`${i}`));
    if (result.ok) revision = result.revision;
  }
  const deleted = await first.compareAndSwap('/a', revision, undefined);
  t.ok(deleted.ok);
  await first.compact(await first.currentRevision());
  const last = await first.currentRevision();
  await first.close();
  const database = await openDatabase(directory);
  t.equal((await database.keys().all()).length, 2, 'only the format and the compaction are left');
  await database.close();
  const second = await openLevelDriver(options);
  t.equal(await second.currentRevision(), last, 'revisions never go back');
  await second.close();
});

t.test('a log with a hole is refused', async (t) => {
  const clock = new VirtualClock();
  const directory = await temporaryDirectory();
  const options = { directory, clock, logger };
  const driver = await openLevelDriver(options);
  const first = await driver.compareAndSwap('/a', 0, bytes('1'));
  t.ok(first.ok && (await driver.compareAndSwap('/a', first.revision, bytes('2'))).ok);
  await driver.close();
  const database = await openDatabase(directory);
  await database.del(headerKey(first.ok ? first.revision : 0));
  await database.close();
  await t.rejects(openLevelDriver(options), { code: 'ERR_STORAGE_CORRUPT' });
  await t.rejects(openLevelDriver(options), { code: 'ERR_STORAGE_CORRUPT' }, 'and let go of');
});

t.test('writes that wait share a sync and are all there', async (t) => {
  const clock = new VirtualClock();
  const options = { directory: await temporaryDirectory(), clock, logger };
  const driver = await openLevelDriver(options);
  await Promise.all(
    Array.from({ length: 2000 }, (_, i) => driver.compareAndSwap(`/k/${i}`, 0, bytes(`${i}`))),
  );
  await driver.close();
  const again = await openLevelDriver(options);
  t.teardown(() => again.close());
  const { entries } = await again.range('/k/');
  t.equal(entries.length, 2000);
  t.ok(entries.every((entry) => entry.key === `/k/${text(entry.value)}`));
});
