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
  const nobody = podOf('sb', { serviceAccountName: 'nobody' }).spec;
  const unnamed = await call('POST', pods, { metadata: { generateName: 'sb-' }, spec: nobody });
  t.match(unnamed.body.message, /^pods "sb-" is forbidden: /, 'it has no name yet');
  const nameless = await call('POST', pods, { metadata: {}, spec: nobody });
  t.match(nameless.body.message, /^pods "Unknown" is forbidden: /);
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

t.test('PriorityClass', async (t) => {
  const url = '/apis/scheduling.k8s.io/v1/priorityclasses';
  const { body } = await call('GET', `${url}/system-cluster-critical`);
  t.match(body, { value: 2_000_000_000, metadata: { generation: 1 } });
  const kept = await call('DELETE', `${url}/system-cluster-critical`);
  t.equal(kept.status, 403);
  t.match(kept.body.message, /this is a system priority class and cannot be deleted/);
  const make = (name: string, fields: object) =>
    call('POST', url, { metadata: { name }, ...fields });
  await make('gold', { value: 7, globalDefault: true, preemptionPolicy: 'Never' });
  const second = await make('silver', { value: 6, globalDefault: true });
  t.equal(
    second.body.message,
    'priorityclasses.scheduling.k8s.io "silver" is forbidden: PriorityClass gold is already ' +
      'marked as default. Only one default can exist',
  );
  const made = await call('POST', pods, podOf('pe'));
  const wanted = { priorityClassName: 'gold', priority: 7, preemptionPolicy: 'Never' };
  t.match(made.body.spec, wanted);
  const { priority: _, preemptionPolicy: __, ...rest } = made.body.spec ?? {};
  const put = await call('PUT', `${pods}/pe`, { ...made.body, spec: rest });
  t.match(put.body.spec, wanted, 'an update that leaves the priority out keeps it');
  await call('DELETE', `${url}/gold`);
});

t.test('RuntimeClass', async (t) => {
  const url = '/apis/node.k8s.io/v1/runtimeclasses';
  const tolerations = [{ key: 'kata', operator: 'Exists' }];
  await call('POST', url, {
    metadata: { name: 'kata' },
    handler: 'kata',
    overhead: { podFixed: { memory: '100Mi' } },
    scheduling: { nodeSelector: { kata: 'yes' }, tolerations },
  });
  const spec = (fields: object) => ({ runtimeClassName: 'kata', ...fields });
  const own = { key: 'kata', operator: 'Equal', value: '1' };
  const made = await call(
    'POST',
    pods,
    podOf('ra', spec({ nodeSelector: { a: 'b' }, tolerations: [own] })),
  );
  t.match(made.body.spec, {
    overhead: { memory: '100Mi' },
    nodeSelector: { a: 'b', kata: 'yes' },
    tolerations: [{}, {}, ...tolerations],
  });
  const refused = async (name: string, fields: object) =>
    (await call('POST', pods, podOf(name, fields))).body.message;
  t.match(
    await refused('rb', { runtimeClassName: 'none' }),
    /pod rejected: RuntimeClass "none" not found/,
  );
  t.match(
    await refused('rc', spec({ overhead: { memory: '1Gi' } })),
    /Pod's Overhead doesn't match RuntimeClass's defined Overhead/,
  );
  t.match(
    await refused('rd', { overhead: { memory: '1Gi' } }),
    /Pod Overhead set without corresponding RuntimeClass defined Overhead/,
  );
  t.match(
    await refused('re', spec({ nodeSelector: { kata: 'no' } })),
    /conflict: runtimeClass.scheduling.nodeSelector\[kata\] = yes; pod.spec.nodeSelector\[kata\] = no/,
  );
});

t.test('DefaultIngressClass', async (t) => {
  const classes = '/apis/networking.k8s.io/v1/ingressclasses';
  const ingresses = '/apis/networking.k8s.io/v1/namespaces/default/ingresses';
  const make = async (name: string, metadata: object = {}) => {
    const defaultBackend = { service: { name: 'web', port: { number: 80 } } };
    const made = await call('POST', ingresses, {
      metadata: { name, ...metadata },
      spec: { defaultBackend },
    });
    return made.body.spec?.ingressClassName;
  };
  t.equal(await make('a'), undefined);
  for (const name of ['y', 'x']) {
    const annotations = { 'ingressclass.kubernetes.io/is-default-class': 'true' };
    await call('POST', classes, {
      metadata: { name, annotations },
      spec: { controller: 'a.io/b' },
    });
  }
  t.match(await make('b'), /^[xy]$/);
  t.equal(await make('c', { annotations: { 'kubernetes.io/ingress.class': 'z' } }), undefined);
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
