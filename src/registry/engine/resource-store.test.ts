// Create, update and patch through the whole engine on real storage in memory.
import t from 'tap';
import { StatusError } from '../../status.ts';
import type { ApiObject } from '../resource.ts';
import { createTestRegistry, type TestRegistry } from './engine.fixture.ts';
import type { PatchRequest } from './types.ts';

const encoder = new TextEncoder();

function configMap(name: string, rest: object = {}): ApiObject {
  return { metadata: { name }, ...rest };
}

function patchOf(type: 'json' | 'merge', patch: unknown): PatchRequest {
  return { type, body: encoder.encode(JSON.stringify(patch)) };
}

async function made(plural: string, object: ApiObject): Promise<TestRegistry> {
  const test = await createTestRegistry();
  await test.store(plural).create(test.context(plural), object);
  return test;
}

/** The code and message that a call is refused with. */
async function refusal(call: Promise<unknown>): Promise<{ code: number; message: string }> {
  try {
    await call;
  } catch (error) {
    if (error instanceof StatusError) return { code: error.code, message: error.message };
    throw error;
  }
  return { code: 0, message: 'not refused' };
}

t.test('a new object gets its identity', async (t) => {
  const test = await made('configmaps', configMap('a', { data: { k: 'v' } }));
  const { metadata, data, kind, apiVersion } = await test.read('configmaps', 'a');
  t.match(metadata.uid, /^[0-9a-f-]{36}$/);
  t.equal(metadata.creationTimestamp, '2026-01-01T00:00:00Z');
  t.equal(metadata.namespace, 'default');
  t.equal(metadata.resourceVersion, '2');
  t.equal(metadata.generation, undefined);
  t.strictSame([kind, apiVersion, data], ['ConfigMap', 'v1', { k: 'v' }]);
});

t.test('a workload starts with generation 1 and an empty status', async (t) => {
  const test = await made('deployments', {
    metadata: { name: 'a' },
    spec: { replicas: 1 },
    status: { replicas: 5 },
  });
  const { metadata, status } = await test.read('deployments', 'a');
  t.equal(metadata.generation, 1);
  t.strictSame(status, {});
});

t.test('generateName makes a name of at most 63 characters', async (t) => {
  const test = await createTestRegistry();
  const base = 'b'.repeat(70);
  const { stored } = await test
    .store('configmaps')
    .create(test.context('configmaps'), { metadata: { generateName: base } });
  t.equal(stored.header.name.length, 63);
  t.equal(stored.header.name.slice(0, 58), base.slice(0, 58));
});

t.test('generateName gives up after eight names that are taken', async (t) => {
  const test = await createTestRegistry({ random: { next: () => 0 } });
  const make = () =>
    test.store('configmaps').create(test.context('configmaps'), {
      metadata: { generateName: 'x-' },
    });
  await make();
  t.strictSame(await refusal(make()), {
    code: 409,
    message:
      'configmaps "x-bbbbb" already exists, the server was not able to generate a unique name ' +
      'for the object',
  });
});

t.test('create refuses', async (t) => {
  const test = await made('configmaps', configMap('a'));
  const cases: readonly [string, ApiObject, number, string | RegExp][] = [
    ['a taken name', configMap('a'), 409, 'configmaps "a" already exists'],
    [
      'a resourceVersion',
      { metadata: { name: 'b', resourceVersion: '1' } },
      500,
      'resourceVersion should not be set on objects to be created',
    ],
    ['no name', { metadata: {} }, 422, /name or generateName is required/],
    ['a bad name', configMap('A'), 422, /^ConfigMap "A" is invalid: metadata.name: Invalid value/],
    [
      'another namespace',
      { metadata: { name: 'b', namespace: 'other' } },
      400,
      'the namespace of the provided object does not match the namespace sent on the request',
    ],
    [
      'another apiVersion',
      configMap('b', { apiVersion: 'v2' }),
      400,
      'the API version in the data (v2) does not match the expected API version (v1)',
    ],
    ['another kind', configMap('b', { kind: 'Secret' }), 400, /^Secret in version "v1" cannot be/],
  ];
  for (const [name, object, code, message] of cases) {
    const call = test.store('configmaps').create(test.context('configmaps'), object);
    t.match(await refusal(call), { code, message }, name);
  }
});

