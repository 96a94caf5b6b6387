// Who may do what, against the whole API: RBAC, nodes, bootstrap tokens, impersonation, escalation.
import t from 'tap';
import { createSigningRequest } from '../certificates.ts';
import { VirtualClock } from '../clock.ts';
import { testApi } from './api.fixture.ts';

const clock = new VirtualClock();
const { api, call } = await testApi({ clock });
t.teardown(() => api.close());

const core = '/api/v1/namespaces/default';
const rbac = '/apis/rbac.authorization.k8s.io/v1';
const as = (user: string, ...groups: string[]) => ({
  'impersonate-user': user,
  ...(groups.length === 0 ? {} : { 'impersonate-group': groups.join(',') }),
});
const synced = async (group: string, plural: string) =>
  void (await api.registry.store(group, plural)?.cache.consistent());
const rule = (verbs: string[], apiGroups: string[], resources: string[], names?: string[]) => ({
  verbs,
  apiGroups,
  resources,
  ...(names === undefined ? {} : { resourceNames: names }),
});
await call('POST', `${core}/serviceaccounts`, { metadata: { name: 'default' } });

t.test('roles reach as far as their bindings', async (t) => {
  const roles = `${rbac}/namespaces/default/roles`;
  const bindings = `${rbac}/namespaces/default/rolebindings`;
  await call('POST', roles, {
    metadata: { name: 'reader' },
    rules: [
      rule(['get', 'list'], [''], ['configmaps']),
      rule(['update'], [''], ['configmaps'], ['one']),
      rule(['get'], [''], ['pods/log']),
    ],
  });
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' };
  await call('POST', bindings, {
    metadata: { name: 'b' },
    roleRef,
    subjects: [
      { kind: 'User', name: 'joe', apiGroup: 'rbac.authorization.k8s.io' },
      { kind: 'Group', name: 'team', apiGroup: 'rbac.authorization.k8s.io' },
      { kind: 'ServiceAccount', name: 'robot', namespace: 'default' },
    ],
  });
  await synced('rbac.authorization.k8s.io', 'rolebindings');
  const status = async (method: string, path: string, who: object) =>
    (await call(method, path, method === 'GET' ? undefined : {}, who as never)).status;
  t.equal(await status('GET', `${core}/configmaps`, as('joe')), 200);
  t.equal(await status('GET', `${core}/configmaps`, as('ann', 'team')), 200);
  t.equal(
    await status('GET', `${core}/configmaps`, as('system:serviceaccount:default:robot')),
    200,
  );
  t.equal(await status('GET', `${core}/configmaps`, as('ann')), 403);
  t.equal(await status('GET', '/api/v1/configmaps', as('joe')), 403, 'not in other namespaces');
  t.equal(await status('GET', `${core}/configmaps?watch=1`, as('joe')), 403, 'watch is a verb');
  t.equal(await status('GET', `${core}/pods/p`, as('joe')), 403, 'a subresource is not its parent');
  t.equal(await status('PUT', `${core}/configmaps/two`, as('joe')), 403);
  t.not(await status('PUT', `${core}/configmaps/one`, as('joe')), 403);
  t.equal(await status('GET', '/metrics', as('joe')), 403);
  t.equal(await status('GET', '/version', as('joe')), 200);
});

t.test('nobody grants more than they have', async (t) => {
  await call('POST', `${rbac}/clusterroles`, {
    metadata: { name: 'manager' },
    rules: [
      rule(['*'], ['rbac.authorization.k8s.io'], ['roles', 'rolebindings']),
      rule(['get'], [''], ['pods']),
    ],
  });
  await call('POST', `${rbac}/clusterrolebindings`, {
    metadata: { name: 'manager' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'manager' },
    subjects: [{ kind: 'User', name: 'boss', apiGroup: 'rbac.authorization.k8s.io' }],
  });
  await synced('rbac.authorization.k8s.io', 'clusterrolebindings');
  const roles = `${rbac}/namespaces/default/roles`;
  const own = { metadata: { name: 'own' }, rules: [rule(['get'], [''], ['pods'])] };
  // `*` on roles includes escalate; take it away by naming the verbs.
  await call('PUT', `${rbac}/clusterroles/manager`, {
    metadata: { name: 'manager' },
    rules: [
      rule(['create', 'get', 'update'], ['rbac.authorization.k8s.io'], ['roles', 'rolebindings']),
      rule(['get'], [''], ['pods']),
    ],
  });
  await synced('rbac.authorization.k8s.io', 'clusterroles');
  t.equal((await call('POST', roles, own, as('boss'))).status, 201);
  const more = { metadata: { name: 'more' }, rules: [rule(['delete'], [''], ['pods'])] };
  const refused = await call('POST', roles, more, as('boss'));
  t.equal(refused.status, 403);
  t.match(
    refused.body.message,
    /user "boss" \(groups=\["system:authenticated"\]\) is attempting to grant RBAC permissions not currently held:\n\{APIGroups:\[""\], Resources:\["pods"\], Verbs:\["delete"\]\}/,
  );
  const binding = {
    metadata: { name: 'up' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'User', name: 'boss', apiGroup: 'rbac.authorization.k8s.io' }],
  };
  const bindings = `${rbac}/namespaces/default/rolebindings`;
  t.equal((await call('POST', bindings, binding, as('boss'))).status, 403);
});

