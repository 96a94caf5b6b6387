// Beta and alpha versions through the whole API, with everything turned on and with nothing.
import t from 'tap';
import { builtinResources } from '../registry/builtin.ts';
import { testApi } from './api.fixture.ts';

const all = new Map([['api/all', 'true']]);

t.test('by default there are stable versions only', async (t) => {
  const { api, call } = await testApi();
  t.teardown(() => api.close());
  const { body } = await call('GET', '/apis');
  t.notMatch(JSON.stringify(body), /alpha|beta/);
  t.equal((await call('GET', '/apis/resource.k8s.io/v1beta1/resourceclaims')).status, 404);
  t.equal((await call('GET', '/openapi/v3/apis/resource.k8s.io/v1beta1')).status, 404);
  t.equal(api.registry.store('storagemigration.k8s.io', 'storageversionmigrations'), undefined);
});

t.test('api/all serves every version of every kind, described by OpenAPI', async (t) => {
  const { api, call } = await testApi({ runtimeConfig: all });
  t.teardown(() => api.close());
  for (const { groups, plural, kind } of builtinResources) {
    for (const { group, versions } of groups) {
      for (const { version } of versions) {
        const base = group === '' ? `api/${version}` : `apis/${group}/${version}`;
        const { body } = await call('GET', `/${base}`);
        const found = Object.values(body.resources ?? {}).find((each) => `${each.name}` === plural);
        t.equal(`${found?.kind}`, kind, `${base}/${plural}`);
        const described = await call('GET', `/openapi/v3/${base}`);
        t.match(JSON.stringify(described.body), `/${plural}`, `${base}/${plural} in OpenAPI`);
      }
    }
  }
});

t.test('one claim in three versions', async (t) => {
  const { api, call } = await testApi({ runtimeConfig: all });
  t.teardown(() => api.close());
  const path = (version: string) =>
    `/apis/resource.k8s.io/${version}/namespaces/default/resourceclaims`;
  const beta = {
    metadata: { name: 'c' },
    spec: { devices: { requests: [{ name: 'r', deviceClassName: 'gpu' }] } },
  };
  const made = await call('POST', path('v1beta1'), beta);
  t.equal(made.status, 201);
  const asked = { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 1 };
  t.match(made.body, {
    apiVersion: 'resource.k8s.io/v1beta1',
    spec: { devices: { requests: [{ name: 'r', ...asked }] } },
  });
  for (const version of ['v1', 'v1beta2']) {
    const { body } = await call('GET', `${path(version)}/c`);
    t.match(body, {
      apiVersion: `resource.k8s.io/${version}`,
      spec: { devices: { requests: [{ name: 'r', exactly: asked }] } },
    });
  }
  const patch = { metadata: { labels: { a: 'b' } } };
  const headers = { 'content-type': 'application/merge-patch+json' };
  t.match((await call('PATCH', `${path('v1beta1')}/c`, patch, headers)).body, {
    metadata: { labels: { a: 'b' } },
    spec: { devices: { requests: [{ name: 'r', ...asked }] } },
  });
  const apply = {
    apiVersion: 'resource.k8s.io/v1beta1',
    kind: 'ResourceClaim',
    metadata: { name: 'c', annotations: { x: 'y' } },
  };
  const applied = await call('PATCH', `${path('v1beta1')}/c?fieldManager=me`, apply, {
    'content-type': 'application/apply-patch+yaml',
  });
  t.match(applied.body, { metadata: { annotations: { x: 'y' }, labels: { a: 'b' } } });
  const { body } = await call('GET', path('v1beta1'));
  t.equal(`${body.items?.[0]?.spec?.devices?.requests?.[0]?.deviceClassName}`, 'gpu');
});

