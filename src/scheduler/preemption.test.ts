// Tests preemption: who has to go, where, and what is said when nobody can.
import t from 'tap';
import type { Node, Pod, PodDisruptionBudget } from '../objects.ts';
import { seededRandom } from '../random.ts';
import { findNode } from './find-node.ts';
import { NominatedPods } from './nominated-pods.ts';
import { builtinPlugins } from './plugins/builtin.ts';
import { podInfo } from './pod-info.ts';
import { findPreemption } from './preemption.ts';
import { containerOf, nodeOf, podOf } from './scheduler.fixture.ts';
import { labelled, snapshotOf } from './snapshot.fixture.ts';

function on(node: string, name: string, cpu: string, priority: number, startTime?: string): Pod {
  const pod = podOf(name, { nodeName: node, priority, containers: [containerOf({ cpu })] });
  return startTime === undefined ? pod : { ...pod, status: { startTime } };
}

function preempt(
  nodes: Node[],
  pods: Pod[],
  { cpu = '2', spec = {}, budgets = [] as PodDisruptionBudget[] } = {},
) {
  const snapshot = snapshotOf(nodes, pods);
  const preemptor = podOf('p', { priority: 100, containers: [containerOf({ cpu })], ...spec });
  const info = podInfo(preemptor);
  const nominated = new NominatedPods();
  const search = { plugins: builtinPlugins, random: seededRandom(1), nominated };
  const choice = findNode(info, snapshot, { ...search, startIndex: 0 });
  if (choice.node !== undefined) throw new Error('it fits already');
  const found = findPreemption(info, snapshot, choice.diagnosis, { ...search, budgets });
  if (found.candidate === undefined) return found.message;
  const { node, victims } = found.candidate;
  return `${node}: ${victims.map(({ pod }) => pod.metadata?.name).join(' ')}`;
}

t.test('as few as must go, the least important of them', async (t) => {
  const pods = [on('a', 'low', '1', 1), on('a', 'mid', '1', 50), on('a', 'big', '2', 20)];
  t.equal(preempt([nodeOf('a')], pods, { cpu: '1' }), 'a: low');
  t.equal(preempt([nodeOf('a')], pods, { cpu: '2' }), 'a: big', 'one may do for two');
  t.equal(preempt([nodeOf('a')], pods, { cpu: '3' }), 'a: big low');
});

t.test('of two alike the younger goes', async (t) => {
  const pods = [
    on('a', 'old', '2', 1, '2026-01-01T00:00:00Z'),
    on('a', 'young', '2', 1, '2026-01-02T00:00:00Z'),
  ];
  t.equal(preempt([nodeOf('a')], pods), 'a: young');
});

t.test('nodes: least important victims, then their sum, number and age', async (t) => {
  const nodes = [nodeOf('a'), nodeOf('b')];
  t.equal(preempt(nodes, [on('a', 'x', '4', 5), on('b', 'y', '4', 4)]), 'b: y');
  const two = [on('b', 'y', '2', 5), on('b', 'z', '2', 5)];
  t.equal(preempt(nodes, [on('a', 'x', '4', 5), ...two], { cpu: '4' }), 'a: x');
  const aged = [
    on('a', 'x', '4', 5, '2026-01-01T00:00:00Z'),
    on('b', 'y', '4', 5, '2026-01-02T00:00:00Z'),
  ];
  t.equal(preempt(nodes, aged), 'b: y');
});

t.test('pods under a disruption budget are spared where others will do', async (t) => {
  const budget = {
    metadata: { name: 'web', namespace: 'default' },
    spec: { selector: { matchLabels: { app: 'web' } } },
    status: { disruptionsAllowed: 0 },
  };
  const pods = [labelled(on('a', 'web', '2', 1), { app: 'web' }), on('a', 'other', '2', 50)];
  t.equal(preempt([nodeOf('a')], pods), 'a: web');
  t.equal(preempt([nodeOf('a')], pods, { budgets: [budget] }), 'a: other');
});

t.test('why there is nobody to preempt, in upstream words', async (t) => {
  const cordoned = nodeOf('b', { spec: { unschedulable: true } });
  const full = on('a', 'x', '4', 100);
  t.equal(
    preempt([nodeOf('a'), cordoned], [full]),
    '0/2 nodes are available: 1 No preemption victims found for incoming pod, ' +
      '1 Preemption is not helpful for scheduling.',
  );
  t.equal(
    preempt([nodeOf('a')], [on('a', 'x', '2', 1), on('a', 'y', '2', 100)], { cpu: '3' }),
    '0/1 nodes are available: 1 Insufficient cpu.',
  );
  t.equal(
    preempt([nodeOf('a')], [on('a', 'x', '4', 1)], { spec: { preemptionPolicy: 'Never' } }),
    'not eligible due to preemptionPolicy=Never.',
  );
});
