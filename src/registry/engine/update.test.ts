// The order of a write: ownership, mutating admission, prepare, validating admission, swap.
import t from 'tap';
import type { ApiObject } from '../resource.ts';
import { createTestRegistry } from './engine.fixture.ts';
import { type FieldOwnership, openAdmission } from './ports.ts';

const body = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

function recording(steps: string[]): FieldOwnership {
  return {
    update(input, next) {
      steps.push(`own ${input.live === undefined ? 'new' : 'old'}`);
      next.metadata.managedFields = [
        { manager: input.manager, operation: 'Update', time: `2026-01-01T00:00:0${steps.length}Z` },
      ];
    },
    apply(input, configuration) {
      steps.push('apply');
      const merged = { ...input.live, ...configuration } as ApiObject;
      return { ...merged, metadata: { ...input.live?.metadata, ...configuration.metadata } };
    },
  };
}

t.test('a write goes through its steps in order', async (t) => {
  const steps: string[] = [];
  const test = await createTestRegistry({
    ownership: recording(steps),
    admission: {
      async mutate({ operation, object }) {
        steps.push(`mutate ${operation}`);
        if (object !== undefined) object.metadata.labels = { admitted: 'yes' };
      },
      async validate({ operation, object }) {
        steps.push(`validate ${operation} ${object?.metadata.labels?.admitted ?? ''}`.trim());
      },
    },
  });
  const store = test.store('configmaps');
  await store.create(test.context('configmaps'), { metadata: { name: 'a' } });
  const context = test.context('configmaps', { name: 'a' });
  const before = await test.driver.currentRevision();
  await store.patch(context, { type: 'merge', body: body({}) });
  t.equal(await test.driver.currentRevision(), before, 'a managedFields time is no change');
  await store.delete(context, {});
  t.strictSame(steps, [
    'own new',
    'mutate CREATE',
    'validate CREATE yes',
    'own old',
    'mutate UPDATE',
    'validate UPDATE yes',
    'mutate DELETE',
    'validate DELETE',
  ]);
});

t.test('a lost swap runs the whole bracket again on what won', async (t) => {
  let interfere: (() => Promise<unknown>) | undefined;
  const seen: unknown[] = [];
  const test = await createTestRegistry({
    admission: {
      ...openAdmission,
      async mutate({ operation, old }) {
        if (operation !== 'UPDATE') return;
        seen.push(old?.data);
        const run = interfere;
        interfere = undefined;
        await run?.();
      },
    },
  });
  const store = test.store('configmaps');
  await store.create(test.context('configmaps'), { metadata: { name: 'a' }, data: { n: '0' } });
  const context = test.context('configmaps', { name: 'a' });
  const set = (data: object) => store.patch(context, { type: 'merge', body: body({ data }) });
  interfere = () => set({ other: '1' });
  await set({ mine: '1' });
  t.strictSame((await test.read('configmaps', 'a')).data, { mine: '1', n: '0', other: '1' });
  t.strictSame(seen, [{ n: '0' }, { n: '0' }, { n: '0', other: '1' }]);
});

t.test('apply creates what is not there and owns what it says', async (t) => {
  const steps: string[] = [];
  const test = await createTestRegistry({ ownership: recording(steps) });
  const store = test.store('configmaps');
  const context = test.context('configmaps', { name: 'a' });
  const configuration = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } };
  const request = (data: object) =>
    ({ type: 'apply', force: false, body: body({ ...configuration, data }) }) as const;
  t.equal((await store.patch(context, request({ a: '1' }))).created, true);
  t.equal((await store.patch(context, request({ a: '2' }))).created, false);
  t.match(await test.read('configmaps', 'a'), { data: { a: '2' } });
  t.strictSame(steps, ['apply', 'apply']);
});

t.test('an aborted request stops', async (t) => {
  const test = await createTestRegistry();
  const store = test.store('configmaps');
  await store.create(test.context('configmaps'), { metadata: { name: 'a' } });
  const signal = AbortSignal.abort();
  const context = test.context('configmaps', { name: 'a', signal });
  await t.rejects(store.patch(context, { type: 'merge', body: body({}) }), { name: 'AbortError' });
});
