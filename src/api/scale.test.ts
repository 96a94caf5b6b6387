// Scaling every kind that can be scaled, who owns the replicas then, and autoscalers in two versions.
import t from 'tap';
import { type TestApi, type TestBody, testApi } from './api.fixture.ts';

const template = {
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'c', image: 'nginx' }] },
};
const selector = { matchLabels: { app: 'web' } };

interface Entry {
  readonly manager: string;
  readonly operation: string;
  readonly apiVersion: string;
  readonly subresource?: string;
  readonly fieldsV1: { readonly 'f:spec'?: { readonly 'f:replicas'?: object } };
  readonly time?: string;
}

const deployments = '/apis/apps/v1/namespaces/default/deployments';
const merge = { 'content-type': 'application/merge-patch+json' };
const apply = { 'content-type': 'application/apply-patch+yaml' };

/** `manager operation subresource` of who owns spec.replicas. */
function replicasOwners(body: TestBody): string[] {
  const entries = (body.metadata?.managedFields ?? []) as unknown as Entry[];
  return entries
    .filter(({ fieldsV1 }) => fieldsV1['f:spec']?.['f:replicas'] !== undefined)
    .map(({ manager, operation, apiVersion, subresource = '-', time }) =>
      [manager, operation, apiVersion, subresource, time === undefined ? 'timeless' : ''].join(' '),
    );
}

async function deployed(replicas?: number): Promise<TestApi> {
  const test = await testApi();
  const spec = { selector, template, ...(replicas === undefined ? {} : { replicas }) };
  const deployment = { metadata: { name: 'web' }, spec };
  const made = await test.call('POST', `${deployments}?fieldManager=creator`, deployment);
  t.equal(made.status, 201);
  return test;
}

t.test('every kind with replicas', async (t) => {
  const test = await testApi();
  const kinds: [path: string, spec: object][] = [
    ['/apis/apps/v1/namespaces/default/deployments', { selector, template }],
    ['/apis/apps/v1/namespaces/default/replicasets', { selector, template }],
    ['/apis/apps/v1/namespaces/default/statefulsets', { selector, template }],
    ['/api/v1/namespaces/default/replicationcontrollers', { template }],
  ];
  for (const [path, spec] of kinds) {
    const made = await test.call('POST', path, { metadata: { name: 'web' }, spec });
    t.equal(made.status, 201, path);
    const { body } = await test.call('GET', `${path}/web/scale`);
    t.match(body, {
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'web', namespace: 'default', uid: made.body.metadata?.uid },
      spec: { replicas: 1 },
      status: { replicas: 0, selector: 'app=web' },
    });
    t.equal(body.metadata?.managedFields, undefined);
    const scaled = await test.call('PATCH', `${path}/web/scale`, { spec: { replicas: 3 } }, merge);
    t.match(scaled, { status: 200, body: { spec: { replicas: 3 } } });
    const { body: after } = await test.call('GET', `${path}/web`);
    t.match(after, { metadata: { generation: 2 }, spec: { replicas: 3 } });
    const put = await test.call('PUT', `${path}/web/scale`, {
      metadata: { name: 'web', resourceVersion: scaled.body.metadata?.resourceVersion },
      spec: { replicas: 0 },
    });
    t.match(put, { status: 200, body: { spec: {} } });
  }
});

