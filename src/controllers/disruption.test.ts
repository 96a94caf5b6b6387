// The disruption controller: its arithmetic by a table, and a drained application on the real API.
import t from 'tap';
import { podDisruptionBudgets, pods, replicaSets } from '../client/resource-ref.ts';
import type { Pod, PodDisruptionBudget } from '../objects.ts';
import { testCluster } from './controllers.fixture.ts';
import { disruptionController } from './disruption.ts';
import { countHealthy, desiredOf, evictionsOf, failedStatus, statusOf } from './disruption-plan.ts';
import { replicaSetController } from './replicaset.ts';
import { staleAtMs } from './stale-disruption.ts';

const now = '2026-01-01T00:10:00Z';
const nowMs = Date.parse(now);

function budget(spec: object, status?: object): PodDisruptionBudget {
  const object = { metadata: { name: 'b', generation: 3 }, spec, ...(status && { status }) };
  return object as unknown as PodDisruptionBudget;
}

function pod(name: string, ready = true, metadata: object = {}): Pod {
  const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }];
  return { metadata: { name, ...metadata }, status: { conditions } };
}

t.test('what a budget wants', (t) => {
  const five = Array.from({ length: 5 }, (_, at) => pod(`p${at}`));
  const cases: [spec: object, expected: number, expectedPods: number, desiredHealthy: number][] = [
    [{ minAvailable: 2 }, 9, 5, 2],
    [{ minAvailable: '50%' }, 7, 7, 4],
    [{ maxUnavailable: 2 }, 7, 7, 5],
    [{ maxUnavailable: '30%' }, 10, 10, 7],
    [{ maxUnavailable: '33%' }, 10, 10, 6],
    [{ maxUnavailable: 9 }, 7, 7, 0],
    [{}, 7, 0, 0],
  ];
  for (const [spec, count, expectedPods, desiredHealthy] of cases) {
    const got = desiredOf(budget(spec), five, { count, unmanaged: [] });
    t.same(got, { expectedPods, desiredHealthy }, JSON.stringify(spec));
  }
  t.end();
});

t.test('evictions that are on their way', (t) => {
  const disruptedPods = {
    soon: '2026-01-01T00:09:00Z',
    late: '2026-01-01T00:00:00Z',
    going: '2026-01-01T00:09:30Z',
    gone: '2026-01-01T00:09:30Z',
  };
  const itsPods = [
    pod('soon'),
    pod('late'),
    pod('going', true, { deletionTimestamp: now }),
    pod('other'),
    pod('sick', false),
  ];
  const evictions = evictionsOf(budget({}, { disruptedPods }), itsPods, nowMs);
  t.same(evictions.running, { soon: disruptedPods.soon });
  t.same(
    evictions.failed.map(({ metadata }) => metadata?.name),
    ['late'],
  );
  t.equal(evictions.recheckAtMs, nowMs + 60_000);
  t.equal(countHealthy(itsPods, evictions, nowMs), 2, 'late and other');
  t.end();
});

t.test('status', (t) => {
  const counts = { currentHealthy: 3, desiredHealthy: 2, expectedPods: 3 };
  const first = statusOf(budget({}), counts, {}, now);
  t.match(first, {
    ...counts,
    disruptionsAllowed: 1,
    observedGeneration: 3,
    conditions: [{ status: 'True', reason: 'SufficientPods', lastTransitionTime: now }],
  });
  const later = statusOf(budget({}, first), counts, {}, '2026-01-01T01:00:00Z');
  t.same(later, first, 'the same again writes nothing');
  const none = statusOf(budget({}), { ...counts, expectedPods: 0 }, {}, now);
  t.equal(none.disruptionsAllowed, 0);
  t.match(failedStatus(budget({}, first), 'lost', now), {
    disruptionsAllowed: 0,
    currentHealthy: 3,
    conditions: [{ status: 'False', reason: 'SyncFailed', message: 'lost' }],
  });
  t.end();
});

t.test('an eviction that came to nothing', async (t) => {
  const target = (status: string, reason = 'EvictionByEvictionAPI') => ({
    ...pod('p'),
    status: { conditions: [{ type: 'DisruptionTarget', status, reason, lastTransitionTime: now }] },
  });
  t.equal(staleAtMs(target('True')), nowMs + 120_000);
  t.equal(staleAtMs(target('False')), undefined);
  t.equal(staleAtMs(target('True', 'TerminationByKubelet')), undefined);
  const cluster = await testCluster([disruptionController]);
  t.teardown(() => cluster.close());
  const { client } = cluster;
  const spec = { containers: [{ name: 'c', image: 'i' }] };
  const metadata = { name: 'p', namespace: 'default' };
  await client.create(pods, { metadata, spec });
  const lastTransitionTime = new Date(cluster.clock.nowMs()).toISOString();
  const status = { conditions: [{ type: 'DisruptionTarget', status: 'True', lastTransitionTime }] };
  await client.patch(pods, 'default', 'p', 'merge', { status }, { subresource: 'status' });
  const read = async () => (await client.get(pods, 'default', 'p')).status?.conditions;
  t.match(await read(), [{ status: 'True' }]);
  await cluster.until(
    'the condition is taken back',
    async () => {
      const conditions = await read();
      return conditions?.some(
        ({ type, status }) => type === 'DisruptionTarget' && status === 'False',
      );
    },
    200_000,
  );
});

t.test('a drained application', async (t) => {
  const cluster = await testCluster([disruptionController, replicaSetController]);
  t.teardown(() => cluster.close());
  const { client, call } = cluster;
  const selector = { matchLabels: { app: 'web' } };
  const template = {
    metadata: { labels: { app: 'web' } },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  };
  const metadata = { name: 'web', namespace: 'default' };
  await client.create(replicaSets, { metadata, spec: { replicas: 3, selector, template } });
  await client.create(podDisruptionBudgets, { metadata, spec: { maxUnavailable: 1, selector } });
  const statusWhen = (what: string, test: (status: PodDisruptionBudget['status']) => boolean) =>
    cluster.until(what, async () => {
      const { status } = await client.get(podDisruptionBudgets, 'default', 'web');
      return test(status) && status;
    });
  await statusWhen('three are expected, none is ready', (status) => status?.expectedPods === 3);
  await cluster.runPods();
  const ready = await statusWhen('one may go', (status) => status?.disruptionsAllowed === 1);
  t.match(ready, { currentHealthy: 3, desiredHealthy: 2, observedGeneration: 1 });
  const names = (await client.list(pods, { namespace: 'default' })).items.map(
    (each) => each.metadata?.name ?? '',
  );
  const evict = (name: string) =>
    call('POST', `/api/v1/namespaces/default/pods/${name}/eviction`, {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name },
    });
  const [first = '', second = ''] = names;
  t.equal((await evict(first)).status, 201);
  t.equal((await evict(second)).status, 429, 'not two at once');
  await cluster.until('another takes its place', async () => {
    await cluster.runPods();
    const { status } = await client.get(podDisruptionBudgets, 'default', 'web');
    return status?.disruptionsAllowed === 1;
  });
  t.equal((await evict(second)).status, 201);
});