t.test('impersonation needs the right to it, header by header', async (t) => {
  await call('POST', `${rbac}/clusterroles`, {
    metadata: { name: 'actor' },
    rules: [
      rule(['impersonate'], [''], ['users'], ['joe']),
      rule(['impersonate'], ['authentication.k8s.io'], ['userextras/scopes'], ['view']),
    ],
  });
  await call('POST', `${rbac}/clusterrolebindings`, {
    metadata: { name: 'actor' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'actor' },
    subjects: [{ kind: 'ServiceAccount', name: 'actor', namespace: 'default' }],
  });
  await call('POST', `${core}/serviceaccounts`, { metadata: { name: 'actor' } });
  const issued = await call('POST', `${core}/serviceaccounts/actor/token`, { spec: {} });
  await synced('rbac.authorization.k8s.io', 'clusterrolebindings');
  const actor = { authorization: `Bearer ${issued.body.status?.token}` };
  const review = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
  const who = await call('POST', review, {}, { ...actor, ...as('joe') });
  t.equal(who.body.status?.userInfo?.username, 'joe');
  const extra = { 'impersonate-extra-scopes': 'view' };
  const scoped = await call('POST', review, {}, { ...actor, ...as('joe'), ...extra });
  t.same(scoped.body.status?.userInfo?.extra, { scopes: ['view'] });
  const denied = await call('POST', review, {}, { ...actor, ...as('ann') });
  t.equal(denied.status, 403);
  t.equal(
    denied.body.message,
    'users "ann" is forbidden: User "system:serviceaccount:default:actor" cannot impersonate ' +
      'resource "users" in API group "" at the cluster scope',
  );
  t.equal((await call('POST', review, {}, { ...actor, ...as('joe', 'team') })).status, 403);
  const wide = { 'impersonate-extra-scopes': 'admin' };
  t.equal((await call('POST', review, {}, { ...actor, ...as('joe'), ...wide })).status, 403);
});

t.test('bootstrap tokens work until they expire', async (t) => {
  const stringData = {
    'token-id': 'abcdef',
    'token-secret': '0123456789abcdef',
    'usage-bootstrap-authentication': 'true',
    'auth-extra-groups': 'system:bootstrappers:nodes',
    expiration: new Date(clock.nowMs() + 60_000).toISOString(),
  };
  const secret = {
    metadata: { name: 'bootstrap-token-abcdef' },
    type: 'bootstrap.kubernetes.io/token',
    stringData,
  };
  const secrets = '/api/v1/namespaces/kube-system/secrets';
  t.equal((await call('POST', secrets, secret)).status, 201);
  await synced('', 'secrets');
  const review = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
  const by = (token: string) => call('POST', review, {}, { authorization: `Bearer ${token}` });
  const known = await by('abcdef.0123456789abcdef');
  t.match(known.body.status?.userInfo, {
    username: 'system:bootstrap:abcdef',
    groups: ['system:bootstrappers', 'system:bootstrappers:nodes', 'system:authenticated'],
  });
  t.equal((await by('abcdef.0123456789abcdee')).status, 401);
  t.equal((await by('abcdeg.0123456789abcdef')).status, 401);
  await clock.advance(61_000);
  t.equal((await by('abcdef.0123456789abcdef')).status, 401, 'it has expired');
});

