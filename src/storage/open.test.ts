// What --storage accepts, and what it says to the rest.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { VirtualClock } from '../clock.ts';
import { silentLogger as logger } from '../logger.ts';
import { openStorage, parseStorageSpec } from './open.ts';

t.test('reads what names a store', async (t) => {
  t.same(parseStorageSpec('memory:'), { kind: 'memory' });
  t.same(parseStorageSpec('leveldb:/a/b c'), { kind: 'leveldb', directory: '/a/b c' });
  t.same(parseStorageSpec('etcd://a:2379,[::1]:1'), {
    kind: 'etcd',
    endpoints: ['a:2379', '[::1]:1'],
    secure: false,
  });
  t.match(parseStorageSpec('etcds://a:2379/'), { endpoints: ['a:2379'], secure: true });
});

t.test('refuses the rest in one sentence', async (t) => {
  for (const [spec, message] of [
    ['', 'storage "" is none of memory:, leveldb:<directory> and etcd://host:port[,host:port]'],
    ['leveldb:', 'storage "leveldb:" needs a directory, as in leveldb:/var/lib/coracle'],
    ['etcd://', 'storage "etcd://" has the endpoint "", which is no host:port'],
    ['etcd://a', 'storage "etcd://a" has the endpoint "a", which is no host:port'],
    ['etcd://a:0', 'storage "etcd://a:0" has the endpoint "a:0", which is no host:port'],
    ['etcd://a:1,', 'storage "etcd://a:1," has the endpoint "", which is no host:port'],
  ] as const) {
    t.throws(() => parseStorageSpec(spec), { code: 'ERR_STORAGE_SPEC', message });
  }
});

t.test('opens the embedded stores', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'coracle-open-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const clock = new VirtualClock();
  for (const spec of ['memory:', `leveldb:${directory}/data`]) {
    const driver = await openStorage(spec, { clock, logger });
    t.equal(await driver.currentRevision(), 1, spec);
    await driver.close();
  }
});
