// Tests the choice of a node: messages, ties by seed, early stop, nominations, and no overcommit.
import t from 'tap';
import { type Random, seededRandom } from '../random.ts';
import { SchedulerCache } from './cache.ts';
import { feasibleNodesWanted, findNode } from './find-node.ts';
import { fitMessage } from './fit-error.ts';
import { NominatedPods } from './nominated-pods.ts';
import { builtinPlugins } from './plugins/builtin.ts';
import { podInfo } from './pod-info.ts';
import { containerOf, nodeOf, podOf } from './scheduler.fixture.ts';
import { noFacts, snapshotOf } from './snapshot.fixture.ts';
import type { Snapshot } from './types.ts';

const search = (random: Random, nominated = new NominatedPods(), startIndex = 0) => ({
  plugins: builtinPlugins,
  random,
  startIndex,
  nominated,
});
const asking = (name: string, cpu: string, spec: object = {}) =>
  podInfo(podOf(name, { containers: [containerOf({ cpu })], ...spec }));

function messageOf(snapshot: Snapshot, pod = asking('p', '3')): string {
  const choice = findNode(pod, snapshot, search(seededRandom(1)));
  return choice.node === undefined ? fitMessage(choice.diagnosis) : choice.node.name;
}

t.test('messages say how many nodes each reason is true of', async (t) => {
  const tainted = { spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } };
  t.equal(messageOf(snapshotOf([])), 'no nodes available to schedule pods');
  t.equal(
    messageOf(
      snapshotOf([
        nodeOf('a', { allocatable: { cpu: '1' } }),
        nodeOf('b', { allocatable: { cpu: '2', pods: '0' } }),
        nodeOf('c', tainted),
        nodeOf('d', { spec: { unschedulable: true } }),
      ]),
    ),
    '0/4 nodes are available: 1 Too many pods, 1 node(s) had untolerated taint(s), ' +
      '1 node(s) were unschedulable, 2 Insufficient cpu.',
  );
});

t.test('a pod of one node names the plugin that left the others out', async (t) => {
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: ['b'] }];
  const required = { nodeSelectorTerms: [{ matchFields }] };
  const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: required };
  const pod = asking('p', '3', { affinity: { nodeAffinity } });
  t.equal(messageOf(snapshotOf([nodeOf('a'), nodeOf('b'), nodeOf('c')]), pod), 'b');
  const full = nodeOf('b', { allocatable: { cpu: '1' } });
  t.equal(
    messageOf(snapshotOf([nodeOf('a'), full, nodeOf('c')]), pod),
    "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity].",
  );
});

t.test('equal nodes are chosen by seed', async (t) => {
  const snapshot = snapshotOf(Array.from({ length: 10 }, (_, i) => nodeOf(`n${i}`)));
  const choices = (seed: number) => {
    const random = seededRandom(seed);
    return Array.from(
      { length: 20 },
      () => findNode(asking('p', '1'), snapshot, search(random)).node?.name,
    );
  };
  t.same(choices(1), choices(1));
  t.ok(new Set(choices(1)).size > 3, 'not always the same');
});

t.test('the search stops early and goes on where it was', async (t) => {
  t.same([50, 100, 1000, 5000, 10_000].map(feasibleNodesWanted), [50, 100, 420, 500, 500]);
  const snapshot = snapshotOf(Array.from({ length: 1000 }, (_, i) => nodeOf(`n${i}`)));
  const choice = findNode(
    asking('p', '1'),
    snapshot,
    search(seededRandom(1), new NominatedPods(), 900),
  );
  t.equal('looked' in choice && choice.looked, 420);
});

t.test('room that was made for a pod is not given to a lesser one', async (t) => {
  const snapshot = snapshotOf([nodeOf('a')]);
  const nominated = new NominatedPods();
  const preemptor = asking('preemptor', '3', { priority: 10 });
  nominated.set(preemptor, 'a');
  const choose = (priority: number) =>
    findNode(asking('p', '3', { priority }), snapshot, search(seededRandom(1), nominated)).node;
  t.equal(choose(5), undefined);
  t.equal(choose(11)?.name, 'a');
  t.equal(findNode(preemptor, snapshot, search(seededRandom(1), nominated)).node?.name, 'a');
});

t.test('never more on a node than it has, whatever comes and goes', async (t) => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed);
    const upTo = (limit: number) => 1 + Math.floor(random.next() * limit);
    const cache = new SchedulerCache(noFacts);
    for (let i = 0; i < 5; i++) {
      const allocatable = { cpu: `${upTo(8)}`, memory: `${upTo(16)}Gi`, pods: `${upTo(10)}` };
      cache.setNode(nodeOf(`n${i}`, { allocatable }));
    }
    const placed: string[] = [];
    for (let i = 0; i < 150; i++) {
      const gone = placed[Math.floor(random.next() * placed.length * 4)];
      if (gone !== undefined) {
        placed.splice(placed.indexOf(gone), 1);
        if (random.next() < 0.5) cache.forget(gone);
        cache.removePod(gone);
      }
      const requests = { cpu: `${upTo(2000)}m`, memory: `${upTo(4096)}Mi` };
      const pod = podOf(`p${i}`, { containers: [containerOf(requests)] });
      const info = podInfo(pod);
      const { node } = findNode(info, cache.snapshot(), search(random));
      if (node === undefined) continue;
      placed.push(info.key);
      cache.assume(info, node.name);
      const bound = { ...pod, spec: { containers: [], ...pod.spec, nodeName: node.name } };
      if (random.next() < 0.7) cache.setPod(bound);
      for (const { allocatable, requested, pods, name } of cache.snapshot().nodes) {
        const fits =
          requested.milliCpu <= allocatable.milliCpu &&
          requested.memoryBytes <= allocatable.memoryBytes &&
          pods.length <= allocatable.pods;
        if (!fits) t.fail(`node ${name} has too much with seed ${seed}`);
        const milliCpu = pods.reduce((sum, each) => sum + each.requests.milliCpu, 0);
        if (milliCpu !== requested.milliCpu) t.fail(`the sums of ${name} are off`);
      }
    }
    t.ok(placed.length > 0);
  }
});
