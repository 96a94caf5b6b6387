// Tests the scheduler against the real API: pods are bound, or told why not, and tried again.
import t from 'tap';
import { coreEvents, leases, nodes, pods } from '../client/resource-ref.ts';
import type { Pod } from '../objects.ts';
import { containerOf, type TestCluster, testCluster } from './scheduler.fixture.ts';

const isBound = ({ spec }: Pod) => (spec?.nodeName ?? '') !== '';
const scheduledCondition = (pod: Pod) =>
  pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
const isUnschedulable = (pod: Pod) => scheduledCondition(pod)?.reason === 'Unschedulable';

/** Reason and message of the events about a pod. */
async function eventsOf(cluster: TestCluster, name: string): Promise<string[]> {
  await cluster.settle();
  const { items } = await cluster.client.list(coreEvents, { namespace: 'default' });
  return items
    .filter(({ involvedObject }) => involvedObject.name === name)
    .map(({ type, reason, message }) => `${type} ${reason}: ${message}`);
}

t.test('a pod waits for a node, says why, and is bound when one comes', async (t) => {
  const cluster = await testCluster();
  t.teardown(() => cluster.close());
  await cluster.createPod('a');
  const waiting = await cluster.until('a', isUnschedulable);
  const message = 'no nodes available to schedule pods';
  t.match(scheduledCondition(waiting), { status: 'False', message });
  await cluster.createNode('node-1');
  const bound = await cluster.until('a', isBound);
  t.equal(bound.spec?.nodeName, 'node-1');
  t.equal(scheduledCondition(bound)?.status, 'True');
  const events = await eventsOf(cluster, 'a');
  t.ok(events.includes(`Warning FailedScheduling: ${message}`), events.join('\n'));
  t.ok(events.includes('Normal Scheduled: Successfully assigned default/a to node-1'));
});

t.test('what does not fit says so, and fits when room is made', async (t) => {
  const cluster = await testCluster();
  t.teardown(() => cluster.close());
  await cluster.createNode('node-1');
  await cluster.createNode('node-2', {
    spec: { taints: [{ key: 'dedicated', value: 'x', effect: 'NoSchedule' }] },
  });
  await cluster.createPod('a', { containers: [containerOf({ cpu: '3' })] });
  await cluster.until('a', isBound);
  await cluster.createPod('b', { containers: [containerOf({ cpu: '2' })] });
  const waiting = await cluster.until('b', isUnschedulable);
  const message =
    '0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s). ' +
    'preemption: 0/2 nodes are available: 1 No preemption victims found for incoming pod, ' +
    '1 Preemption is not helpful for scheduling.';
  t.equal(scheduledCondition(waiting)?.message, message);
  await cluster.client.delete(pods, 'default', 'a', { gracePeriodSeconds: 0 });
  t.equal((await cluster.until('b', isBound)).spec?.nodeName, 'node-1');
  await cluster.createPod('c', { containers: [containerOf({ cpu: '4' })] });
  await cluster.until('c', isUnschedulable);
  await cluster.client.patch(nodes, '', 'node-2', 'merge', { spec: { taints: null } });
  t.equal((await cluster.until('c', isBound)).spec?.nodeName, 'node-2');
});

t.test('gated pods, and those of another scheduler, are left alone', async (t) => {
  const cluster = await testCluster();
  t.teardown(() => cluster.close());
  await cluster.createNode('node-1');
  await cluster.createPod('gated', { schedulingGates: [{ name: 'example.com/wait' }] });
  await cluster.createPod('foreign', { schedulerName: 'other' });
  await cluster.createPod('plain');
  await cluster.until('plain', isBound);
  await cluster.settle();
  for (const name of ['gated', 'foreign']) {
    t.notOk(isBound(await cluster.client.get(pods, 'default', name)), name);
  }
  const open = { spec: { schedulingGates: null } };
  await cluster.client.patch(pods, 'default', 'gated', 'merge', open);
  t.ok(isBound(await cluster.until('gated', isBound)));
});

t.test('an important pod takes the place of a lesser one', async (t) => {
  const cluster = await testCluster();
  t.teardown(() => cluster.close());
  await cluster.createNode('node-1');
  await cluster.createPod('low', { containers: [containerOf({ cpu: '3' })] });
  await cluster.until('low', isBound);
  await cluster.createPod('high', {
    priorityClassName: 'system-cluster-critical',
    containers: [containerOf({ cpu: '3' })],
  });
  const nominated = await cluster.until('high', ({ status }) => !!status?.nominatedNodeName);
  t.equal(nominated.status?.nominatedNodeName, 'node-1');
  t.equal(scheduledCondition(nominated)?.message, '0/1 nodes are available: 1 Insufficient cpu.');
  const victim = await cluster.until('low', ({ metadata }) => !!metadata?.deletionTimestamp);
  t.match(
    victim.status?.conditions?.find(({ type }) => type === 'DisruptionTarget'),
    {
      status: 'True',
      reason: 'PreemptionByScheduler',
      message: 'default-scheduler: preempting to accommodate a higher priority pod',
    },
  );
  // What the node's kubelet does when the containers have stopped.
  await cluster.client.delete(pods, 'default', 'low', { gracePeriodSeconds: 0 });
  t.equal((await cluster.until('high', isBound)).spec?.nodeName, 'node-1');
  const message = `Normal Preempted: Preempted by pod ${nominated.metadata?.uid} on node node-1`;
  t.ok((await eventsOf(cluster, 'low')).includes(message));
});

t.test('an elected scheduler holds the lease while it works', async (t) => {
  const cluster = await testCluster({ identity: 'one' });
  await cluster.createNode('node-1');
  await cluster.createPod('a');
  t.ok(isBound(await cluster.until('a', isBound)));
  const lease = await cluster.client.get(leases, 'kube-system', 'kube-scheduler');
  t.equal(lease.spec?.holderIdentity, 'one');
  await cluster.settle();
  await cluster.close();
});