t.test('what is refused', async (t) => {
  const test = await deployed();
  const url = `${deployments}/web/scale`;
  const patch = (body: object, at = url) => test.call('PATCH', at, body, merge);
  t.match(await patch({ spec: { replicas: -1 } }), {
    status: 422,
    body: {
      message:
        'Scale.autoscaling "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    },
  });
  t.match(await patch({ metadata: { uid: 'other' } }), {
    status: 409,
    body: { message: /^Operation cannot be fulfilled on deployments.apps\/scale|UID in precond/ },
  });
  t.match(await patch({ metadata: { resourceVersion: '1' }, spec: { replicas: 2 } }), {
    status: 409,
    body: { message: /^Operation cannot be fulfilled on deployments.apps "web": the object has/ },
  });
  t.match(await patch({}, `${deployments}/none/scale`), {
    status: 404,
    body: { message: 'deployments/scale.apps "none" not found' },
  });
  t.match(await test.call('PUT', url, { kind: 'Deployment', metadata: { name: 'web' } }), {
    status: 400,
  });
});

t.test('an update of the scale takes the replicas over', async (t) => {
  const test = await deployed(2);
  const url = `${deployments}/web`;
  t.same(replicasOwners((await test.call('GET', url)).body), ['creator Update apps/v1 - ']);
  const same = { spec: { replicas: 2 } };
  await test.call('PATCH', `${url}/scale?fieldManager=scaler`, same, merge);
  const { body: unchanged } = await test.call('GET', url);
  t.same(
    replicasOwners(unchanged),
    ['creator Update apps/v1 - '],
    'a change of nothing takes nothing',
  );
  await test.call('PATCH', `${url}/scale?fieldManager=scaler`, { spec: { replicas: 5 } }, merge);
  const scaler = 'scaler Update apps/v1 scale timeless';
  const { body } = await test.call('GET', url);
  t.same(replicasOwners(body), [scaler]);
  const entries = body.metadata?.managedFields as unknown as Entry[];
  t.equal(entries.length, 2, 'the creator keeps the rest');
  await test.call('PATCH', `${url}/scale?fieldManager=scaler`, { spec: { replicas: 6 } }, merge);
  t.same(replicasOwners((await test.call('GET', url)).body), [scaler]);
});

t.test('applying a scale', async (t) => {
  const test = await deployed(1);
  const url = `${deployments}/web`;
  const scale = (replicas: number) => ({
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name: 'web', namespace: 'default' },
    spec: { replicas },
  });
  const send = (replicas: number, query: string) =>
    test.call('PATCH', `${url}/scale?${query}`, scale(replicas), apply);
  t.match(await send(3, 'fieldManager=hpa'), {
    status: 409,
    body: {
      reason: 'Conflict',
      message: /^Apply failed with 1 conflict: conflict with "creator" using autoscaling\/v1/,
      details: { causes: [{ reason: 'FieldManagerConflict', field: '.spec.replicas' }] },
    },
  });
  t.match(await send(3, 'fieldManager=hpa&force=true'), {
    status: 200,
    body: { kind: 'Scale', spec: { replicas: 3 } },
  });
  const hpa = 'hpa Apply apps/v1 scale timeless';
  t.same(replicasOwners((await test.call('GET', url)).body), [hpa]);
  t.match(await send(4, 'fieldManager=hpa'), { status: 200, body: { spec: { replicas: 4 } } });
  const { body } = await test.call('GET', url);
  t.same(replicasOwners(body), [hpa]);
  t.match(body, { spec: { replicas: 4 } });
  const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', spec: { replicas: 9 } };
  t.match(await test.call('PATCH', `${url}?fieldManager=me`, deployment, apply), {
    status: 409,
    body: { message: /conflict with "hpa" with subresource "scale"/ },
  });
});

t.test('one autoscaler, two versions', async (t) => {
  const test = await testApi();
  const at = (version: string, name = '') =>
    `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers${name}`;
  const made = await test.call('POST', at('v1'), {
    metadata: { name: 'web' },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      maxReplicas: 4,
      targetCPUUtilizationPercentage: 60,
    },
  });
  t.match(made, {
    status: 201,
    body: { apiVersion: 'autoscaling/v1', spec: { targetCPUUtilizationPercentage: 60 } },
  });
  t.equal(made.body.metadata?.generation, undefined);
  const target = { type: 'AverageValue', averageValue: '2Gi' };
  const memory = { type: 'Resource', resource: { name: 'memory', target } };
  const next = { spec: { metrics: [memory] } };
  const patched = await test.call('PATCH', at('v2', '/web'), next, merge);
  t.match(patched, { status: 200, body: { apiVersion: 'autoscaling/v2', spec: next.spec } });
  const { body } = await test.call('GET', at('v1', '/web'));
  t.equal(body.spec?.targetCPUUtilizationPercentage, undefined);
  t.match(body.metadata?.annotations, {
    'autoscaling.alpha.kubernetes.io/metrics':
      '[{"type":"Resource","resource":{"name":"memory","targetAverageValue":"2Gi"}}]',
  });
  const back = await test.call('PUT', at('v1', '/web'), {
    ...body,
    spec: { ...body.spec, maxReplicas: 7 },
  });
  t.equal(back.status, 200);
  const { body: stored } = await test.call('GET', at('v2', '/web'));
  t.match(stored, { spec: { maxReplicas: 7, metrics: [memory] } });
  t.equal(stored.metadata?.annotations, undefined);
  const list = await test.call('GET', at('v1'));
  t.match(list.body, {
    kind: 'HorizontalPodAutoscalerList',
    items: [{ spec: { maxReplicas: 7 } }],
  });
  const group = await test.call('GET', '/apis/autoscaling');
  t.match(group.body, {
    preferredVersion: { version: 'v2' },
    versions: [{ version: 'v2' }, { version: 'v1' }],
  });
});

t.test('a job gets its selector from the server', async (t) => {
  const test = await testApi();
  const url = '/apis/batch/v1/namespaces/default/jobs';
  const spec = { template: { spec: { ...template.spec, restartPolicy: 'Never' } } };
  const { status, body } = await test.call('POST', url, {
    metadata: { generateName: 'pi-' },
    spec,
  });
  t.equal(status, 201);
  const uid = body.metadata?.uid;
  t.match(body, {
    metadata: { generation: 1, labels: { 'controller-uid': uid } },
    spec: { selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } } },
    status: {},
  });
  const put = await test.call('PUT', `${url}/${String(body.metadata?.name)}`, body);
  t.equal(put.body.metadata?.resourceVersion, body.metadata?.resourceVersion, 'nothing changes');
  const deleted = await test.call('DELETE', `${url}/${String(body.metadata?.name)}`);
  t.match(deleted.body, { metadata: { finalizers: ['orphan'] } }, 'dependents are orphaned in v1');
});
