// LimitRanger against the whole API: defaults of containers, bounds of containers, pods and claims.
import t from 'tap';
import { testApi } from '../api.fixture.ts';

const { api, call } = await testApi();
t.teardown(() => api.close());

/** A namespace with one LimitRange of these items. */
async function limited(name: string, limits: readonly object[]): Promise<string> {
  const path = `/api/v1/namespaces/${name}`;
  await call('POST', '/api/v1/namespaces', { metadata: { name } });
  await call('POST', `${path}/serviceaccounts`, { metadata: { name: 'default' } });
  await call('POST', `${path}/limitranges`, { metadata: { name: 'l' }, spec: { limits } });
  return path;
}

const podOf = (name: string, resources: object, more: object = {}) => ({
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'i', resources }], ...more },
});

t.test('defaults of containers', async (t) => {
  const path = await limited('filled', [
    {
      type: 'Container',
      default: { cpu: '500m', memory: '1Gi' },
      defaultRequest: { cpu: '100m' },
    },
  ]);
  const initContainers = [{ name: 'first', image: 'i' }];
  const pod = podOf('p', { requests: { cpu: '200m' } }, { initContainers });
  const { body } = await call('POST', `${path}/pods`, pod);
  const [container] = (body.spec?.containers ?? []) as unknown as { resources: object }[];
  t.same(container?.resources, {
    requests: { cpu: '200m', memory: '1Gi' },
    limits: { cpu: '500m', memory: '1Gi' },
  });
  t.equal(
    body.metadata?.annotations?.['kubernetes.io/limit-ranger'],
    'LimitRanger plugin set: memory request for container c; cpu, memory limit for container c; ' +
      'cpu, memory request for init container first; cpu, memory limit for init container first',
  );
  const merge = { 'content-type': 'application/merge-patch+json' };
  const labels = { metadata: { labels: { a: 'b' } } };
  t.equal((await call('PATCH', `${path}/pods/p`, labels, merge)).status, 200, 'updates pass');
});

t.test('bounds of containers', async (t) => {
  const path = await limited('bounded', [
    {
      type: 'Container',
      min: { cpu: '100m' },
      max: { cpu: '1' },
      maxLimitRequestRatio: { cpu: '2' },
    },
  ]);
  const refusal = async (resources: object) =>
    (await call('POST', `${path}/pods`, podOf('p', resources))).body.message;
  const start = 'pods "p" is forbidden: ';
  t.equal(
    await refusal({ requests: { cpu: '50m' }, limits: { cpu: '2' } }),
    `${start}[minimum cpu usage per Container is 100m, but request is 50m, maximum cpu usage per ` +
      'Container is 1, but limit is 2, cpu max limit to request ratio per Container is 2, but ' +
      'provided ratio is 40.000000]',
  );
  t.equal(
    await refusal({ requests: { cpu: '300m' } }),
    `${start}cpu max limit to request ratio per Container is 2, but provided ratio is 3.333333`,
    'the limit is the maximum by default',
  );
  const fine = podOf('q', { requests: { cpu: '500m' } });
  t.equal((await call('POST', `${path}/pods`, fine)).status, 201);
});

t.test('bounds of pods', async (t) => {
  const path = await limited('podwise', [{ type: 'Pod', max: { memory: '1Gi' } }]);
  const large = podOf('p', { limits: { memory: '2Gi' } });
  t.equal(
    (await call('POST', `${path}/pods`, large)).body.message,
    'pods "p" is forbidden: maximum memory usage per Pod is 1Gi, but limit is 2Gi',
  );
  t.match(
    (await call('POST', `${path}/pods`, podOf('p', {}))).body.message,
    /maximum memory usage per Pod is 1Gi. {2}No limit is specified/,
  );
});

t.test('bounds of claims', async (t) => {
  const path = await limited('claims', [
    { type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '2Gi' } },
  ]);
  const claim = (storage: string) => ({
    metadata: { name: 'c' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } },
  });
  const claims = `${path}/persistentvolumeclaims`;
  const small = await call('POST', claims, claim('1Mi'));
  t.equal(small.status, 403);
  t.match(small.body.message, /minimum storage usage per PersistentVolumeClaim is 1Gi, but reques/);
  t.match(
    (await call('POST', claims, claim('3Gi'))).body.message,
    /maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi/,
  );
  t.equal((await call('POST', claims, claim('2Gi'))).status, 201);
});

t.test('a range may be made without a name, and by PUT', async (t) => {
  const path = '/api/v1/namespaces/filled/limitranges';
  const { status, body } = await call('POST', path, { metadata: {} });
  t.equal(status, 201);
  t.match(body.metadata?.name, /^[0-9a-f-]{36}$/);
  const put = await call('PUT', `${path}/new`, { metadata: { name: 'new' } });
  t.equal(put.status, 201);
});
