// Work of a pod that may be told to end at any time.
import t from 'tap';
import { unlessAborted } from './container-start.ts';

t.test('work that fails after nobody waits for it brings nothing down', async (t) => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', note);
  t.teardown(() => process.off('unhandledRejection', note));
  const failing = async () => {
    await undefined;
    throw new Error('no volume');
  };
  const ended = AbortSignal.abort();
  await t.rejects(unlessAborted(failing(), ended), /the pod is being ended/);
  const stop = new AbortController();
  const waiting = unlessAborted(failing(), stop.signal);
  stop.abort();
  await t.rejects(waiting, /the pod is being ended/);
  await t.rejects(unlessAborted(failing(), new AbortController().signal), /no volume/);
  await new Promise((resolve) => setImmediate(resolve));
  t.same(unhandled, []);
  t.equal(await unlessAborted(Promise.resolve(7), new AbortController().signal), 7);
});
