// componentstatuses against the whole API: what is asked, selected, refused, and shown as a table.
import t from 'tap';
import { VirtualClock } from '../../clock.ts';
import { testApi } from '../api.fixture.ts';

const clock = new VirtualClock();
const { api, call } = await testApi({ clock });
t.teardown(() => api.close());
const path = '/api/v1/componentstatuses';

const held = async () => {
  await call('POST', '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases', {
    metadata: { name: 'kube-scheduler' },
    spec: {
      holderIdentity: 'me',
      leaseDurationSeconds: 15,
      renewTime: new Date(clock.nowMs()).toISOString().replace('Z', '000Z'),
    },
  });
  await api.registry.store('coordination.k8s.io', 'leases')?.cache.consistent();
};

t.test('who holds a lease is well', async (t) => {
  const before = await call('GET', `${path}/scheduler`);
  t.match(before.body, {
    kind: 'ComponentStatus',
    metadata: { name: 'scheduler' },
    conditions: [{ type: 'Healthy', status: 'False', message: /nobody holds the lease/ }],
  });
  t.same(before.headers.warning, ['299 - "v1 ComponentStatus is deprecated in v1.19+"']);
  await held();
  const { body } = await call('GET', path);
  t.same(body, {
    kind: 'ComponentStatusList',
    apiVersion: 'v1',
    metadata: {},
    items: [
      {
        metadata: { name: 'controller-manager' },
        conditions: [
          {
            type: 'Healthy',
            status: 'False',
            message: 'nobody holds the lease kube-controller-manager',
          },
        ],
      },
      {
        metadata: { name: 'etcd-0' },
        conditions: [{ type: 'Healthy', status: 'True', message: 'ok' }],
      },
      {
        metadata: { name: 'scheduler' },
        conditions: [{ type: 'Healthy', status: 'True', message: 'ok' }],
      },
    ],
  });
  await clock.advance(16_000);
  const late = await call('GET', `${path}/scheduler`);
  t.match(late.body.conditions, [{ status: 'False', message: /^me has not renewed the lease/ }]);
});

t.test('components that live with the server are well', async (t) => {
  const other = await testApi({ ownComponents: ['scheduler'] });
  t.teardown(() => other.api.close());
  const { body } = await other.call('GET', `${path}/scheduler`);
  t.match(body.conditions, [{ status: 'True', message: 'ok' }]);
});

t.test('selectors, names and verbs', async (t) => {
  const byName = await call('GET', `${path}?fieldSelector=metadata.name%3Detcd-0`);
  t.equal((byName.body.items as unknown as unknown[]).length, 1);
  const byLabel = await call('GET', `${path}?labelSelector=a%3Db`);
  t.same(byLabel.body.items, []);
  const none = await call('GET', `${path}/x`);
  t.equal(none.status, 404);
  t.equal(none.body.message, 'componentstatus "x" not found');
  t.equal((await call('POST', path, {})).status, 405);
  t.equal((await call('DELETE', `${path}/etcd-0`)).status, 405);
  t.equal((await call('GET', `${path}?watch=1`)).status, 405);
});

t.test('as a table', async (t) => {
  const accept = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
  const { body } = await call('GET', `${path}/etcd-0`, undefined, accept);
  t.match(body, {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    columnDefinitions: [
      { name: 'Name' },
      { name: 'Status' },
      { name: 'Message' },
      { name: 'Error' },
    ],
    rows: [
      {
        cells: ['etcd-0', 'Healthy', 'ok', ''],
        object: { kind: 'PartialObjectMetadata', metadata: { name: 'etcd-0' } },
      },
    ],
  });
});
