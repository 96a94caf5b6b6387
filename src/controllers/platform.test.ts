// The controllers that every namespace, node and certificate needs, against the real API.
import t from 'tap';
import { createSigningRequest } from '../certificates.ts';
import {
  certificateSigningRequests,
  clusterRoles,
  configMaps,
  endpointSlices,
  endpoints,
  leases,
  namespaces,
  nodes,
  pods,
  serviceAccounts,
  services,
} from '../client/resource-ref.ts';
import type { Pod } from '../objects.ts';
import { isReason } from '../status.ts';
import { certificateApproverController } from './certificate-signing.ts';
import { clusterRoleAggregationController } from './cluster-role-aggregation.ts';
import { readyNode, testCluster, testNode } from './controllers.fixture.ts';
import { endpointsController } from './endpoints.ts';
import { endpointSliceController } from './endpointslice.ts';
import { endpointSliceMirroringController } from './endpointslice-mirroring.ts';
import { garbageCollectorController } from './garbage-collector.ts';
import { namespaceController } from './namespace.ts';
import { rootCaController, serviceAccountController } from './namespace-defaults.ts';
import { nodeAddressController } from './node-addresses.ts';
import { nodeLifecycleController } from './node-lifecycle.ts';
import { podGarbageController } from './pod-garbage.ts';

const cluster = await testCluster(
  [
    certificateApproverController,
    clusterRoleAggregationController,
    endpointsController,
    endpointSliceController,
    endpointSliceMirroringController,
    garbageCollectorController,
    namespaceController,
    nodeAddressController,
    nodeLifecycleController,
    podGarbageController,
    rootCaController,
    serviceAccountController,
  ],
  ({ authority }) => ({
    clusterCidr: '10.1.0.0/22',
    rootCa: authority.certificate,
    certificateAuthority: authority,
  }),
);
const { client, until, call } = cluster;
t.teardown(() => cluster.close());

const isGone = async (read: Promise<unknown>): Promise<boolean> => {
  try {
    await read;
    return false;
  } catch (error) {
    if (isReason(error, 'NotFound')) return true;
    throw error;
  }
};
const podOf = (name: string, namespace = 'default', labels: Record<string, string> = {}): Pod => ({
  metadata: { name, namespace, labels },
  spec: { containers: [{ name: 'c', image: 'i', ports: [{ name: 'web', containerPort: 80 }] }] },
});
const mapOf = (name: string, owners: readonly object[] = [], more: object = {}) => ({
  metadata: { name, ownerReferences: owners, ...more },
});
const maps = '/api/v1/namespaces/default/configmaps';
const makeMap = (...parts: Parameters<typeof mapOf>) => call('POST', maps, mapOf(...parts));

t.test('a namespace gets its account and CA, and goes with all that is in it', async (t) => {
  await client.create(namespaces, { metadata: { name: 'team' } });
  const account = () => client.get(serviceAccounts, 'team', 'default');
  await until('it has an account', async () => !(await isGone(account())));
  const { uid } = (await account()).metadata ?? {};
  await client.delete(serviceAccounts, 'team', 'default');
  await until('the account is back', async () => {
    if (await isGone(account())) return false;
    return (await account()).metadata?.uid !== uid;
  });
  const ca = () => client.get(configMaps, 'team', 'kube-root-ca.crt');
  await until('it has the CA', async () => !(await isGone(ca())));
  await client.patch(configMaps, 'team', 'kube-root-ca.crt', 'merge', { data: { 'ca.crt': 'x' } });
  await until('the CA is repaired', async () => /BEGIN/.test((await ca()).data?.['ca.crt'] ?? ''));

  const held = { metadata: { name: 'held', namespace: 'team', finalizers: ['example.com/x'] } };
  await client.create(configMaps, held);
  await client.create(pods, podOf('p', 'team'));
  await client.delete(namespaces, '', 'team');
  const conditions = await until('it tells what holds it', async () => {
    const { status } = await client.get(namespaces, '', 'team');
    const found = status?.conditions ?? [];
    return found.some((each) => each.reason === 'SomeFinalizersRemain') ? found : undefined;
  });
  t.match(
    conditions.find((each) => each.type === 'NamespaceContentRemaining'),
    {
      status: 'True',
      reason: 'SomeResourcesRemain',
      message: 'Some resources are remaining: configmaps. has 1 resource instances',
    },
  );
  t.match(
    conditions.find((each) => each.type === 'NamespaceFinalizersRemaining'),
    {
      message:
        'Some content in the namespace has finalizers remaining: ' +
        'example.com/x in 1 resource instances',
    },
  );
  const refused = await call('POST', '/api/v1/namespaces/team/configmaps', mapOf('late'));
  t.equal(refused.status, 403);
  t.match(refused.body.message, /unable to create new content in namespace team because it is/);
  await client.patch(configMaps, 'team', 'held', 'merge', { metadata: { finalizers: null } });
  await until('it is gone', () => isGone(client.get(namespaces, '', 'team')));
});

