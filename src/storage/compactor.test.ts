// The compactor keeps between one and two intervals of history.
import t from 'tap';
import { VirtualClock } from '../clock.ts';
import { silentLogger as logger } from '../logger.ts';
import { startCompactor } from './compactor.ts';
import { createMemoryDriver } from './memory.ts';

const minuteMs = 60_000;

t.test('compacts to what was newest five minutes ago', async (t) => {
  const clock = new VirtualClock();
  const driver = createMemoryDriver({ clock });
  t.teardown(() => driver.close());
  let expected = 0;
  const write = async () => {
    const result = await driver.compareAndSwap('/a', expected, Buffer.from('x'));
    expected = result.ok ? result.revision : 0;
    return expected;
  };
  await write();
  const first = await write();
  const compactor = startCompactor({ driver, clock, logger });
  const second = await write();
  await clock.advance(4 * minuteMs);
  await driver.range('', { revision: first - 1 });
  await clock.advance(minuteMs);
  await t.rejects(driver.range('', { revision: first - 1 }), { code: 'ERR_STORAGE_COMPACTED' });
  await driver.range('', { revision: first });
  await write();
  await clock.advance(5 * minuteMs);
  await t.rejects(driver.range('', { revision: first }), { code: 'ERR_STORAGE_COMPACTED' });
  await driver.range('', { revision: second });
  compactor.stop();
  await clock.advance(20 * minuteMs);
  await driver.range('', { revision: second });
});

t.test('a closed store does not end the process', async (t) => {
  const clock = new VirtualClock();
  const driver = createMemoryDriver({ clock });
  const compactor = startCompactor({ driver, clock, logger });
  await driver.close();
  await clock.advance(11 * minuteMs);
  compactor.stop();
  t.equal(clock.nextTimerMs(), undefined);
});
