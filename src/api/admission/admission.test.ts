// Each admission plugin against the whole API: what it fills in and what it refuses.
import t from 'tap';
import { testApi } from '../api.fixture.ts';

const { api, call } = await testApi();
t.teardown(() => api.close());
const core = '/api/v1/namespaces/default';
const pods = `${core}/pods`;
const accounts = `${core}/serviceaccounts`;
await call('POST', accounts, { metadata: { name: 'default' } });
const podOf = (name: string, spec: object = {}, metadata: object = {}) => ({
  metadata: { name, ...metadata },
  spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
});

t.test('NamespaceLifecycle', async (t) => {
  for (const name of ['default', 'kube-system', 'kube-public']) {
    const answer = await call('DELETE', `/api/v1/namespaces/${name}`);
    t.equal(answer.status, 403);
    t.match(answer.body.message, /this namespace may not be deleted/);
  }
  await call('POST', '/api/v1/namespaces', { metadata: { name: 'going' } });
  await call('DELETE', '/api/v1/namespaces/going');
  const late = await call('POST', '/api/v1/namespaces/going/secrets', { metadata: { name: 's' } });
  t.equal(late.status, 403);
  t.match(late.body.details?.causes, [
    { reason: 'NamespaceTerminating', field: 'metadata.namespace' },
  ]);
});

t.test('ServiceAccount', async (t) => {
  const { spec } = (await call('POST', pods, podOf('sa'))).body;
  t.match(spec, { serviceAccountName: 'default', serviceAccount: 'default' });
  const volumes = (spec?.volumes ?? []) as unknown as {
    name: string;
    projected: { sources: object[] };
  }[];
  const [volume] = volumes;
  t.match(volume?.name, /^kube-api-access-[a-z0-9]{5}$/);
  t.match(volume?.projected.sources, [
    { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
    { configMap: { name: 'kube-root-ca.crt' } },
    { downwardAPI: {} },
  ]);
  const none = await call('POST', pods, podOf('sb', { serviceAccountName: 'nobody' }));
  t.equal(none.status, 403);
  t.match(none.body.message, /error looking up service account default\/nobody/);
  const off = await call('POST', pods, podOf('sc', { automountServiceAccountToken: false }));
  t.equal(off.body.spec?.volumes, undefined);
  await call('POST', accounts, {
    metadata: { name: 'puller' },
    imagePullSecrets: [{ name: 'registry' }],
    automountServiceAccountToken: false,
  });
  const pulling = await call('POST', pods, podOf('sd', { serviceAccountName: 'puller' }));
  t.match(pulling.body.spec, { imagePullSecrets: [{ name: 'registry' }] });
  t.equal(pulling.body.spec?.volumes, undefined);
  const mirror = { annotations: { 'kubernetes.io/config.mirror': 'x' } };
  const mirrored = await call('POST', pods, podOf('se', { nodeName: 'n' }, mirror));
  t.equal(mirrored.body.spec?.serviceAccountName, undefined);
  const wishes = podOf('sf', { nodeName: 'n', serviceAccountName: 'default' }, mirror);
  t.match((await call('POST', pods, wishes)).body.message, /may not reference service accounts/);
});

t.test('Priority', async (t) => {
  const plain = await call('POST', pods, podOf('pa'));
  t.match(plain.body.spec, { priority: 0, preemptionPolicy: 'PreemptLowerPriority' });
  const system = podOf('pb', { priorityClassName: 'system-node-critical' });
  t.equal((await call('POST', pods, system)).body.spec?.priority, 2_000_001_000);
  const unknown = await call('POST', pods, podOf('pc', { priorityClassName: 'gold' }));
  t.match(unknown.body.message, /no PriorityClass with name gold was found/);
  const stated = await call('POST', pods, podOf('pd', { priority: 5 }));
  t.match(stated.body.message, /the integer value of priority \(5\) must not be provided/);
});

t.test('DefaultTolerationSeconds and TaintNodesByCondition', async (t) => {
  const own = { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' };
  const answer = await call('POST', pods, podOf('ta', { tolerations: [own] }));
  t.same(answer.body.spec?.tolerations, [
    own,
    {
      key: 'node.kubernetes.io/unreachable',
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: 300,
    },
  ]);
  const node = await call('POST', '/api/v1/nodes', { metadata: { name: 'n' } });
  t.same(node.body.spec?.taints, [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }]);
});

t.test('Service addresses are given once', async (t) => {
  const services = `${core}/services`;
  const make = (name: string, spec: object) =>
    call('POST', services, { metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } });
  const made = await Promise.all(
    Array.from({ length: 20 }, (_, at) => make(`s${at}`, { type: 'NodePort' })),
  );
  t.ok(made.every(({ status }) => status === 201));
  t.equal(new Set(made.map(({ body }) => body.spec?.clusterIP)).size, 20);
  const ports = made.map(({ body }) => JSON.stringify(body.spec?.ports));
  t.equal(new Set(ports).size, 20);
  const taken = await make('again', { clusterIP: made[0]?.body.spec?.clusterIP });
  t.equal(taken.status, 422);
  t.match(taken.body.message, /provided IP is already allocated/);
  const outside = await make('outside', { clusterIP: '10.0.0.1' });
  t.match(outside.body.message, /spec.clusterIPs: Invalid value: \["10.0.0.1"\]/);
  await call('DELETE', `${services}/s0`);
  const freed = await make('freed', { clusterIP: made[0]?.body.spec?.clusterIP });
  t.equal(freed.status, 201);
});