t.test(
  'Endpoints that somebody wrote are mirrored while their Service has no selector',
  async (t) => {
    const metadata = { name: 'outside', namespace: 'default' };
    const subsets = (ip: string) => [{ addresses: [{ ip }], ports: [{ port: 80 }] }];
    await client.create(services, { metadata, spec: { ports: [{ port: 80 }] } });
    await client.create(endpoints, { metadata, subsets: subsets('10.9.0.1') });
    const mirrored = async () => {
      const { items } = await client.list(endpointSlices, {
        namespace: 'default',
        labelSelector: 'kubernetes.io/service-name=outside',
      });
      return items.flatMap((slice) => slice.endpoints?.flatMap((each) => each.addresses));
    };
    const becomes = async (what: string, addresses: readonly string[]) => {
      await until(what, async () => JSON.stringify(await mirrored()) === JSON.stringify(addresses));
      t.pass(what);
    };
    await becomes('it has a slice', ['10.9.0.1']);
    await client.patch(endpoints, 'default', 'outside', 'merge', { subsets: subsets('10.9.0.2') });
    await becomes('the slice follows', ['10.9.0.2']);
    const skip = { 'endpointslice.kubernetes.io/skip-mirror': 'true' };
    await client.patch(endpoints, 'default', 'outside', 'merge', { metadata: { labels: skip } });
    await becomes('unless it is told not to', []);
    await client.delete(endpoints, 'default', 'outside');
    await client.create(endpoints, { metadata, subsets: subsets('10.9.0.3') });
    await becomes('a new one is mirrored, too', ['10.9.0.3']);
    await client.delete(services, 'default', 'outside');
    await becomes('nothing is left without its Service', []);
  },
);

t.test('the garbage collector: background, foreground, orphan', async (t) => {
  const ownedBy = (name: string, uid: unknown, more: object = {}) => [
    { apiVersion: 'v1', kind: 'ConfigMap', name, uid: String(uid), ...more },
  ];
  const exists = async (name: string) => (await call('GET', `${maps}/${name}`)).status === 200;

  const background = await makeMap('b');
  await makeMap('b-child', ownedBy('b', background.body.metadata?.uid));
  await makeMap('stray', ownedBy('nobody', '00000000-0000-0000-0000-000000000000'));
  await until('what nobody owns is gone', async () => !(await exists('stray')));
  t.ok(await exists('b-child'));
  await call('DELETE', `${maps}/b`, { propagationPolicy: 'Background' });
  await until('the child is gone', async () => !(await exists('b-child')));

  const foreground = await makeMap('f');
  const blocking = { blockOwnerDeletion: true };
  await makeMap('f-child', ownedBy('f', foreground.body.metadata?.uid, blocking), {
    finalizers: ['example.com/x'],
  });
  await call('DELETE', `${maps}/f`, { propagationPolicy: 'Foreground' });
  await until('the child is being deleted', async () => {
    const child = await call('GET', `${maps}/f-child`);
    return child.body.metadata?.deletionTimestamp !== undefined;
  });
  await cluster.pass(2000);
  t.ok(await exists('f'), 'the owner waits');
  await client.patch(configMaps, 'default', 'f-child', 'merge', { metadata: { finalizers: [] } });
  await until('the owner is gone too', async () => !(await exists('f')));

  const orphan = await makeMap('o');
  await makeMap('o-child', ownedBy('o', orphan.body.metadata?.uid));
  await call('DELETE', `${maps}/o`, { propagationPolicy: 'Orphan' });
  await until('the owner is gone', async () => !(await exists('o')));
  await cluster.pass(2000);
  const child = await call('GET', `${maps}/o-child`);
  t.equal(child.status, 200);
  t.equal(child.body.metadata?.ownerReferences, undefined);
});

