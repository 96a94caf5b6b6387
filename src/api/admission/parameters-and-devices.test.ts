// What the plugins for policies' parameters, claims' devices and signers allow to whom.
import t from 'tap';
import { createAuthority } from '../../certificates.ts';
import { systemClock } from '../../clock.ts';
import { testApi } from '../api.fixture.ts';

const { api, call } = await testApi({
  runtimeConfig: new Map([['api/all', 'true']]),
  staticTokens: [
    { token: 'admin-token-of-tests', user: { name: 'admin', groups: ['system:masters'] } },
    { token: 'jane', user: { name: 'jane', groups: ['devs'] } },
  ],
});
t.teardown(() => api.close());
const jane = { authorization: 'Bearer jane' };
const admissions = '/apis/admissionregistration.k8s.io/v1';
const rbac = '/apis/rbac.authorization.k8s.io/v1';

async function allow(name: string, rules: readonly object[]): Promise<void> {
  await call('POST', `${rbac}/clusterroles`, { metadata: { name }, rules });
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name };
  const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'jane' }];
  await call('POST', `${rbac}/clusterrolebindings`, { metadata: { name }, roleRef, subjects });
  await api.registry.store('rbac.authorization.k8s.io', 'clusterrolebindings')?.cache.consistent();
}

const everything = (apiGroup: string, resources: string[]) => ({
  verbs: ['*'],
  apiGroups: [apiGroup],
  resources,
});
await allow('writer', [
  everything('admissionregistration.k8s.io', ['*']),
  everything('resource.k8s.io', [
    'resourceclaims',
    'resourceclaims/status',
    'resourceclaimtemplates',
  ]),
  everything('certificates.k8s.io', ['clustertrustbundles']),
]);

t.test('a policy names only parameters that its author may read', async (t) => {
  const rule = {
    operations: ['CREATE'],
    apiGroups: [''],
    apiVersions: ['v1'],
    resources: ['pods'],
  };
  const policy = (name: string) => ({
    metadata: { name },
    spec: {
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      matchConstraints: { resourceRules: [rule] },
      validations: [{ expression: 'true' }],
    },
  });
  const path = `${admissions}/validatingadmissionpolicies`;
  const refused = await call('POST', path, policy('p'), jane);
  t.equal(refused.status, 422);
  t.match(refused.body.details?.causes, [
    {
      field: 'spec.paramKind',
      message:
        'Forbidden: user &{jane  [devs system:authenticated] map[]} must have "get" permission on all objects of the referenced paramKind (kind=ConfigMap, apiVersion=v1)',
    },
  ]);
  t.equal((await call('POST', path, policy('p'))).status, 201, 'the administrator may');
  const binding = (paramRef: object, policyName = 'p') => ({
    metadata: { name: 'b' },
    spec: {
      policyName,
      validationActions: ['Deny'],
      paramRef: { ...paramRef, parameterNotFoundAction: 'Deny' },
    },
  });
  const bindings = `${admissions}/validatingadmissionpolicybindings`;
  const why = async (object: object) =>
    `${(await call('POST', bindings, object, jane)).body.details?.causes?.[0]?.message}`;
  t.match(
    await why(binding({ name: 'c', namespace: 'default' })),
    /does not have "get" permission on the object referenced by paramRef$/,
  );
  t.match(await why(binding({ selector: {} })), /does not have "list" permission on the object/);
  t.match(await why(binding({ name: 'c' }, 'q')), /unable to get policy q to determine minimum/);
  await allow('reader', [everything('', ['configmaps'])]);
  t.equal((await call('POST', bindings, binding({ name: 'c' }), jane)).status, 201);
  t.equal((await call('POST', path, policy('r'), jane)).status, 201);
});

t.test('devices: administrators by namespace, allocations and statuses by right', async (t) => {
  const claims = '/apis/resource.k8s.io/v1/namespaces/default/resourceclaims';
  const exactly = { deviceClassName: 'gpu', adminAccess: true };
  const admin = {
    metadata: { name: 'a' },
    spec: { devices: { requests: [{ name: 'r', exactly }] } },
  };
  const refused = await call('POST', claims, admin);
  t.match(refused.body.details?.causes, [
    {
      field: 'spec.devices.requests[0].adminAccess',
      message:
        'Forbidden: admin access to devices requires the `resource.kubernetes.io/admin-access: true` label on the containing namespace',
    },
  ]);
  const labels = { 'resource.kubernetes.io/admin-access': 'true' };
  await call('POST', '/api/v1/namespaces', { metadata: { name: 'ops', labels } });
  t.equal((await call('POST', claims.replace('default', 'ops'), admin)).status, 201);
  const plain = {
    metadata: { name: 'c' },
    spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'gpu' } }] } },
  };
  const { body } = await call('POST', claims, plain, jane);
  const result = { request: 'r', driver: 'd.example.com', pool: 'p', device: 'd' };
  const allocated = { allocation: { devices: { results: [result] } } };
  const status = async (said: object, headers = {}) =>
    call('PUT', `${claims}/c/status`, { ...body, metadata: { name: 'c' }, status: said }, headers);
  const denied = await status(allocated, jane);
  t.match(denied.body.details?.causes, [
    {
      field: 'status.allocation',
      message:
        'Forbidden: changing status.allocation or status.reservedFor requires resource="resourceclaims/binding", verb="update" permission: resourceclaims.resource.k8s.io is forbidden: User "jane" cannot update resource "resourceclaims/binding" in API group "resource.k8s.io" at the cluster scope',
    },
  ]);
  t.equal((await status(allocated)).status, 200);
  const devices = [{ driver: 'd.example.com', pool: 'p', device: 'd', data: { a: 1 } }];
  const unsaid = await status({ ...allocated, devices }, jane);
  t.match(unsaid.body.details?.causes?.[0], {
    field: 'status.devices',
    message: /verb="\[arbitrary-node:update\]" permission: .*"d.example.com" is forbidden/,
  });
  await allow('driver', [
    {
      verbs: ['arbitrary-node:update'],
      apiGroups: ['resource.k8s.io'],
      resources: ['resourceclaims/driver'],
      resourceNames: ['d.example.com'],
    },
  ]);
  t.equal((await status({ ...allocated, devices }, jane)).status, 200);
});

t.test('a bundle for a signer needs the right to attest for it', async (t) => {
  const { certificate } = await createAuthority('ca', systemClock);
  const path = '/apis/certificates.k8s.io/v1beta1/clustertrustbundles';
  const bundle = {
    metadata: { name: 'example.com:s:a' },
    spec: { signerName: 'example.com/s', trustBundle: certificate },
  };
  const refused = await call('POST', path, bundle, jane);
  t.equal(refused.status, 403);
  t.match(refused.body.message, /user not permitted to attest for signerName "example.com\/s"$/);
  const signers = { verbs: ['attest'], apiGroups: ['certificates.k8s.io'], resources: ['signers'] };
  await allow('attester', [{ ...signers, resourceNames: ['example.com/*'] }]);
  t.equal((await call('POST', path, bundle, jane)).status, 201);
});
