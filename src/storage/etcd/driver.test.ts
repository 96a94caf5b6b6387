// The etcd driver against Debian's etcd: the contract, several writers, a server that goes away.
import t from 'tap';
import { systemClock, VirtualClock } from '../../clock.ts';
import { silentLogger as logger } from '../../logger.ts';
import { bytes, driverContract } from '../driver.contract.ts';
import type { StorageEvent } from '../driver.ts';
import { answersProgress, openEtcdDriver } from './driver.ts';
import { startEtcd } from './test-server.ts';

const etcd = await startEtcd();
t.teardown(() => etcd.stop());

t.test('a watch from the very first revision sees all', async (t) => {
  const clock = new VirtualClock();
  const options = { endpoints: [etcd.endpoint], prefix: '/first', clock, logger };
  const writer = await openEtcdDriver(options);
  t.teardown(() => writer.close());
  await writer.compareAndSwap('/k/a', 0, bytes('1'));
  // This one starts after the write: it has to read history.
  const driver = await openEtcdDriver(options);
  t.teardown(() => driver.close());
  const [event] = await new Promise<readonly StorageEvent[]>((resolve, reject) => {
    driver.watch('', 0, { events: resolve, failed: reject });
  });
  t.equal(event?.key, '/k/a');
});

let stores = 0;
driverContract('etcd', {
  async open(clock) {
    const prefix = `/store-${stores++}`;
    const open = () => openEtcdDriver({ endpoints: [etcd.endpoint], prefix, clock, logger });
    const driver = await open();
    return {
      driver,
      // The server is shared, and compaction in one test is felt in all.
      origin: await driver.currentRevision(),
      second: open,
      async reopen() {
        await driver.close();
        return open();
      },
    };
  },
  // Leases end in etcd's own time; the contract waits for the event.
  pass: async () => {},
});

t.test('progress is asked only of servers that answer rightly', async (t) => {
  for (const version of ['3.4.31', '3.5.13', '3.6.0', '3.7.0-alpha.0', '4.0.0']) {
    t.equal(answersProgress(version), true, version);
  }
  for (const version of ['3.3.27', '3.4.23', '3.4.30', '3.5.12', '', 'x']) {
    t.equal(answersProgress(version), false, version);
  }
});

t.test('watches go on when the server comes back', async (t) => {
  const clock = new VirtualClock();
  const driver = await openEtcdDriver({
    endpoints: ['127.0.0.1:1', etcd.endpoint],
    prefix: '/restart',
    clock,
    logger,
  });
  t.teardown(() => driver.close());
  const seen: string[] = [];
  const start = await driver.currentRevision();
  const all = new Promise<void>((resolve, reject) => {
    driver.watch('/k/', start, {
      events: (events) => {
        seen.push(...events.map((event) => event.key));
        if (seen.length === 2) resolve();
      },
      failed: reject,
    });
  });
  t.ok((await driver.compareAndSwap('/k/a', 0, bytes('1'))).ok);
  await etcd.restart();
  for (let key = 0; seen.length < 2 && key < 50; key++) {
    try {
      if ((await driver.compareAndSwap('/k/b', 0, bytes('1'))).ok) break;
    } catch (error) {
      t.match(error, { code: 'ERR_STORAGE_UNAVAILABLE' });
      await new Promise<void>((resolve) => {
        setTimeout(resolve, 100);
      });
    }
  }
  await all;
  t.same(seen, ['/k/a', '/k/b']);
});

t.test('no server at all is one coded error', async (t) => {
  const options = { endpoints: ['127.0.0.1:1'], clock: systemClock, logger };
  await t.rejects(openEtcdDriver(options), { code: 'ERR_STORAGE_UNAVAILABLE' });
});