t.test('a node sees and changes what is its own', async (t) => {
  const me = as('system:node:n1', 'system:nodes');
  const asNode = (method: string, path: string, body?: unknown) => call(method, path, body, me);
  await call('POST', `${core}/secrets`, { metadata: { name: 'mine' } });
  await call('POST', `${core}/secrets`, { metadata: { name: 'other' } });
  const podOn = (name: string, nodeName: string, secretName: string) => ({
    metadata: { name },
    spec: {
      nodeName,
      containers: [{ name: 'c', image: 'i' }],
      volumes: [{ name: 'v', secret: { secretName } }],
    },
  });
  const pod = await call('POST', `${core}/pods`, podOn('p1', 'n1', 'mine'));
  const far = await call('POST', `${core}/pods`, podOn('p2', 'n2', 'other'));
  await synced('', 'pods');
  t.equal((await asNode('GET', `${core}/secrets/mine`)).status, 200);
  const other = await asNode('GET', `${core}/secrets/other`);
  t.equal(other.status, 403);
  t.match(other.body.message, /no relationship found between node 'n1' and this object/);
  t.equal((await asNode('GET', `${core}/secrets`)).status, 403);
  t.equal((await asNode('GET', '/api/v1/pods?fieldSelector=spec.nodeName%3Dn1')).status, 200);
  t.equal((await asNode('GET', '/api/v1/pods')).status, 403);

  t.equal((await asNode('POST', '/api/v1/nodes', { metadata: { name: 'n1' } })).status, 201);
  const foreign = await asNode('POST', '/api/v1/nodes', { metadata: { name: 'n2' } });
  t.match(foreign.body.message, /node "n1" is not allowed to modify node "n2"/);
  const merge = { 'content-type': 'application/merge-patch+json', ...me };
  const label = { metadata: { labels: { 'node-restriction.kubernetes.io/x': 'y' } } };
  const labelled = await call('PATCH', '/api/v1/nodes/n1', label, merge);
  t.match(labelled.body.message, /is not allowed to modify labels: node-restriction/);
  const taints = { spec: { taints: [] } };
  const untainted = await call('PATCH', '/api/v1/nodes/n1', taints, merge);
  t.match(untainted.body.message, /node "n1" is not allowed to modify taints/);

  const ready = { status: { phase: 'Running' } };
  t.equal((await call('PATCH', `${core}/pods/p1/status`, ready, merge)).status, 200);
  const farStatus = await call('PATCH', `${core}/pods/p2/status`, ready, merge);
  t.match(farStatus.body.message, /can only update pod status for pods with spec.nodeName set/);
  t.equal((await asNode('DELETE', `${core}/pods/p2`)).status, 403);
  const bare = await asNode('POST', `${core}/pods`, podOn('p3', 'n1', 'x'));
  t.match(bare.body.message, /annotation, node "n1" can only create mirror pods/);

  const tokenFor = (boundObjectRef?: object) =>
    asNode('POST', `${core}/serviceaccounts/default/token`, { spec: { boundObjectRef } });
  const bound = (name: string, uid: unknown) => ({ apiVersion: 'v1', kind: 'Pod', name, uid });
  t.equal((await tokenFor(bound('p1', pod.body.metadata?.uid))).status, 201);
  t.match((await tokenFor()).body.message, /node requested token not bound to a pod/);
  t.match((await tokenFor(bound('p1', undefined))).body.message, /pod binding without a uid/);
  t.match(
    (await tokenFor(bound('p2', far.body.metadata?.uid))).body.message,
    /scheduled on a different node/,
  );
  const lease = (name: string) => ({ metadata: { name }, spec: { holderIdentity: 'n1' } });
  const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
  t.equal((await asNode('POST', leases, lease('n1'))).status, 201);
  t.equal((await asNode('POST', leases, lease('n2'))).status, 403);
});

t.test('signers decide who approves, and nobody becomes system:masters', async (t) => {
  const requests = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
  const ask = async (name: string, organizations: string[]) => {
    const { csr } = await createSigningRequest({ commonName: 'joe', organizations });
    return call('POST', requests, {
      metadata: { name },
      spec: {
        request: Buffer.from(csr).toString('base64'),
        signerName: 'kubernetes.io/kube-apiserver-client',
        usages: ['client auth'],
      },
    });
  };
  const masters = await ask('masters', ['system:masters']);
  t.equal(masters.status, 403);
  t.match(masters.body.message, /signer with system:masters group is not allowed/);
  const made = await ask('plain', []);
  t.equal(made.status, 201);
  await call('POST', `${rbac}/clusterroles`, {
    metadata: { name: 'clerk' },
    rules: [rule(['update'], ['certificates.k8s.io'], ['certificatesigningrequests/approval'])],
  });
  await call('POST', `${rbac}/clusterrolebindings`, {
    metadata: { name: 'clerk' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'clerk' },
    subjects: [{ kind: 'User', name: 'clerk', apiGroup: 'rbac.authorization.k8s.io' }],
  });
  await synced('rbac.authorization.k8s.io', 'clusterrolebindings');
  const conditions = [{ type: 'Approved', status: 'True', reason: 'r', message: 'm' }];
  const approved = { ...made.body, status: { conditions } };
  const denied = await call('PUT', `${requests}/plain/approval`, approved, as('clerk'));
  t.equal(denied.status, 403);
  t.match(denied.body.message, /user not permitted to approve requests with signerName/);
  t.equal((await call('PUT', `${requests}/plain/approval`, approved)).status, 200);
});

t.test('the server makes the policy of upstream controllers, in namespaces too', async (t) => {
  const role = await call('GET', `${rbac}/clusterroles/system:controller:job-controller`);
  t.match(role.body, {
    rules: [{ resources: ['jobs'] }, { resources: ['jobs/finalizers', 'jobs/status'] }],
  });
  const inSystem = `${rbac}/namespaces/kube-system`;
  const reader = 'extension-apiserver-authentication-reader';
  const read = await call('GET', `${inSystem}/roles/${reader}`);
  t.strictSame(read.body.rules, [
    {
      verbs: ['get', 'list', 'watch'],
      apiGroups: [''],
      resources: ['configmaps'],
      resourceNames: ['extension-apiserver-authentication'],
    },
  ]);
  const bound = await call('GET', `${inSystem}/rolebindings/system::${reader}`);
  t.match(bound.body, {
    subjects: [{ name: 'system:kube-controller-manager' }, { name: 'system:kube-scheduler' }],
  });
});
