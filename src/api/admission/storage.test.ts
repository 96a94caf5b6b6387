// Storage against the whole API: classes given by default, finalizers, growth of claims, node access.
import t from 'tap';
import { testApi } from '../api.fixture.ts';

const { api, call } = await testApi();
t.teardown(() => api.close());
const core = '/api/v1/namespaces/default';
const claims = `${core}/persistentvolumeclaims`;
const volumes = '/api/v1/persistentvolumes';
const storage = '/apis/storage.k8s.io/v1';
const merge = { 'content-type': 'application/merge-patch+json' };
const synced = async (group: string, plural: string) =>
  void (await api.registry.store(group, plural)?.cache.consistent());

const claimOf = (name: string, spec: object = {}) => ({
  metadata: { name },
  spec: {
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: '1Gi' } },
    ...spec,
  },
});
const volumeOf = (name: string, spec: object = {}) => ({
  metadata: { name },
  spec: {
    capacity: { storage: '1Gi' },
    accessModes: ['ReadWriteOnce'],
    csi: { driver: 'd', volumeHandle: 'h' },
    ...spec,
  },
});
const classOf = (name: string, more: object = {}, isDefault = true) => ({
  metadata: {
    name,
    annotations: { 'storageclass.kubernetes.io/is-default-class': String(isDefault) },
  },
  provisioner: 'd',
  ...more,
});

t.test('a claim without a class gets a default one', async (t) => {
  const before = await call('POST', claims, claimOf('early'));
  t.equal(before.body.spec?.storageClassName, undefined, 'there is none yet');
  await call('POST', `${storage}/storageclasses`, classOf('plain', {}, false));
  await call('POST', `${storage}/storageclasses`, classOf('fast', { allowVolumeExpansion: true }));
  await synced('storage.k8s.io', 'storageclasses');
  t.equal((await call('POST', claims, claimOf('a'))).body.spec?.storageClassName, 'fast');
  const none = await call('POST', claims, claimOf('b', { storageClassName: '' }));
  t.equal(none.body.spec?.storageClassName, '', 'none was asked for');
});

t.test('what is in use is protected', async (t) => {
  const claim = await call('GET', `${claims}/a`);
  t.same(claim.body.metadata?.finalizers, ['kubernetes.io/pvc-protection']);
  const volume = await call('POST', volumes, volumeOf('v'));
  t.same(volume.body.metadata?.finalizers, ['kubernetes.io/pv-protection']);
  t.equal(volume.body.metadata?.generation, undefined);
  const vac = { metadata: { name: 'gold' }, driverName: 'd', parameters: { a: 'b' } };
  const made = await call('POST', `${storage}/volumeattributesclasses`, vac);
  t.same(made.body.metadata?.finalizers, ['kubernetes.io/vac-protection']);
  const deleted = await call('DELETE', `${volumes}/v`);
  t.equal(deleted.body.kind, 'PersistentVolume', 'the object is the answer');
  t.ok((await call('GET', `${volumes}/v`)).body.metadata?.deletionTimestamp);
});

t.test('claims grow when they are bound and their class allows it', async (t) => {
  const grow = (name: string, amount: string) =>
    call(
      'PATCH',
      `${claims}/${name}`,
      { spec: { resources: { requests: { storage: amount } } } },
      merge,
    );
  const bind = (name: string) =>
    call(
      'PATCH',
      `${claims}/${name}/status`,
      { status: { phase: 'Bound', capacity: { storage: '1Gi' } } },
      merge,
    );
  await bind('a');
  t.equal((await grow('a', '2Gi')).status, 200);
  t.equal((await grow('a', '1536Mi')).status, 200, 'a growth is taken back in part');
  t.equal((await grow('a', '1Gi')).status, 422, 'but not to what there is');
  await bind('b');
  const classless = await grow('b', '2Gi');
  t.equal(classless.status, 403);
  t.match(
    classless.body.message,
    /^persistentvolumeclaims "b" is forbidden: only dynamically provisioned pvc can be resized/,
  );
});

