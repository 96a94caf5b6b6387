// Deletion through the whole engine: grace, finalizers, propagation, preconditions, collections.
import t from 'tap';
import { StatusError } from '../../status.ts';
import type { ApiObject } from '../resource.ts';
import { deletionStatus } from './delete.ts';
import { createTestRegistry, type TestRegistry } from './engine.fixture.ts';
import type { DeletionOptions } from './types.ts';

async function made(plural: string, ...objects: ApiObject[]): Promise<TestRegistry> {
  const test = await createTestRegistry();
  for (const object of objects) await test.store(plural).create(test.context(plural), object);
  return test;
}

const boundPod = (name: string, finalizers?: string[]): ApiObject => ({
  metadata: { name, ...(finalizers === undefined ? {} : { finalizers }) },
  spec: { nodeName: 'n', containers: [] },
});

function remove(test: TestRegistry, plural: string, options: DeletionOptions = {}, name = 'a') {
  return test.store(plural).delete(test.context(plural, { name }), options);
}

async function refusal(call: Promise<unknown>): Promise<{ code: number; message: string }> {
  try {
    await call;
  } catch (error) {
    if (error instanceof StatusError) return { code: error.code, message: error.message };
    throw error;
  }
  return { code: 0, message: 'not refused' };
}

t.test('an object that nothing holds is gone at once', async (t) => {
  const test = await made('configmaps', { metadata: { name: 'a' } });
  const { uid } = (await test.read('configmaps', 'a')).metadata;
  const result = await remove(test, 'configmaps');
  t.match(result, { deleted: true, answersObject: false });
  t.match(deletionStatus(test.context('configmaps'), result), {
    status: 'Success',
    details: { name: 'a', kind: 'configmaps', uid },
  });
  t.match(await refusal(remove(test, 'configmaps')), {
    code: 404,
    message: 'configmaps "a" not found',
  });
});

t.test('finalizers keep an object until the last is taken off', async (t) => {
  const test = await made('deployments', { metadata: { name: 'a', finalizers: ['x.io/f'] } });
  t.match(await remove(test, 'deployments'), { deleted: false, answersObject: true });
  const held = await test.read('deployments', 'a');
  t.match(held.metadata, {
    deletionTimestamp: '2026-01-01T00:00:00Z',
    deletionGracePeriodSeconds: 0,
    generation: 2,
  });
  await remove(test, 'deployments');
  t.strictSame(await test.read('deployments', 'a'), held, 'a second deletion changes nothing');
  const context = test.context('deployments', { name: 'a' });
  const more = { ...held, metadata: { ...held.metadata, finalizers: ['x.io/f', 'x.io/g'] } };
  t.strictSame(await refusal(test.store('deployments').update(context, more)), {
    code: 422,
    message:
      'Deployment.apps "a" is invalid: metadata.finalizers: Forbidden: no new finalizers can be ' +
      'added if the object is being deleted, found new finalizers []string{"x.io/g"}',
  });
  const { finalizers: _, ...rest } = held.metadata;
  await test.store('deployments').update(context, { ...held, metadata: rest });
  t.match(await refusal(remove(test, 'deployments')), { code: 404 });
});

t.test('creating what is being deleted says so', async (t) => {
  const test = await made('configmaps', { metadata: { name: 'a', finalizers: ['x.io/f'] } });
  await remove(test, 'configmaps');
  const again = test.store('configmaps').create(test.context('configmaps'), {
    metadata: { name: 'a' },
  });
  t.match(await refusal(again), {
    code: 409,
    message: 'object is being deleted: configmaps "a" already exists',
  });
});

