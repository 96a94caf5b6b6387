// Deployments and ReplicaSets as whole controllers against the real API.
import t from 'tap';
import { deployments, pods, replicaSets, replicationControllers } from '../client/resource-ref.ts';
import type { Deployment, ReplicaSet } from '../objects.ts';
import { testCluster } from './controllers.fixture.ts';
import { deploymentController } from './deployment.ts';
import { garbageCollectorController } from './garbage-collector.ts';
import { replicaSetController, replicationController } from './replicaset.ts';

const cluster = await testCluster([
  deploymentController,
  replicaSetController,
  replicationController,
  garbageCollectorController,
]);
const { client, until } = cluster;
t.teardown(() => cluster.close());

const template = (image: string, app = 'web') => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'c', image }] },
});

function deploymentOf(name: string, spec: object = {}): Deployment {
  return {
    metadata: { name, namespace: 'default' },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: name } },
      template: template('i:1', name),
      ...spec,
    },
  };
}

const get = (name: string) => client.get(deployments, 'default', name);
const setsOf = async (app: string) => {
  const sets = await client.list(replicaSets, {
    namespace: 'default',
    labelSelector: `app=${app}`,
  });
  return sets.items;
};
const sizes = async (app: string) =>
  (await setsOf(app))
    .map((set) => [set.spec?.template?.spec?.containers[0]?.image ?? '', set.spec?.replicas])
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
const complete = (name: string) =>
  until(`${name} is complete`, async () => {
    await cluster.runPods();
    const { status, spec, metadata } = await get(name);
    const whole =
      status?.observedGeneration === metadata?.generation &&
      (status?.updatedReplicas ?? 0) === spec?.replicas &&
      (status?.replicas ?? 0) === spec?.replicas &&
      (status?.availableReplicas ?? 0) === spec?.replicas;
    return whole ? status : undefined;
  });
const patch = (name: string, spec: object) =>
  client.patch(deployments, 'default', name, 'merge', { spec });

t.test('a deployment rolls out, back, pauses, scales and keeps its history', async (t) => {
  await client.create(deployments, deploymentOf('web', { revisionHistoryLimit: 1 }));
  const first = await complete('web');
  t.match(
    first.conditions?.find((each) => each.type === 'Progressing'),
    { status: 'True', reason: 'NewReplicaSetAvailable' },
  );
  t.match(
    first.conditions?.find((each) => each.type === 'Available'),
    { status: 'True', reason: 'MinimumReplicasAvailable' },
  );
  const [set] = await setsOf('web');
  t.match(set?.metadata?.annotations, {
    'deployment.kubernetes.io/revision': '1',
    'deployment.kubernetes.io/desired-replicas': '3',
    'deployment.kubernetes.io/max-replicas': '4',
  });

  await patch('web', { template: template('i:2') });
  await complete('web');
  t.same(await sizes('web'), [
    ['i:1', 0],
    ['i:2', 3],
  ]);
  t.match((await get('web')).metadata?.annotations, { 'deployment.kubernetes.io/revision': '2' });

  // Undo, as kubectl does: the old template again. Its ReplicaSet comes back as revision 3.
  await patch('web', { template: template('i:1') });
  await complete('web');
  t.same(await sizes('web'), [
    ['i:1', 3],
    ['i:2', 0],
  ]);
  const again = (await setsOf('web')).find((each) => each.metadata?.uid === set?.metadata?.uid);
  t.match(again?.metadata?.annotations, {
    'deployment.kubernetes.io/revision': '3',
    'deployment.kubernetes.io/revision-history': '1',
  });

  // Paused: a new template waits, but scaling does not.
  await patch('web', { paused: true });
  await patch('web', { template: template('i:3'), replicas: 5 });
  await until('it is scaled while paused', async () => {
    await cluster.runPods();
    return (await get('web')).status?.availableReplicas === 5;
  });
  // Both are old now, and only one old one is kept.
  t.same(await sizes('web'), [['i:1', 5]]);
  t.equal((await get('web')).status?.updatedReplicas, undefined);
  t.match(
    (await get('web')).status?.conditions?.find((each) => each.type === 'Progressing'),
    { status: 'Unknown', reason: 'DeploymentPaused' },
  );
  await patch('web', { paused: false });
  await complete('web');
  await until('only one old ReplicaSet is kept', async () => (await setsOf('web')).length === 2);
  t.same(await sizes('web'), [
    ['i:1', 0],
    ['i:3', 5],
  ]);
});

t.test('Recreate ends all old pods before a new one starts', async (t) => {
  await client.create(deployments, deploymentOf('re', { strategy: { type: 'Recreate' } }));
  await complete('re');
  await patch('re', { template: template('i:2', 're') });
  await cluster.pass(1000);
  const left = (await client.list(pods, { labelSelector: 'app=re' })).items;
  t.equal(left.length, 3);
  t.ok(left.every((pod) => pod.spec?.containers[0]?.image === 'i:1'));
  await complete('re');
  t.same(await sizes('re'), [
    ['i:1', 0],
    ['i:2', 3],
  ]);
});

