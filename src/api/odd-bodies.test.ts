// What a fuzzer found: bodies that no client sends, each with the answer that Kubernetes gives.
import t from 'tap';
import { testApi } from './api.fixture.ts';
import { addBasics, checkAll, core, maps, type Odd, patch } from './odd-requests.fixture.ts';

const test = await testApi();
t.teardown(() => test.api.close());
const { call } = test;
const reviews = '/apis/authorization.k8s.io/v1';
const json = { 'content-type': 'application/json' };
await addBasics(test);

function table(name: string, rows: readonly Odd[]): void {
  t.test(name, (t) => checkAll(t, test, rows));
}

table('bodies', [
  {
    what: 'a patch that copies more and more',
    method: 'PATCH',
    url: `${maps}/a`,
    body: [
      { op: 'add', path: '/data/x', value: 'x'.repeat(1000) },
      ...Array.from({ length: 40 }, (_, at) => ({
        op: 'copy',
        from: '/data',
        path: `/data/x${at}`,
      })),
    ],
    headers: patch('json-patch+json'),
    status: 422,
    message: /the server rejected our request due to an error in our request/,
  },
  {
    what: 'a big integer where a patch does not fit',
    method: 'PATCH',
    url: `${maps}/a`,
    body: '{"data":{"n":123456789012345678901}}',
    headers: patch('merge-patch+json'),
    status: 422,
    message: /"n\\":123456789012345678901/,
  },
  {
    what: 'applying a name that is no text',
    method: 'PATCH',
    url: `${maps}/a?fieldManager=m`,
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: { a: 'b' } } },
    headers: patch('apply-patch+yaml'),
    status: 500,
    message: /failed to create typed patch object \(\/; .*\.metadata\.name: expected string/,
  },
  {
    what: 'applying metadata of null',
    method: 'PATCH',
    url: `${maps}/z?fieldManager=m`,
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: null },
    headers: patch('apply-patch+yaml'),
    status: 400,
    message: /name must be provided/,
  },
  {
    what: 'a secret of a type that every object has',
    method: 'POST',
    url: `${core}/secrets`,
    body: { metadata: { name: 's' }, type: 'constructor' },
    status: 201,
  },
  {
    what: 'a selector of null',
    method: 'POST',
    url: '/apis/apps/v1/namespaces/default/replicasets',
    body: { metadata: { name: 'a' }, spec: { selector: null } },
    status: 422,
    message: /spec.selector: Required value/,
  },
  {
    what: 'a data source without a group',
    method: 'POST',
    url: `${core}/persistentvolumeclaims`,
    body: { metadata: { name: 'a' }, spec: { dataSourceRef: { kind: 'Pod', name: 'b' } } },
    status: 422,
    message: /must be 'PersistentVolumeClaim' when referencing the default apiGroup/,
  },
  {
    what: 'a token bound to nothing',
    method: 'POST',
    url: `${core}/serviceaccounts/default/token`,
    body: { spec: { audiences: ['a'], boundObjectRef: {} } },
    status: 400,
    message: /cannot bind token to object of type \/, Kind=$/,
  },
  {
    what: 'a binding to nothing',
    method: 'POST',
    url: `${core}/pods/none/binding`,
    body: { metadata: { name: 'none' }, target: {} },
    status: 400,
    message: /target.name: Required value/,
  },
]);

const job = (spec: object) => ({ metadata: { name: 'a' }, spec: { template: {}, ...spec } });
const ingress = (path: object) => ({
  metadata: { name: 'a' },
  spec: { rules: [{ http: { paths: [path] } }] },
});

table('what Go writes as null', [
  {
    what: 'containers and exit codes of a failure policy',
    method: 'POST',
    url: '/apis/batch/v1/namespaces/default/jobs',
    body: job({
      podFailurePolicy: { rules: [{ action: 'Ignore', onExitCodes: { operator: 'In' } }] },
    }),
    status: 422,
    message: /onExitCodes.values: Invalid value: .*: at least one value is required/,
  },
  {
    what: 'values of a topology',
    method: 'POST',
    url: '/apis/storage.k8s.io/v1/storageclasses',
    body: {
      metadata: { name: 'a' },
      provisioner: 'a',
      allowedTopologies: [{ matchLabelExpressions: [{ key: 'a' }] }],
    },
    status: 422,
    message: /allowedTopologies\[0\].matchLabelExpressions\[0\].values: Required value/,
  },
  {
    what: 'the type of a path',
    method: 'POST',
    url: '/apis/networking.k8s.io/v1/namespaces/default/ingresses',
    body: ingress({ path: '/', backend: { resource: { kind: 'A', name: 'b' } } }),
    status: 422,
    message: /pathType: Required value: pathType must be specified/,
  },
  {
    what: 'the group of a backend',
    method: 'POST',
    url: '/apis/networking.k8s.io/v1/namespaces/default/ingresses',
    body: ingress({
      path: 'x',
      pathType: 'Exact',
      backend: { resource: { kind: 'A', name: 'b' } },
    }),
    status: 422,
    message: /must be an absolute path/,
  },
]);