t.test('update refuses', async (t) => {
  const test = await made('configmaps', configMap('a', { data: { k: '1' } }));
  const live = await test.read('configmaps', 'a');
  const cases: readonly [string, string, ApiObject, number, string | RegExp][] = [
    [
      'a stale resourceVersion',
      'a',
      { metadata: { name: 'a', resourceVersion: '1' } },
      409,
      'Operation cannot be fulfilled on configmaps "a": the object has been modified; please ' +
        'apply your changes to the latest version and try again',
    ],
    [
      'another name',
      'a',
      configMap('b'),
      400,
      'the name of the object (b) does not match the name on the URL (a)',
    ],
    [
      'another uid',
      'a',
      { metadata: { name: 'a', uid: 'x' } },
      409,
      new RegExp(
        'Precondition failed: UID in precondition: x, UID in object meta: ' +
          `${live.metadata.uid ?? ''}$`,
      ),
    ],
    ['what is not there', 'b', configMap('b'), 404, 'configmaps "b" not found'],
  ];
  for (const [name, url, object, code, message] of cases) {
    const context = test.context('configmaps', { name: url });
    t.match(
      await refusal(test.store('configmaps').update(context, object)),
      { code, message },
      name,
    );
  }
});

t.test('an update that changes nothing writes nothing', async (t) => {
  const test = await made('configmaps', configMap('a', { data: { k: '1' } }));
  const context = test.context('configmaps', { name: 'a' });
  const live = await test.read('configmaps', 'a');
  const before = await test.driver.currentRevision();
  const { stored } = await test.store('configmaps').update(context, live);
  t.equal(String(stored.revision), live.metadata.resourceVersion);
  await test.store('configmaps').update(context, configMap('a', { data: { k: '1' } }));
  t.equal(await test.driver.currentRevision(), before);
});

t.test('spec and status have doors of their own', async (t) => {
  const test = await made('deployments', { metadata: { name: 'a' }, spec: { replicas: 1 } });
  const store = test.store('deployments');
  const context = test.context('deployments', { name: 'a' });
  const next = { metadata: { name: 'a' }, spec: { replicas: 2 }, status: { replicas: 9 } };
  await store.update(context, next);
  const main = await test.read('deployments', 'a');
  t.match(main, { metadata: { generation: 2 }, spec: { replicas: 2 }, status: {} });
  const labelled = { metadata: { name: 'a', labels: { a: 'b' } }, spec: { replicas: 7 } };
  await store.update(
    { ...context, subresource: 'status' },
    {
      ...labelled,
      status: { replicas: 3 },
    },
  );
  const after = await test.read('deployments', 'a');
  t.match(after, {
    metadata: { generation: 2, labels: { a: 'b' } },
    spec: { replicas: 2 },
    status: { replicas: 3 },
  });
});

t.test('dry run does everything but the write', async (t) => {
  const test = await made('configmaps', configMap('a'));
  const store = test.store('configmaps');
  const before = await test.driver.currentRevision();
  const dry = test.context('configmaps', { dryRun: true });
  const made1 = await store.create(dry, configMap('b'));
  t.equal(store.present(dry, made1.stored).metadata.resourceVersion, undefined);
  t.match(await refusal(store.create(dry, configMap('a'))), { code: 409 });
  const updated = await store.update({ ...dry, name: 'a' }, configMap('a', { data: { k: '2' } }));
  t.match(store.present(dry, updated.stored), { data: { k: '2' } });
  t.match(await store.delete({ ...dry, name: 'a' }, {}), { deleted: true });
  t.equal(await test.driver.currentRevision(), before);
});

