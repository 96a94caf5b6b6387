// The official JavaScript client as a real user has it: over TLS, with lists, informers, patches.
import {
  ApiException,
  AppsV1Api,
  CoreV1Api,
  KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  VersionApi,
  Watch,
} from '@kubernetes/client-node';
import t from 'tap';
import { adminToken, testApi } from './api.fixture.ts';

const test = await testApi();
const server = await test.listen();
t.teardown(async () => {
  await server.close(0);
  test.api.close();
});
const config = new KubeConfig();
config.loadFromClusterAndUser(
  {
    name: 'test',
    server: `https://127.0.0.1:${server.addresses[0]?.port}`,
    skipTLSVerify: false,
    caData: Buffer.from(test.authority.certificate).toString('base64'),
  },
  { name: 'admin', token: adminToken },
);
const core = config.makeApiClient(CoreV1Api);
const namespace = 'default';
const codeOf = (error: unknown) => (error instanceof ApiException ? error.code : error);

t.test('objects come and go', async (t) => {
  t.equal((await config.makeApiClient(VersionApi).getCode()).minor, '36');
  const body = { metadata: { name: 'a', labels: { app: 'x' } }, data: { k: 'v' } };
  const created = await core.createNamespacedConfigMap({ namespace, body });
  t.ok(created.metadata?.creationTimestamp instanceof Date);
  const listed = await core.listNamespacedConfigMap({ namespace, labelSelector: 'app=x' });
  t.same(
    listed.items.map((each) => each.metadata?.name),
    ['a'],
  );
  const put = await core.replaceNamespacedConfigMap({
    namespace,
    name: 'a',
    body: { ...created, data: { k: 'w' } },
  });
  t.equal(put.data?.k, 'w');
  const stale = core.replaceNamespacedConfigMap({ namespace, name: 'a', body: created });
  t.equal(codeOf(await stale.catch((error: unknown) => error)), 409);
  const none = core.readNamespacedConfigMap({ namespace, name: 'none' });
  t.equal(codeOf(await none.catch((error: unknown) => error)), 404);
  const deleted = await core.deleteNamespacedConfigMap({ namespace, name: 'a' });
  t.equal(deleted.status, 'Success');
});

t.test('patches of every kind, and apply', async (t) => {
  const apps = config.makeApiClient(AppsV1Api);
  const labels = { app: 'd' };
  await apps.createNamespacedDeployment({
    namespace,
    body: {
      metadata: { name: 'd' },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } },
      },
    },
  });
  const patch = (body: object, strategy: string) =>
    apps.patchNamespacedDeployment(
      { namespace, name: 'd', body },
      setHeaderOptions('Content-Type', strategy),
    );
  const merged = await patch({ spec: { replicas: 2 } }, PatchStrategy.MergePatch);
  t.equal(merged.spec?.replicas, 2);
  const operations = [{ op: 'replace', path: '/spec/replicas', value: 3 }];
  t.equal((await patch(operations, PatchStrategy.JsonPatch)).spec?.replicas, 3);
  const strategic = { spec: { template: { spec: { containers: [{ name: 'b', image: 'j' }] } } } };
  const both = await patch(strategic, PatchStrategy.StrategicMergePatch);
  t.same(both.spec?.template.spec?.containers.map((each) => each.name).sort(), ['b', 'c']);

  const objects = KubernetesObjectApi.makeApiClient(config);
  const applied = await objects.patch(
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'p', namespace }, data: { a: 'b' } },
    undefined,
    undefined,
    'client-node-test',
    true,
    PatchStrategy.ServerSideApply,
  );
  const { managedFields } = (applied as KubernetesObject).metadata ?? {};
  t.match(managedFields, [{ manager: 'client-node-test', operation: 'Apply' }]);
  const scale = await apps.readNamespacedDeploymentScale({ namespace, name: 'd' });
  t.equal(scale.spec?.replicas, 3);
});

t.test('an informer follows', async (t) => {
  const path = `/api/v1/namespaces/${namespace}/secrets`;
  const informer = makeInformer(config, path, () => core.listNamespacedSecret({ namespace }));
  const seen: string[] = [];
  const whenSeen = (what: string) =>
    new Promise<void>((resolve) => {
      const note = (kind: string) => (object: { metadata?: { name?: string } }) => {
        seen.push(`${kind} ${object.metadata?.name}`);
        if (seen.includes(what)) resolve();
      };
      for (const kind of ['add', 'update', 'delete'] as const) informer.on(kind, note(kind));
    });
  await core.createNamespacedSecret({ namespace, body: { metadata: { name: 's1' } } });
  const deleted = whenSeen('delete s2');
  await informer.start();
  await core.createNamespacedSecret({ namespace, body: { metadata: { name: 's2' } } });
  await core.patchNamespacedSecret(
    { namespace, name: 's2', body: { stringData: { a: 'b' } } },
    setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
  );
  await core.deleteNamespacedSecret({ namespace, name: 's2' });
  await deleted;
  t.same(seen, ['add s1', 'add s2', 'update s2', 'delete s2']);
  t.equal(informer.get('s1', namespace)?.metadata?.name, 's1');
  await informer.stop();
});

t.test('a watch that is too old says so', async (t) => {
  const ended = new Promise((resolve) => {
    void new Watch(config).watch(
      `/api/v1/namespaces/${namespace}/configmaps`,
      { resourceVersion: '1', timeoutSeconds: 1 },
      () => undefined,
      (error) => resolve(error),
    );
  });
  // Whether 1 is too old depends on what the ring holds: it ends either way, and cleanly.
  await ended;
  t.pass();
});