t.test('a rollout that makes no progress says so', async (t) => {
  await client.create(deployments, deploymentOf('slow', { progressDeadlineSeconds: 10 }));
  const condition = await until('it has timed out', async () =>
    (await get('slow')).status?.conditions?.find(
      (each) => each.reason === 'ProgressDeadlineExceeded',
    ),
  );
  t.equal(condition.status, 'False');
  t.match(condition.message, /^ReplicaSet "slow-[^"]+" has timed out progressing\.$/);
  await complete('slow');
});

t.test('a ReplicaSet adopts what matches and lets go of what does not', async (t) => {
  const spec = { containers: [{ name: 'c', image: 'i' }] };
  const orphan = await client.create(pods, {
    metadata: { name: 'orphan', namespace: 'default', labels: { app: 'rs' } },
    spec,
  });
  const set: ReplicaSet = {
    metadata: { name: 'rs', namespace: 'default' },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'rs' } },
      template: { metadata: { labels: { app: 'rs' } }, spec },
    },
  };
  const created = await client.create(replicaSets, set);
  const podsNow = async () => (await client.list(pods, { labelSelector: 'app=rs' })).items;
  await until('there are two', async () => (await podsNow()).length === 2);
  const adopted = await client.get(pods, 'default', 'orphan');
  t.same(adopted.metadata?.ownerReferences, [
    {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      name: 'rs',
      uid: created.metadata?.uid,
      controller: true,
      blockOwnerDeletion: true,
    },
  ]);
  const relabel = { metadata: { uid: orphan.metadata?.uid, labels: { app: 'other' } } };
  await client.patch(pods, 'default', 'orphan', 'merge', relabel);
  await until('another takes its place', async () => (await podsNow()).length === 2);
  const released = await client.get(pods, 'default', 'orphan');
  t.equal(released.metadata?.ownerReferences, undefined);
  const status = await until('its status is up to date', async () => {
    await cluster.runPods();
    const found = (await client.get(replicaSets, 'default', 'rs')).status;
    return found?.availableReplicas === 2 ? found : undefined;
  });
  t.match(status, { replicas: 2, readyReplicas: 2, fullyLabeledReplicas: 2 });
});

t.test('a ReplicationController keeps pods by its plain selector', async (t) => {
  const spec = { containers: [{ name: 'c', image: 'i' }] };
  const created = await client.create(replicationControllers, {
    metadata: { name: 'rc', namespace: 'default' },
    spec: {
      replicas: 2,
      selector: { app: 'rc' },
      template: { metadata: { labels: { app: 'rc' } }, spec },
    },
  });
  const podsNow = async () => (await client.list(pods, { labelSelector: 'app=rc' })).items;
  await until('there are two', async () => (await podsNow()).length === 2);
  const [pod] = await podsNow();
  t.match(pod?.metadata?.ownerReferences?.[0], {
    apiVersion: 'v1',
    kind: 'ReplicationController',
    uid: created.metadata?.uid,
    controller: true,
  });
  const statusOf = async () => (await client.get(replicationControllers, 'default', 'rc')).status;
  const status = await until('both are available', async () => {
    await cluster.runPods();
    const found = await statusOf();
    return found?.availableReplicas === 2 ? found : undefined;
  });
  t.strictSame(status, {
    replicas: 2,
    fullyLabeledReplicas: 2,
    readyReplicas: 2,
    availableReplicas: 2,
    observedGeneration: 1,
  });
  await client.patch(replicationControllers, 'default', 'rc', 'merge', { spec: { replicas: 0 } });
  await until('none is left', async () => {
    await cluster.runPods();
    return (await podsNow()).length === 0;
  });
  await until('the status says so', async () => (await statusOf())?.replicas === 0);
});

t.test('a refused pod is told in the status', async (t) => {
  const set: ReplicaSet = {
    metadata: { name: 'bad', namespace: 'default' },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'bad' } },
      template: {
        metadata: { labels: { app: 'bad' } },
        spec: { serviceAccountName: 'nobody', containers: [{ name: 'c', image: 'i' }] },
      },
    },
  };
  await client.create(replicaSets, set);
  const condition = await until('it is told', async () =>
    (await client.get(replicaSets, 'default', 'bad')).status?.conditions?.at(0),
  );
  t.match(condition, { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate' });
  t.match(condition.message, /error looking up service account default\/nobody/);
  await cluster.call('POST', '/api/v1/namespaces/default/serviceaccounts', {
    metadata: { name: 'nobody' },
  });
  await until('it goes away', async () => {
    const { status } = await client.get(replicaSets, 'default', 'bad');
    return status?.conditions === undefined && status?.replicas === 1;
  });
});