table('reviews have no metadata', [
  {
    what: 'of oneself',
    method: 'POST',
    url: `${reviews}/selfsubjectaccessreviews`,
    body: {
      metadata: { labels: { a: 'b' } },
      spec: { resourceAttributes: { verb: 'get', resource: 'pods' } },
    },
    status: 422,
    message: /^\.authorization\.k8s\.io "" is invalid: metadata: Invalid value: .*: must be empty$/,
  },
  {
    what: 'in a namespace',
    method: 'POST',
    url: `${reviews}/namespaces/default/localsubjectaccessreviews`,
    body: {
      metadata: { namespace: 'default' },
      spec: { user: 'u', resourceAttributes: { verb: 'get', namespace: 'other' } },
    },
    status: 422,
    message: /spec.resourceAttributes.namespace: Invalid value: "other": must match metadata.name/,
  },
]);

t.test('integers past 2^53 in a table', async (t) => {
  const revisions = '/apis/apps/v1/namespaces/default/controllerrevisions';
  const body = '{"metadata":{"name":"a"},"revision":9223372036854775807,"data":{}}';
  t.equal((await call('POST', revisions, body)).status, 201);
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
  const answer = await call('GET', revisions, undefined, { ...json, accept });
  t.equal(answer.status, 200);
});

t.test('component statuses as metadata only', async (t) => {
  const accept = (kind: string) => ({ accept: `application/json;as=${kind};v=v1;g=meta.k8s.io` });
  const path = '/api/v1/componentstatuses';
  const list = await call('GET', path, undefined, accept('PartialObjectMetadataList'));
  t.match(list.body, { kind: 'PartialObjectMetadataList', items: [{ metadata: {} }] });
  const one = await call('GET', `${path}/etcd-0`, undefined, accept('PartialObjectMetadata'));
  t.match(one.body, { kind: 'PartialObjectMetadata', metadata: { name: 'etcd-0' } });
  t.equal((await call('GET', path, undefined, accept('PartialObjectMetadata'))).status, 406);
});

const scalers = (version: string) =>
  `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers`;
const scaleTargetRef = { kind: 'Deployment', name: 'a', apiVersion: 'apps/v1' };
await call('POST', `${scalers('v1')}?fieldManager=b`, {
  metadata: { name: 'a' },
  spec: { scaleTargetRef, maxReplicas: 3, targetCPUUtilizationPercentage: 50 },
});
const kinds = ['Resource', 'ContainerResource', 'Object', 'Pods', 'External'];
const halfMetrics = kinds.map((type) => {
  const field = `${type.slice(0, 1).toLowerCase()}${type.slice(1)}`;
  return { type, [field]: {} };
});

table('applied metrics with nothing in them are refused, not converted to death', [
  {
    what: 'of an autoscaler that another version owns',
    method: 'PATCH',
    url: `${scalers('v2')}/a?fieldManager=c&force=true`,
    body: {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'a' },
      spec: { scaleTargetRef, maxReplicas: 3, metrics: halfMetrics },
      status: { desiredReplicas: 0, currentMetrics: halfMetrics },
    },
    headers: patch('apply-patch+yaml'),
    status: 422,
    message: /metrics\[0\]/,
  },
]);

const pods = `${core}/pods`;
const grace = '9223372036854775807';
for (const name of ['a', 'b']) {
  const containers = [{ name: 'c', image: 'i' }];
  await call('POST', pods, { metadata: { name }, spec: { nodeName: 'n', containers } });
}

table('a grace period of 292 billion years', [
  {
    what: 'in the query',
    method: 'DELETE',
    url: `${pods}/a?gracePeriodSeconds=${grace}`,
    status: 200,
  },
  {
    what: 'in the body',
    method: 'DELETE',
    url: `${pods}/b`,
    body: `{"gracePeriodSeconds":${grace}}`,
    headers: json,
    status: 200,
  },
]);
