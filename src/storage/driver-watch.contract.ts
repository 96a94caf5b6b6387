// The part of the driver contract that is about watching: order, seams, progress, compaction.
import type { Each } from './driver.contract.ts';
import { bytes, text, write } from './driver.contract.ts';
import type { Driver, StorageEvent } from './driver.ts';

/** A watch that remembers what it got and can be waited on. */
class Recorder {
  readonly events: StorageEvent[] = [];
  progress = 0;
  error: Error | undefined;
  close: () => void = () => {};
  #check: () => void = () => {};

  /** Resolves once `done` holds; rejects when the stream fails before. */
  until(done: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#check = () => {
        if (done()) resolve();
        else if (this.error !== undefined) reject(this.error);
      };
      this.#check();
    });
  }

  static start(driver: Driver, prefix: string, fromRevision: number): Recorder {
    const recorder = new Recorder();
    const watch = driver.watch(prefix, fromRevision, {
      events: (events) => {
        recorder.events.push(...events);
        recorder.#check();
      },
      progress: (revision) => {
        recorder.progress = revision;
        recorder.#check();
      },
      failed: (error) => {
        recorder.error = error;
        recorder.#check();
      },
    });
    recorder.close = () => watch.close();
    return recorder;
  }
}

const lines = (events: readonly StorageEvent[]) =>
  events.map((event) => {
    const before = event.previous === undefined ? '-' : text(event.previous.value);
    const after = event.type === 'put' ? text(event.value) : '-';
    return `${event.key} ${before}>${after}`;
  });

/** Runs the watch suite through `each`, which opens a store for every test. */
export function watchContract(each: Each): void {
  order(each);
  seams(each);

  each('fails a watch of what is compacted', async (t, driver) => {
    const first = await write(driver, '/k/a', '1');
    await write(driver, '/k/a', '2');
    const middle = await write(driver, '/k/a', '3');
    await write(driver, '/k/a', '4');
    await driver.compact(middle);
    const below = Recorder.start(driver, '/k/', first);
    await t.rejects(
      below.until(() => false),
      { code: 'ERR_STORAGE_COMPACTED' },
    );
    t.equal(below.events.length, 0);
    const kept = Recorder.start(driver, '/k/', middle);
    await kept.until(() => kept.events.length === 1);
    t.same(lines(kept.events), ['/k/a 3>4']);
    kept.close();
  });

  each('tells how far a watch is when asked', async (t, driver, { origin = 0 }) => {
    await write(driver, '/k/a', '1');
    const fromStart = Recorder.start(driver, '/k/', origin);
    const elsewhere = Recorder.start(driver, '/none/', origin);
    const revision = await write(driver, '/other', '1');
    await driver.requestProgress();
    await Promise.all(
      [fromStart, elsewhere].map((each) => each.until(() => each.progress >= revision)),
    );
    t.same(lines(fromStart.events), ['/k/a ->1'], 'complete when progress says so');
    t.same(elsewhere.events, []);
    fromStart.close();
    elsewhere.close();
  });

  each('shows watchers what a second driver writes', async (t, driver, { second, origin = 0 }) => {
    if (second === undefined) return;
    const other = await second();
    t.teardown(() => other.close());
    const here = Recorder.start(driver, '/k/', origin);
    const there = Recorder.start(other, '/k/', origin);
    const writers = [driver, other].map(async (each, writer) => {
      for (let i = 0; i < 50; i++) await write(each, `/k/${writer}`, `${i}`);
    });
    await Promise.all(writers);
    await here.until(() => here.events.length === 100);
    await there.until(() => there.events.length === 100);
    t.same(lines(here.events), lines(there.events), 'in the same order');
    here.close();
    there.close();
  });
}

function order(each: Each): void {
  each(
    'delivers history, then what is new, with previous values',
    async (t, driver, { origin = 0 }) => {
      const first = await write(driver, '/k/a', '1');
      await write(driver, '/other', '1');
      await write(driver, '/k/a', '2');
      const all = Recorder.start(driver, '/k/', origin);
      const later = Recorder.start(driver, '/k/', first);
      await all.until(() => all.events.length === 2);
      await write(driver, '/k/a', undefined);
      await write(driver, '/k/a', '3');
      await all.until(() => all.events.length === 4);
      await later.until(() => later.events.length === 3);
      const expected = ['/k/a ->1', '/k/a 1>2', '/k/a 2>-', '/k/a ->3'];
      t.same(lines(all.events), expected);
      t.same(lines(later.events), expected.slice(1));
      t.equal(all.events[1]?.previous?.revision, first);
      const revisions = all.events.map((event) => event.revision);
      t.same(
        revisions,
        [...revisions].sort((a, b) => a - b),
      );
      const last = (await driver.get('/k/a')).entry?.revision;
      t.equal(all.events[3]?.revision, last);
      all.close();
      later.close();
    },
  );

  each('shows watchers changes only from where they asked', async (t, driver) => {
    await write(driver, '/k/a', '1');
    const live = Recorder.start(driver, '/k/', await driver.currentRevision());
    const ahead = Recorder.start(driver, '/k/', (await driver.currentRevision()) + 1);
    const skipped = await write(driver, '/k/b', '1');
    const last = await write(driver, '/k/b', '2');
    await live.until(() => live.events.length === 2);
    await ahead.until(() => ahead.events.at(-1)?.revision === last);
    t.ok(ahead.events.every((event) => event.revision > skipped));
    live.close();
    const seen = live.events.length;
    await write(driver, '/k/b', '3');
    await ahead.until(() => ahead.events.length === 2);
    t.equal(live.events.length, seen, 'nothing after close');
    ahead.close();
  });
}

function seams(each: Each): void {
  each(
    'has no seam between history and live under concurrent writes',
    async (t, driver, { origin = 0 }) => {
      const writes = 400;
      for (let i = 0; i < 50; i++) await driver.compareAndSwap(`/k/h${i}`, 0, bytes('h'));
      const recorders: Recorder[] = [];
      const pending: Promise<unknown>[] = [];
      for (let i = 0; i < writes; i++) {
        pending.push(driver.compareAndSwap(`/k/${i}`, 0, bytes(`${i}`)));
        if (i % 40 === 0) recorders.push(Recorder.start(driver, '/k/', origin));
        if (i % 25 === 0) await pending[i - 10];
      }
      await Promise.all(pending);
      const total = writes + 50;
      for (const recorder of recorders) {
        await recorder.until(() => recorder.events.length >= total);
        const revisions = recorder.events.map((event) => event.revision);
        t.ok(
          revisions.every((revision, at) => at === 0 || revision > (revisions[at - 1] ?? 0)),
          'ascending, nothing twice',
        );
        t.equal(new Set(recorder.events.map((event) => event.key)).size, total, 'nothing left out');
        recorder.close();
      }
    },
  );

  each('keeps order for watchers when a handler writes', async (t, driver) => {
    let echoed: Promise<unknown> | undefined;
    const echo = driver.watch('/k/', await driver.currentRevision(), {
      events: () => {
        echoed ??= driver.compareAndSwap('/k/echo', 0, bytes('1'));
      },
      failed: (error) => t.fail(error.message),
    });
    const recorder = Recorder.start(driver, '/k/', await driver.currentRevision());
    await write(driver, '/k/a', '1');
    await recorder.until(() => recorder.events.length === 2);
    t.same(lines(recorder.events), ['/k/a ->1', '/k/echo ->1']);
    await echoed;
    echo.close();
    recorder.close();
  });
}