t.test('one slice in two shapes', async (t) => {
  const { api, call } = await testApi({ runtimeConfig: all });
  t.teardown(() => api.close());
  const pool = { name: 'p', generation: 1, resourceSliceCount: 1 };
  const slice = {
    metadata: { name: 's' },
    spec: {
      driver: 'd.example.com',
      pool,
      nodeName: 'n',
      devices: [{ name: 'd', basic: { attributes: { a: { int: 1 } } } }],
    },
  };
  const made = await call('POST', '/apis/resource.k8s.io/v1beta1/resourceslices', slice);
  t.equal(made.status, 201, JSON.stringify(made.body));
  const stable = await call('GET', '/apis/resource.k8s.io/v1/resourceslices/s');
  t.match(stable.body, {
    metadata: { generation: 1 },
    spec: { nodeName: 'n', devices: [{ name: 'd', attributes: { a: { int: 1 } } }] },
  });
  const selected = (node: string) =>
    call('GET', `/apis/resource.k8s.io/v1/resourceslices?fieldSelector=spec.nodeName=${node}`);
  t.equal(Object.keys((await selected('n')).body.items ?? {}).length, 1);
  t.equal(Object.keys((await selected('m')).body.items ?? {}).length, 0);
});

t.test('kinds whose API is off by default, from create to status', async (t) => {
  const { api, call } = await testApi({ runtimeConfig: all });
  t.teardown(() => api.close());
  const condition = {
    type: 'Running',
    status: 'True',
    reason: 'R',
    message: 'm',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  };
  const cases: [path: string, spec: object, status: object | undefined][] = [
    [
      'coordination.k8s.io/v1alpha2/namespaces/default/leasecandidates',
      { leaseName: 'l', binaryVersion: '1.36.0', strategy: 'example.com/Mine' },
      undefined,
    ],
    [
      'storagemigration.k8s.io/v1beta1/storageversionmigrations',
      { resource: { group: 'apps', resource: 'deployments' } },
      { conditions: [condition], resourceVersion: '5' },
    ],
    [
      'resource.k8s.io/v1alpha3/devicetaintrules',
      { taint: { key: 'k', effect: 'None' } },
      { conditions: [condition] },
    ],
    [
      'resource.k8s.io/v1alpha3/resourcepoolstatusrequests',
      { driver: 'd.example.com' },
      { poolCount: 1, conditions: [condition] },
    ],
    [
      'scheduling.k8s.io/v1alpha2/namespaces/default/podgroups',
      { schedulingPolicy: { basic: {} } },
      { conditions: [condition] },
    ],
    [
      'scheduling.k8s.io/v1alpha2/namespaces/default/workloads',
      { podGroupTemplates: [{ name: 'a', schedulingPolicy: { basic: {} } }] },
      undefined,
    ],
  ];
  for (const [path, spec, status] of cases) {
    const made = await call('POST', `/apis/${path}`, { metadata: { name: 'x.y' }, spec });
    t.equal(made.status, 201, `${path} ${made.body.message}`);
    if (status !== undefined) {
      const said = await call('PUT', `/apis/${path}/x.y/status`, { ...made.body, status });
      t.equal(said.status, 200, `${path} ${said.body.message}`);
      t.match(said.body, { status });
    }
    t.equal((await call('DELETE', `/apis/${path}/x.y`)).status, 200, path);
  }
});

t.test('what Go writes as null is as good as absent', async (t) => {
  const { api, call } = await testApi();
  t.teardown(() => api.close());
  const refused = async (path: string, object: object, fields: string[]) => {
    const { body } = await call('POST', `/apis/${path}`, { metadata: { name: 'x' }, ...object });
    const causes = Object.values(body.details?.causes ?? {});
    t.strictSame(
      causes.map(({ field, message }) => `${field}: ${message}`),
      fields,
    );
  };
  const webhook = { name: 'a.b.c', clientConfig: { url: 'https://x' } };
  await refused(
    'admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
    { webhooks: [webhook] },
    [
      'webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun',
      'webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1',
    ],
  );
  const pool = { name: 'p', generation: 1, resourceSliceCount: 1 };
  const capacity = { a: { value: '4', requestPolicy: { validValues: ['1'] } } };
  const devices = [{ name: 'd', allowMultipleAllocations: true, capacity }];
  await refused(
    'resource.k8s.io/v1/resourceslices',
    { spec: { driver: 'd.example.com', pool, allNodes: true, devices } },
    [
      'spec.devices[0].capacity[a].requestPolicy.default: Required value: required when validValues is defined',
    ],
  );
  await refused('resource.k8s.io/v1/namespaces/default/resourceclaims', { spec: {} }, []);
  await refused('admissionregistration.k8s.io/v1/validatingadmissionpolicybindings', {}, [
    'spec.policyName: Required value',
    'spec.validationActions: Required value: at least one validation action is required',
  ]);
});