t.test('a node sees the storage of its pods', async (t) => {
  const me = { 'impersonate-user': 'system:node:n1', 'impersonate-group': 'system:nodes' };
  const asNode = (method: string, path: string, body?: unknown, more: object = {}) =>
    call(method, path, body, { ...me, ...more });
  await call('POST', `${core}/serviceaccounts`, { metadata: { name: 'default' } });
  await call('POST', `${core}/pods`, {
    metadata: { name: 'p' },
    spec: {
      nodeName: 'n1',
      containers: [{ name: 'c', image: 'i' }],
      volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'mine' } }],
    },
  });
  const csi = {
    driver: 'd',
    volumeHandle: 'h',
    nodeStageSecretRef: { name: 'key', namespace: 'kube-system' },
    controllerPublishSecretRef: { name: 'root', namespace: 'kube-system' },
  };
  const claimRef = { namespace: 'default', name: 'mine' };
  await call('POST', claims, claimOf('mine', { volumeName: 'mine' }));
  await call('POST', volumes, volumeOf('mine', { csi, claimRef }));
  const secrets = '/api/v1/namespaces/kube-system/secrets';
  for (const name of ['key', 'root']) await call('POST', secrets, { metadata: { name } });
  for (const node of ['n1', 'n2']) {
    const source = { persistentVolumeName: 'mine' };
    const spec = { attacher: 'd', nodeName: node, source };
    await call('POST', `${storage}/volumeattachments`, { metadata: { name: node }, spec });
  }
  for (const plural of ['pods', 'persistentvolumes', 'persistentvolumeclaims', 'secrets']) {
    await synced('', plural);
  }
  await synced('storage.k8s.io', 'volumeattachments');
  const statusOf = async (path: string) => (await asNode('GET', path)).status;
  t.equal(await statusOf(`${claims}/mine`), 200);
  t.equal(await statusOf(`${claims}/a`), 403);
  t.equal(await statusOf(claims), 403, 'no lists');
  t.equal(await statusOf(`${volumes}/mine`), 200);
  t.equal(await statusOf(`${volumes}/v`), 403);
  t.equal(await statusOf(`${secrets}/key`), 200);
  t.equal(await statusOf(`${secrets}/root`), 403, 'a secret of the control plane');
  t.equal(await statusOf(`${storage}/volumeattachments/n1`), 200);
  t.equal(await statusOf(`${storage}/volumeattachments/n2`), 403);

  const grown = { status: { capacity: { storage: '2Gi' } } };
  t.equal((await asNode('PATCH', `${claims}/mine/status`, grown, merge)).status, 200);
  const phase = await asNode(
    'PATCH',
    `${claims}/mine/status`,
    { status: { phase: 'Lost' } },
    merge,
  );
  t.match(phase.body.message, /node "n1" is not allowed to update fields other than status.quan/);
  const drivers = { spec: { drivers: [{ name: 'd', nodeID: 'x' }] } };
  const csiNodes = `${storage}/csinodes`;
  const own = await asNode('POST', csiNodes, { metadata: { name: 'n1' }, ...drivers });
  t.equal(own.status, 201);
  const other = await asNode('POST', csiNodes, { metadata: { name: 'n2' }, ...drivers });
  t.match(other.body.message, /can only access CSINode with the same name as the requesting node/);
});

t.test('an attachment starts detached, and its status keeps the rest', async (t) => {
  const path = `${storage}/volumeattachments/n1`;
  t.same((await call('GET', path)).body.status, { attached: false });
  const change = { metadata: { labels: { a: 'b' } }, status: { attached: true } };
  const { body } = await call('PATCH', `${path}/status`, change, merge);
  t.same(body.status, { attached: true });
  t.equal(body.metadata?.labels, undefined);
});

t.test('only v1 is served by default', async (t) => {
  t.equal((await call('GET', '/apis/storage.k8s.io/v1beta1')).status, 404);
  const { body } = await call('GET', '/apis/storage.k8s.io');
  t.match(body, { versions: [{ version: 'v1' }], preferredVersion: { version: 'v1' } });
});