t.test('a node gets addresses, and is tainted and emptied when it falls silent', async (t) => {
  const now = () => `${new Date(cluster.clock.nowMs()).toISOString().slice(0, 19)}Z`;
  await readyNode(client, 'n1', now());
  await readyNode(client, 'n2', now());
  const blocks = await until('both have addresses', async () => {
    const found = await Promise.all(['n1', 'n2'].map((name) => client.get(nodes, '', name)));
    const all = found.map((node) => node.spec?.podCIDR);
    return all.every((each) => each !== undefined) ? all : undefined;
  });
  t.same(blocks.sort(), ['10.1.0.0/24', '10.1.1.0/24']);
  const taints = async () =>
    ((await client.get(nodes, '', 'n1')).spec?.taints ?? []).map(
      (each) => `${each.key}:${each.effect}`,
    );
  await until('its first taint is gone', async () => (await taints()).length === 0);

  const hasty = {
    key: 'node.kubernetes.io/unreachable',
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds: 5,
  };
  const pod = podOf('hasty');
  const spec = { ...pod.spec, containers: pod.spec?.containers ?? [], tolerations: [hasty] };
  await client.create(pods, { ...pod, spec: { ...spec, nodeName: 'n1' } });
  await client.create(pods, {
    ...podOf('stays'),
    spec: { ...spec, nodeName: 'n1', tolerations: [{ operator: 'Exists' }] },
  });
  await cluster.runPods();
  // n2 keeps its lease, n1 says nothing any more.
  const renew = setRenewal();
  await until('n1 is unreachable', async () => (await taints()).length === 2, 120_000);
  t.same((await taints()).sort(), [
    'node.kubernetes.io/unreachable:NoExecute',
    'node.kubernetes.io/unreachable:NoSchedule',
  ]);
  t.same((await client.get(nodes, '', 'n2')).spec?.taints, undefined);
  const ready = await until('its pods are not ready', async () => {
    const { status } = await client.get(pods, 'default', 'stays');
    const found = status?.conditions?.find((each) => each.type === 'Ready');
    return found?.status === 'False' ? found : undefined;
  });
  t.equal(ready.reason, 'NodeNotReady');
  const evicted = await until('the hasty pod is told to go', async () => {
    const found = await client.get(pods, 'default', 'hasty');
    return found.metadata?.deletionTimestamp === undefined ? undefined : found;
  });
  t.match(evicted.status?.conditions, [
    { type: 'DisruptionTarget', reason: 'DeletionByTaintManager' },
    { type: 'Ready', status: 'False', reason: 'NodeNotReady' },
  ]);
  t.equal((await client.get(pods, 'default', 'stays')).metadata?.deletionTimestamp, undefined);
  await client.delete(nodes, '', 'n1');
  await until(
    'its pods are collected',
    () => isGone(client.get(pods, 'default', 'stays')),
    120_000,
  );
  renew.stop();

  /** A heartbeat of n2 every ten seconds. */
  function setRenewal() {
    let stopped = false;
    const beat = () => {
      if (stopped) return;
      const renewTime = `${new Date(cluster.clock.nowMs()).toISOString().slice(0, 23)}000Z`;
      const lease = { metadata: { name: 'n2', namespace: 'kube-node-lease' }, spec: { renewTime } };
      client
        .create(leases, lease)
        .catch(() => client.patch(leases, 'kube-node-lease', 'n2', 'merge', lease))
        .catch((error) => t.fail(String(error)));
      cluster.clock.setTimeout(beat, 10_000);
    };
    beat();
    return {
      stop() {
        stopped = true;
      },
    };
  }
});

