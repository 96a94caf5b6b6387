// Kills a writing process again and again: what was promised is there and whole.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import t from 'tap';
import { systemClock } from '../clock.ts';
import { silentLogger as logger } from '../logger.ts';
import { seededRandom } from '../random.ts';
import { valueAt, writers } from './crash-writer.ts';
import type { Driver, StorageEvent } from './driver.ts';
import { openLevelDriver } from './leveldb/driver.ts';

const kills = 50;

interface Promised {
  readonly step: number;
  readonly revision: number;
}

/** Runs the writer until it has made `count` promises, then kills it; the last promise a writer. */
async function writeAndKill(directory: string, round: number, count: number) {
  const program = join(import.meta.dirname, 'crash-writer.ts');
  const child = spawn(process.execPath, [program, directory, `${round}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    complaints += chunk;
  });
  const ended = once(child, 'close');
  const promised = new Map<number, Promised[]>();
  let lines = 0;
  // Lines that were on their way when it died count too: they had been promised.
  for await (const line of createInterface({ input: child.stdout })) {
    const [writer = -1, step = -1, revision = -1] = line.split(' ').map(Number);
    const all = promised.get(writer) ?? [];
    promised.set(writer, [...all, { step, revision }]);
    if (++lines === count) child.kill('SIGKILL');
  }
  await ended;
  if (child.signalCode !== 'SIGKILL') throw new Error(`the writer ended by itself: ${complaints}`);
  return promised;
}

/** All events that history keeps. */
async function everything(driver: Driver, fromRevision: number): Promise<StorageEvent[]> {
  const all: StorageEvent[] = [];
  const target = await driver.currentRevision();
  await new Promise<void>((resolve, reject) => {
    const watch = driver.watch('', fromRevision, {
      events: (events) => void all.push(...events),
      progress: (revision) => {
        if (revision < target) return;
        watch.close();
        resolve();
      },
      failed: reject,
    });
    driver.requestProgress().catch(reject);
  });
  return all;
}

/** Whether `key` stands as after `step`; absent before the first. */
async function standsAt(driver: Driver, key: string, step: number): Promise<boolean> {
  const { entry } = await driver.get(key);
  const expected = step < 0 ? undefined : valueAt(key, step);
  if (entry === undefined || expected === undefined) return entry?.value === expected;
  return expected.equals(entry.value);
}

async function oldestReadable(driver: Driver): Promise<number> {
  try {
    await driver.range('', { revision: 1, limit: 1 });
    return 1;
  } catch (error) {
    if (error instanceof Error && 'compacted' in error) return Number(error.compacted);
    throw error;
  }
}

async function wrongs(driver: Driver, round: number, promised: Map<number, Promised[]>) {
  const found: string[] = [];
  const oldest = await oldestReadable(driver);
  for (let writer = 0; writer < writers; writer++) {
    const key = `/round/${round}/${writer}`;
    const all = promised.get(writer) ?? [];
    const last = all.at(-1)?.step ?? -1;
    // The write after the last promise may have reached the disk too, and no other.
    const kept = (await standsAt(driver, key, last)) || (await standsAt(driver, key, last + 1));
    if (!kept) found.push(`${key} is not at step ${last} or the next`);
    for (const { step, revision } of all) {
      if (revision < oldest) continue;
      const { entry } = await driver.get(key, { revision });
      const expected = valueAt(key, step);
      if (entry === undefined ? expected !== undefined : expected?.equals(entry.value) !== true) {
        found.push(`${key} at revision ${revision} is not step ${step}`);
      }
    }
  }
  let before = 0;
  for (const event of await everything(driver, oldest)) {
    if (event.revision <= before) found.push(`revision ${event.revision} after ${before}`);
    before = event.revision;
    if (event.type === 'delete') continue;
    const head = Buffer.from(event.value).toString('latin1', 0, 60).split('\n')[0] ?? '';
    const [key = '', step = ''] = head.split(' ');
    if (valueAt(key, Number(step))?.equals(event.value) !== true || key !== event.key) {
      found.push(`the value of revision ${event.revision} is not whole`);
    }
  }
  return found;
}

t.test(`${kills} kills under write load lose and break nothing`, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'coracle-crash-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const random = seededRandom(20_260_101);
  const settled = new Map<string, number>();
  let newest = 0;
  let promises = 0;
  for (let round = 0; round < kills; round++) {
    const count = 1 + Math.floor(random.next() * 400);
    const promised = await writeAndKill(directory, round, count);
    const driver = await openLevelDriver({ directory, clock: systemClock, logger });
    t.same(await wrongs(driver, round, promised), [], `round ${round}`);
    const revisions = [...promised.values()].flat().map((each) => each.revision);
    promises += revisions.length;
    t.ok(Math.min(...revisions) > newest, 'new writes come after all that were there');
    newest = await driver.currentRevision();
    t.ok(newest >= Math.max(...revisions), 'revisions do not go back');
    for (const entry of (await driver.range(`/round/${round}/`)).entries) {
      settled.set(entry.key, entry.revision);
    }
    await driver.close();
  }
  const driver = await openLevelDriver({ directory, clock: systemClock, logger });
  t.teardown(() => driver.close());
  const { entries } = await driver.range('');
  t.same(new Map(entries.map((entry) => [entry.key, entry.revision])), settled, 'older rounds too');
  t.comment(`${promises} promises kept over ${kills} kills`);
});