t.test('grace is given once and may only be shortened', async (t) => {
  const test = await made('pods', boundPod('a'));
  t.match(await remove(test, 'pods'), { deleted: false, answersObject: true });
  const at = async () => {
    const { deletionTimestamp, deletionGracePeriodSeconds } = (await test.read('pods', 'a'))
      .metadata;
    return [deletionTimestamp, deletionGracePeriodSeconds];
  };
  t.strictSame(await at(), ['2026-01-01T00:00:30Z', 30]);
  await test.clock.advance(5_000);
  await remove(test, 'pods', { gracePeriodSeconds: 60 });
  t.strictSame(await at(), ['2026-01-01T00:00:30Z', 30], 'longer: ignored');
  await remove(test, 'pods', { gracePeriodSeconds: 10 });
  t.strictSame(await at(), ['2026-01-01T00:00:10Z', 10], 'shorter: counted from the start');
  t.match(await remove(test, 'pods', { gracePeriodSeconds: 0 }), {
    deleted: true,
    answersObject: true,
  });
  t.match(await refusal(remove(test, 'pods')), { code: 404 });
});

t.test('a pod on no node goes at once, a negative grace is one second', async (t) => {
  const unbound = { metadata: { name: 'a' }, spec: { containers: [] } };
  const test = await made('pods', unbound, boundPod('b'));
  t.match(await remove(test, 'pods'), { deleted: true });
  await remove(test, 'pods', { gracePeriodSeconds: -5 }, 'b');
  t.match((await test.read('pods', 'b')).metadata, { deletionGracePeriodSeconds: 1 });
});

t.test('grace that is over still waits for finalizers', async (t) => {
  const test = await made('pods', boundPod('a', ['x.io/f']));
  await remove(test, 'pods');
  t.match(await remove(test, 'pods', { gracePeriodSeconds: 0 }), { deleted: false });
  t.match((await test.read('pods', 'a')).metadata, {
    deletionGracePeriodSeconds: 0,
    deletionTimestamp: '2026-01-01T00:00:00Z',
  });
});

t.test('propagation becomes a finalizer', async (t) => {
  const cases = [
    [{ propagationPolicy: 'Foreground' }, ['foregroundDeletion']],
    [{ propagationPolicy: 'Orphan' }, ['orphan']],
  ] as const;
  for (const [options, finalizers] of cases) {
    const test = await made('configmaps', { metadata: { name: 'a' } });
    t.match(await remove(test, 'configmaps', options), { deleted: false });
    t.strictSame((await test.read('configmaps', 'a')).metadata.finalizers, finalizers);
    t.match(await remove(test, 'configmaps', { propagationPolicy: 'Background' }), {
      deleted: true,
    });
  }
});

t.test('preconditions', async (t) => {
  const test = await made('configmaps', { metadata: { name: 'a' } });
  const { uid, resourceVersion } = (await test.read('configmaps', 'a')).metadata;
  t.strictSame(await refusal(remove(test, 'configmaps', { preconditions: { uid: 'x' } })), {
    code: 409,
    message:
      'Operation cannot be fulfilled on ConfigMap "a": the UID in the precondition (x) does not ' +
      `match the UID in record (${uid}). The object might have been deleted and then recreated`,
  });
  t.match(await refusal(remove(test, 'configmaps', { preconditions: { resourceVersion: '1' } })), {
    code: 409,
    message:
      /ResourceVersion in the precondition \(1\) does not match the ResourceVersion in record/,
  });
  const right = { uid: uid ?? '', resourceVersion: resourceVersion ?? '' };
  t.match(await remove(test, 'configmaps', { preconditions: right }), { deleted: true });
});

t.test('a collection goes object by object', async (t) => {
  const objects = Array.from({ length: 20 }, (_, index) => ({
    metadata: { name: `a${index}` },
  }));
  const test = await made('configmaps', ...objects);
  const store = test.store('configmaps');
  await store.cache.consistent();
  const items = [...store.cache.snapshot().range(store.prefix)];
  await remove(test, 'configmaps', {}, 'a7');
  const listed = await store.deleteCollection(test.context('configmaps'), items, {});
  t.equal(listed.length, 20);
  await store.cache.consistent();
  t.equal(store.cache.size, 0);
});

t.test('expiry is counted in cluster time', async (t) => {
  const test = await made('events', { metadata: { name: 'a' } });
  await test.clock.advance(3_600_000);
  t.match(await refusal(test.read('events', 'a')), { code: 404 });
});
