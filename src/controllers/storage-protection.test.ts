// The protection controllers: their plan by a table, and storage that waits for its users.
import t from 'tap';
import type { Client } from '../client/client.ts';
import {
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  type ResourceRef,
  volumeAttributesClasses,
} from '../client/resource-ref.ts';
import type { KubernetesObject, Pod } from '../objects.ts';
import { isReason } from '../status.ts';
import { testCluster } from './controllers.fixture.ts';
import {
  attributesClassProtectionController,
  claimProtectionController,
  volumeProtectionController,
} from './storage-protection.ts';
import { claimFinalizer, planFinalizer, usesClaim } from './storage-protection-plan.ts';

const deletionTimestamp = '2026-01-01T00:00:00Z';

t.test('plan', (t) => {
  const plan = (metadata: object, used = false) =>
    planFinalizer({ metadata }, claimFinalizer, used);
  const finalizers = [claimFinalizer];
  t.equal(plan({}), 'add');
  t.equal(plan({ finalizers }), undefined);
  t.equal(plan({ deletionTimestamp }), undefined, 'too late');
  t.equal(plan({ deletionTimestamp, finalizers }, true), undefined);
  t.equal(plan({ deletionTimestamp, finalizers }), 'remove');
  t.end();
});

t.test('who uses a claim', (t) => {
  const claim = (more: object = {}) => ({ metadata: { name: 'p-v', namespace: 'a', ...more } });
  const pod = (volume: object, spec: object = { nodeName: 'n' }, more: object = {}): Pod => ({
    metadata: { name: 'p', namespace: 'a', uid: 'u', ...more },
    spec: { containers: [], volumes: [{ name: 'v', ...volume }], ...spec },
  });
  const named = { persistentVolumeClaim: { claimName: 'p-v' } };
  const ephemeral = { ephemeral: {} };
  const ownerReferences = [
    { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u', controller: true },
  ];
  t.ok(usesClaim(pod(named), claim()));
  t.notOk(usesClaim(pod(named, {}), claim()), 'it has no node');
  t.notOk(usesClaim(pod(named, { nodeName: 'n' }, { namespace: 'b' }), claim()));
  t.ok(usesClaim(pod(ephemeral), claim({ ownerReferences })));
  t.notOk(usesClaim(pod(ephemeral), claim()), 'somebody else made it');
  const shutDown = { deletionTimestamp, deletionGracePeriodSeconds: 0 };
  t.notOk(usesClaim(pod(ephemeral, { nodeName: 'n' }, shutDown), claim({ ownerReferences })));
  t.ok(usesClaim(pod(named, { nodeName: 'n' }, shutDown), claim()));
  t.end();
});

function claim(name: string, spec: object = {}) {
  return {
    metadata: { name, namespace: 'default' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      ...spec,
    },
  };
}

function attributesClass(name: string) {
  return { metadata: { name }, driverName: 'd', parameters: { a: 'b' } };
}

function goneFrom(client: Client) {
  return async (ref: ResourceRef<KubernetesObject>, namespace: string, name: string) => {
    try {
      await client.get(ref, namespace, name);
      return false;
    } catch (error) {
      if (!isReason(error, 'NotFound')) throw error;
      return true;
    }
  };
}

t.test('storage goes when its last user has gone', async (t) => {
  const cluster = await testCluster([
    claimProtectionController,
    volumeProtectionController,
    attributesClassProtectionController,
  ]);
  t.teardown(() => cluster.close());
  const { client } = cluster;
  const isGone = goneFrom(client);
  await client.create(volumeAttributesClasses, attributesClass('gold'));
  await client.create(persistentVolumeClaims, claim('used', { volumeAttributesClassName: 'gold' }));
  await client.create(persistentVolumeClaims, claim('free'));
  await client.create(pods, {
    metadata: { name: 'p', namespace: 'default' },
    spec: {
      nodeName: 'n',
      containers: [{ name: 'c', image: 'i' }],
      volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'used' } }],
    },
  });
  await client.create(persistentVolumes, {
    metadata: { name: 'bound' },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      hostPath: { path: '/x' },
    },
  });
  const phase = (value: string) =>
    client.patch(
      persistentVolumes,
      '',
      'bound',
      'merge',
      { status: { phase: value } },
      { subresource: 'status' },
    );
  await phase('Bound');
  for (const name of ['used', 'free']) await client.delete(persistentVolumeClaims, 'default', name);
  await client.delete(persistentVolumes, '', 'bound');
  await client.delete(volumeAttributesClasses, '', 'gold');
  await cluster.until('the free claim goes', () =>
    isGone(persistentVolumeClaims, 'default', 'free'),
  );
  await cluster.pass(5_000);
  t.notOk(await isGone(persistentVolumeClaims, 'default', 'used'));
  t.notOk(await isGone(persistentVolumes, '', 'bound'));
  t.notOk(await isGone(volumeAttributesClasses, '', 'gold'));
  await phase('Released');
  await cluster.until('the volume goes', () => isGone(persistentVolumes, '', 'bound'));
  await client.delete(pods, 'default', 'p', { gracePeriodSeconds: 0 });
  await cluster.until('the claim goes', () => isGone(persistentVolumeClaims, 'default', 'used'));
  await cluster.until('the class goes', () => isGone(volumeAttributesClasses, '', 'gold'));
});

t.test('a class goes when its last claim has left it for another', async (t) => {
  const cluster = await testCluster([attributesClassProtectionController]);
  t.teardown(() => cluster.close());
  const { client } = cluster;
  const isGone = goneFrom(client);
  for (const name of ['gold', 'iron']) {
    await client.create(volumeAttributesClasses, attributesClass(name));
  }
  await client.create(persistentVolumeClaims, claim('c'));
  const has = (name: string) => {
    const patch = { status: { currentVolumeAttributesClassName: name } };
    const options = { subresource: 'status' };
    return client.patch(persistentVolumeClaims, 'default', 'c', 'merge', patch, options);
  };
  await has('gold');
  await cluster.pass(1_000);
  await client.delete(volumeAttributesClasses, '', 'gold');
  await cluster.pass(5_000);
  t.notOk(await isGone(volumeAttributesClasses, '', 'gold'));
  await has('iron');
  await cluster.until('the class goes', () => isGone(volumeAttributesClasses, '', 'gold'));
});
