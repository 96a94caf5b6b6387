// Tests the scheduling queue on a virtual clock: order, back-off, what wakes whom, gates, holds.
import t from 'tap';
import { VirtualClock } from '../clock.ts';
import type { Pod } from '../objects.ts';
import { builtinPlugins } from './plugins/builtin.ts';
import { type QueuedPod, SchedulingQueue } from './queue.ts';
import { podOf } from './scheduler.fixture.ts';

function fixture() {
  const clock = new VirtualClock();
  const queue = new SchedulingQueue({ clock, plugins: builtinPlugins, onReady: () => undefined });
  const popped: QueuedPod[] = [];
  const pop = () => {
    const queued = queue.pop();
    if (queued !== undefined) popped.push(queued);
    return queued?.info.key;
  };
  const last = () => {
    const queued = popped.at(-1);
    if (queued === undefined) throw new Error('nothing was popped');
    return queued;
  };
  return { clock, queue, pop, last };
}

const important = (name: string, priority: number) => podOf(name, { priority });
const fit = new Set(['NodeResourcesFit']);

t.test('by priority, then by age', async (t) => {
  const { clock, queue, pop } = fixture();
  queue.set(podOf('old'));
  await clock.advance(10);
  queue.set(podOf('young'));
  queue.set(important('first', 10));
  t.same(
    [pop(), pop(), pop(), pop()],
    ['default/first', 'default/old', 'default/young', undefined],
  );
});

t.test('a rejected pod waits for an event that can cure what rejected it', async (t) => {
  const { clock, queue, pop, last } = fixture();
  queue.set(podOf('a'));
  pop();
  queue.reject(last(), fit);
  queue.move('node-taints');
  t.equal(pop(), undefined);
  await clock.advance(2_000);
  queue.move('pod-deleted');
  t.equal(pop(), 'default/a');
});

t.test('back-off: early when nothing else is ready, but not after an error', async (t) => {
  const { clock, queue, pop, last } = fixture();
  queue.set(podOf('a'));
  pop();
  queue.reject(last(), fit);
  queue.move('node-added');
  t.match(queue.sizes, { active: 0, backoff: 1 });
  queue.set(podOf('b'));
  t.equal(pop(), 'default/b', 'what is ready goes first');
  t.equal(pop(), 'default/a');
  const delays: number[] = [];
  for (let i = 0; i < 6; i++) {
    queue.fail(last());
    t.equal(pop(), undefined);
    const startMs = clock.nowMs();
    while (queue.ready === 0) await clock.advance(500);
    delays.push((clock.nowMs() - startMs) / 1000);
    pop();
  }
  t.same(delays, [1, 2, 4, 8, 10, 10]);
});

t.test('nobody waits more than about five minutes', async (t) => {
  const { clock, queue, pop, last } = fixture();
  queue.set(podOf('a'));
  pop();
  queue.reject(last(), fit);
  await clock.advance(299_000);
  t.equal(pop(), undefined);
  await clock.advance(31_001);
  t.equal(pop(), 'default/a');
});

t.test('a pod that changes itself is tried again, but not for a new status', async (t) => {
  const { clock, queue, pop, last } = fixture();
  const pod = podOf('a');
  queue.set(pod);
  pop();
  queue.reject(last(), fit);
  await clock.advance(1_000);
  const told: Pod = { ...pod, status: { phase: 'Pending' } };
  queue.set(told, pod);
  t.equal(pop(), undefined);
  queue.set({ ...told, metadata: { ...told.metadata, labels: { a: 'b' } } }, told);
  t.equal(pop(), 'default/a');
});

t.test('gated pods wait until their gates are gone', async (t) => {
  const { queue, pop } = fixture();
  const gated = podOf('a', { schedulingGates: [{ name: 'example.com/wait' }] });
  queue.set(gated);
  queue.move('node-added');
  t.equal(pop(), undefined);
  t.match(queue.sizes, { gated: 1 });
  queue.set(podOf('a'), gated);
  t.equal(pop(), 'default/a');
});

t.test('a pod that room is made for is not tried before that is done', async (t) => {
  const { clock, queue, pop, last } = fixture();
  queue.set(podOf('a'));
  pop();
  queue.reject(last(), fit);
  queue.hold('default/a');
  await clock.advance(2_000);
  queue.move('pod-deleted');
  t.equal(pop(), undefined);
  queue.release('default/a', false);
  t.equal(pop(), 'default/a', 'the event was not lost');
});

t.test('a deleted pod is nowhere; one made again is new', async (t) => {
  const { queue, pop } = fixture();
  const again = { ...podOf('a'), metadata: { ...podOf('a').metadata, uid: 'other' } };
  queue.set(podOf('a'));
  queue.delete('default/a');
  t.equal(pop(), undefined);
  queue.set(podOf('a'));
  queue.set(again);
  t.equal(queue.pop()?.info.uid, 'other');
  t.equal(pop(), undefined);
});
