// Tests the scheduler against the real API: pods are bound, or told why not, and tried again.
import t from 'tap';
import type { Pod } from '../objects.ts';
import { testCluster } from './scheduler.fixture.ts';

const isBound = ({ spec }: Pod) => (spec?.nodeName ?? '') !== '';
const scheduledCondition = (pod: Pod) =>
  pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
const isUnschedulable = (pod: Pod) => scheduledCondition(pod)?.reason === 'Unschedulable';

t.test('a pod waits for a node, says why, and is bound when one comes', async (t) => {
  const cluster = await testCluster();
  t.teardown(() => cluster.close());
  await cluster.createPod('a');
  const waiting = await cluster.until('a', isUnschedulable);
  t.match(scheduledCondition(waiting), {
    status: 'False',
    message: 'no nodes available to schedule pods',
  });
  await cluster.createNode('node-1');
  const bound = await cluster.until('a', isBound);
  t.equal(bound.spec?.nodeName, 'node-1');
  t.equal(scheduledCondition(bound)?.status, 'True');
});