t.test("a node's certificate is approved and signed, a broken wish is not", async (t) => {
  const request = async (name: string, commonName: string) => {
    const { csr } = await createSigningRequest({ commonName, organizations: ['system:nodes'] });
    const body = {
      metadata: { name },
      spec: {
        request: Buffer.from(csr).toString('base64'),
        signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
        usages: ['digital signature', 'client auth'],
      },
    };
    const as = { 'impersonate-user': 'system:node:n2', 'impersonate-group': 'system:nodes' };
    const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
    return call('POST', path, body, as);
  };
  t.equal((await request('good', 'system:node:n2')).status, 201);
  const signed = await until('it is signed', async () => {
    const { status } = await client.get(certificateSigningRequests, '', 'good');
    return status?.certificate === undefined ? undefined : status;
  });
  t.match(signed.conditions, [{ type: 'Approved', reason: 'AutoApproved' }]);
  t.match(Buffer.from(signed.certificate ?? '', 'base64').toString(), /BEGIN CERTIFICATE/);
});

t.test('a service has the endpoints of its ready pods', async (t) => {
  await client.create(services, {
    metadata: { name: 'web', namespace: 'default' },
    spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'web' }] },
  });
  await client.create(pods, podOf('w1', 'default', { app: 'web' }));
  await client.create(pods, podOf('w2', 'default', { app: 'web' }));
  await cluster.runPods();
  const old = await until('both are there', async () => {
    const found = await client.get(endpoints, 'default', 'web').catch(() => undefined);
    return found?.subsets?.[0]?.addresses?.length === 2 ? found : undefined;
  });
  t.match(old.subsets?.[0], { ports: [{ port: 80, protocol: 'TCP' }] });
  t.equal(old.subsets?.[0]?.addresses?.[0]?.nodeName, testNode);
  const slices = async () =>
    (
      await client.list(endpointSlices, {
        namespace: 'default',
        labelSelector: 'kubernetes.io/service-name=web',
      })
    ).items;
  const slice = await until('a slice has both', async () => {
    const [found] = await slices();
    return found?.endpoints?.length === 2 ? found : undefined;
  });
  t.match(slice, {
    addressType: 'IPv4',
    ports: [{ port: 80, protocol: 'TCP' }],
    metadata: {
      labels: { 'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io' },
      ownerReferences: [{ kind: 'Service', name: 'web', controller: true }],
    },
  });
  await client.delete(pods, 'default', 'w1', { gracePeriodSeconds: 0 });
  await until('one is left', async () => (await slices())[0]?.endpoints?.length === 1);
  await client.delete(services, 'default', 'web');
  await until('the slices go with it', async () => (await slices()).length === 0);
  await until('and so do the endpoints', () => isGone(client.get(endpoints, 'default', 'web')));
});

t.test('a cluster role is filled from those that it selects', async (t) => {
  const admin = () => client.get(clusterRoles, '', 'admin');
  const before = await until('the built-in roles are filled', async () => {
    const { rules = [] } = await admin();
    return rules.length > 0 ? rules.length : undefined;
  });
  await client.create(clusterRoles, {
    metadata: { name: 'more', labels: { 'rbac.authorization.k8s.io/aggregate-to-admin': 'true' } },
    rules: [{ apiGroups: ['example.com'], resources: ['unicorns'], verbs: ['*'] }],
  });
  await until('its rule is added', async () => {
    const { rules = [] } = await admin();
    return rules.length === before + 1;
  });
  await client.delete(clusterRoles, '', 'more');
  await until('its rule is gone', async () => (await admin()).rules?.length === before);
  t.pass();
});