t.test('patches', async (t) => {
  const test = await made('configmaps', configMap('a', { data: { a: '1', b: '2' } }));
  const store = test.store('configmaps');
  const context = test.context('configmaps', { name: 'a' });
  await store.patch(context, patchOf('merge', { data: { a: null, c: '3' } }));
  t.strictSame((await test.read('configmaps', 'a')).data, { b: '2', c: '3' });
  await store.patch(
    context,
    patchOf('json', [
      { op: 'test', path: '/data/b', value: '2' },
      { op: 'replace', path: '/data/b', value: '4' },
      { op: 'add', path: '/metadata/labels', value: { l: 'v' } },
    ]),
  );
  t.match(await test.read('configmaps', 'a'), {
    data: { b: '4' },
    metadata: { labels: { l: 'v' } },
  });
  const cases: readonly [string, PatchRequest, number, string | RegExp][] = [
    ['bad JSON', { type: 'merge', body: encoder.encode('{') }, 400, /./],
    ['a merge patch that is no object', patchOf('merge', []), 400, /^error decoding patch: /],
    [
      'a failed test',
      patchOf('json', [{ op: 'test', path: '/data/b', value: 'x' }]),
      422,
      'the server rejected our request due to an error in our request',
    ],
    [
      'too many operations',
      patchOf('json', new Array(10_001).fill({ op: 'test', path: '/data/b', value: '4' })),
      413,
      'The allowed maximum operations in a JSON patch is 10000, got 10001',
    ],
    [
      'another name',
      patchOf('merge', { metadata: { name: 'b' } }),
      400,
      'the name of the object (b) does not match the name on the URL (a)',
    ],
    [
      'another uid',
      patchOf('merge', { metadata: { uid: 'x' } }),
      422,
      'ConfigMap "a" is invalid: metadata.uid: Invalid value: "x": field is immutable',
    ],
    ['a wrong type', patchOf('merge', { data: 1 }), 422, / "" is invalid: patch: Invalid value: /],
    ['a stale revision', patchOf('merge', { metadata: { resourceVersion: '1' } }), 409, /modified/],
  ];
  for (const [name, request, code, message] of cases) {
    t.match(await refusal(store.patch(context, request)), { code, message }, name);
  }
  t.match(await refusal(store.patch({ ...context, name: 'z' }, patchOf('merge', {}))), {
    code: 404,
    message: 'configmaps "z" not found',
  });
});

t.test('unknown fields in a patch follow field validation', async (t) => {
  const test = await made('configmaps', configMap('a'));
  const store = test.store('configmaps');
  const context = test.context('configmaps', { name: 'a' });
  await store.patch(context, patchOf('merge', { foo: 1 }));
  t.strictSame(test.warnings, ['unknown field "foo"']);
  const strict = { ...context, fieldValidation: 'Strict' as const };
  t.match(await refusal(store.patch(strict, patchOf('merge', { foo: 1 }))), {
    code: 422,
    message: /^ "" is invalid: patch: .*: strict decoding error: unknown field "foo"$/,
  });
  test.warnings.length = 0;
  const twice = { type: 'merge', body: Buffer.from('{"data":{"a":"1","a":"2"}}') } as const;
  await store.patch(context, twice);
  t.strictSame(test.warnings, ['duplicate field "data.a"']);
  t.match(await refusal(store.patch(context, patchOf('merge', { kind: 'Foo' }))), {
    code: 422,
    message: /: no kind "Foo" is registered for version "v1" in scheme "[a-z/]+scheme.go:30"$/,
  });
});

t.test('one hundred patches at once all land', async (t) => {
  const test = await made('configmaps', configMap('a'));
  const store = test.store('configmaps');
  const context = test.context('configmaps', { name: 'a' });
  await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      store.patch(context, patchOf('merge', { data: { [`k${index}`]: 'v' } })),
    ),
  );
  const { data } = await test.read('configmaps', 'a');
  t.equal(Object.keys(data as object).length, 100);
});

t.test('scale changes replicas and nothing else', async (t) => {
  const test = await made('deployments', { metadata: { name: 'a' }, spec: { replicas: 1 } });
  const store = test.store('deployments');
  const context = test.context('deployments', { name: 'a', subresource: 'scale' });
  const scale = await store.getScale(context);
  t.match(scale, { kind: 'Scale', spec: { replicas: 1 }, status: { replicas: 0 } });
  t.match(await store.updateScale(context, { ...scale, spec: { replicas: 4 } }), {
    spec: { replicas: 4 },
  });
  await store.patchScale(context, patchOf('merge', { spec: { replicas: 6 } }));
  t.match(await test.read('deployments', 'a'), {
    spec: { replicas: 6 },
    metadata: { generation: 3 },
  });
  t.match(await refusal(store.updateScale(context, scale)), { code: 409 });
  t.match(await refusal(store.patchScale(context, patchOf('merge', { spec: { replicas: -1 } }))), {
    code: 422,
    message: /^Scale.autoscaling "a" is invalid: spec.replicas: Invalid value: -1: must be greater/,
  });
});

t.test('duplicate owners become one', async (t) => {
  const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' };
  const test = await made('configmaps', {
    metadata: { name: 'a', ownerReferences: [owner, owner] },
  });
  t.equal((await test.read('configmaps', 'a')).metadata.ownerReferences?.length, 1);
  t.match(test.warnings, [/duplicate UID\(s\) observed: u$/]);
});
