// Resources come and go on a running registry; two groups may share one store.
import t from 'tap';
import { defineResource } from '../resource.ts';
import { createTestRegistry } from './engine.fixture.ts';

const leases = defineResource({
  kind: 'Lease',
  plural: 'leases',
  singular: 'lease',
  namespaced: true,
  groups: [
    {
      group: 'coordination.k8s.io',
      versions: [
        { version: 'v1', schema: 'io.k8s.api.coordination.v1.Lease' },
        { version: 'v1beta1', schema: 'io.k8s.api.coordination.v1.Lease', served: false },
      ],
    },
  ],
});

t.test('a resource comes and goes while the registry runs', async (t) => {
  const { registry, context } = await createTestRegistry();
  let changes = 0;
  const stop = registry.onChange(() => changes++);
  const store = registry.add(leases);
  if (store === undefined) throw new Error('leases are not served');
  t.throws(() => registry.add(leases), /cannot serve coordination.k8s.io\/v1\/leases/);
  const found = registry.find('coordination.k8s.io', 'v1', 'leases');
  t.equal(found?.store, store);
  t.equal(registry.find('coordination.k8s.io', 'v1beta1', 'leases'), undefined, 'off');
  t.equal(registry.findKind('coordination.k8s.io', 'v1', 'Lease'), found);
  await registry.ready();
  const { stored } = await store.create(context('leases'), { metadata: { name: 'a' } });
  t.equal(stored.key, '/registry/coordination.k8s.io/leases/default/a');
  t.equal(registry.remove(leases), true);
  t.equal(registry.remove(leases), false);
  t.equal(registry.find('coordination.k8s.io', 'v1', 'leases'), undefined);
  registry.add(leases);
  await registry.ready();
  t.equal(registry.store('coordination.k8s.io', 'leases')?.cache.size, 1, 'what is stored stays');
  t.equal(changes, 3);
  stop();
  registry.close();
});

t.test('two groups serve one stored object', async (t) => {
  const test = await createTestRegistry();
  const core = test.registry.find('', 'v1', 'events');
  const own = test.registry.find('events.k8s.io', 'v1', 'events');
  if (core === undefined || own === undefined) throw new Error('events are not served');
  t.equal(core.store, own.store);
  await core.store.create(test.context('events'), { metadata: { name: 'a' } });
  const request = test.context('events', { served: own.served, name: 'a' });
  const shown = own.store.present(request, await own.store.get(request));
  t.match(shown, { apiVersion: 'events.k8s.io/v1', kind: 'Event', metadata: { name: 'a' } });
});
