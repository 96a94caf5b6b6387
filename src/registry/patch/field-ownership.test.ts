// Tests field ownership through the engine: conflicts, force, omission, lists, sets, resets.
import t from 'tap';
import { VirtualClock } from '../../clock.ts';
import type { ManagedFieldsEntry } from '../../objects.ts';
import { createTestRegistry, type TestRegistry } from '../engine/engine.fixture.ts';
import type { RequestContext } from '../engine/types.ts';
import { roleResource } from '../rbac/role.ts';
import type { ApiObject } from '../resource.ts';
import { createDecoder } from '../schema/decode.ts';
import { loadTypeTable } from '../schema/table.ts';
import { createFieldOwnership } from './field-ownership.ts';
import { createPatchStrategies } from './patch-strategies.ts';

const types = loadTypeTable();
const decode = createDecoder(types);

async function setUp(): Promise<TestRegistry> {
  return createTestRegistry({
    ownership: createFieldOwnership({ types, decode, clock: new VirtualClock() }),
    patches: createPatchStrategies(types),
  });
}

const body = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

/** Applies a configuration; gives the object as it stands then. */
async function apply(
  { store, context, read }: TestRegistry,
  plural: string,
  manager: string,
  configuration: unknown,
  options: { force?: boolean; subresource?: string } = {},
): Promise<ApiObject> {
  const { metadata } = configuration as { metadata: { name: string } };
  const request: Partial<RequestContext> = {
    name: metadata.name,
    fieldManager: manager,
    subresource: options.subresource ?? '',
  };
  const { force = false } = options;
  await store(plural).patch(context(plural, request), {
    type: 'apply',
    body: body(configuration),
    force,
  });
  return read(plural, metadata.name);
}

function config(extra: Record<string, unknown>): Record<string, unknown> {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, ...extra };
}

function deployment(spec: Record<string, unknown>, metadata: Record<string, unknown> = {}) {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', ...metadata },
    spec,
  };
}

function template(containers: readonly unknown[]): Record<string, unknown> {
  return {
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers } },
  };
}

function owners(object: ApiObject): Record<string, unknown> {
  const name = ({ manager, operation, subresource = '' }: ManagedFieldsEntry) =>
    `${manager} ${operation}${subresource && ` ${subresource}`}`;
  return Object.fromEntries(
    (object.metadata.managedFields ?? []).map((entry) => [name(entry), entry.fieldsV1]),
  );
}

t.test('apply creates, another manager conflicts, force takes over', async (t) => {
  const registry = await setUp();
  const made = await apply(registry, 'configmaps', 'a', config({ data: { k: '1', l: '1' } }));
  t.same(owners(made), { 'a Apply': { 'f:data': { 'f:k': {}, 'f:l': {} } } });
  const [entry] = made.metadata.managedFields ?? [];
  t.equal(entry?.apiVersion, 'v1');
  t.equal(entry?.fieldsType, 'FieldsV1');
  t.match(entry?.time, /^20\d\d-/);

  const other = config({ data: { k: '2' } });
  await t.rejects(apply(registry, 'configmaps', 'b', other), {
    message: 'Apply failed with 1 conflict: conflict with "a": .data.k',
    code: 409,
    status: {
      reason: 'Conflict',
      details: {
        causes: [
          { reason: 'FieldManagerConflict', message: 'conflict with "a"', field: '.data.k' },
        ],
      },
    },
  });
  const forced = await apply(registry, 'configmaps', 'b', other, { force: true });
  t.same(forced.data, { k: '2', l: '1' });
  t.same(owners(forced), {
    'a Apply': { 'f:data': { 'f:l': {} } },
    'b Apply': { 'f:data': { 'f:k': {} } },
  });
  const shared = await apply(registry, 'configmaps', 'c', other);
  t.same(Object.keys(owners(shared)), ['c Apply', 'a Apply', 'b Apply'], 'equal values are shared');
});

t.test('what a sole applier drops is removed, what is shared stays', async (t) => {
  const registry = await setUp();
  await apply(registry, 'configmaps', 'a', config({ data: { k: '1', l: '1', m: '1' } }));
  await apply(registry, 'configmaps', 'b', config({ data: { l: '1' } }));
  const left = await apply(registry, 'configmaps', 'a', config({ data: { m: '1' } }));
  t.same(left.data, { l: '1', m: '1' });
  const none = await apply(registry, 'configmaps', 'a', config({}));
  t.same(none.data, { l: '1' });
  t.same(Object.keys(owners(none)), ['b Apply']);
});

t.test('several conflicts are listed by owner', async (t) => {
  const registry = await setUp();
  await apply(registry, 'configmaps', 'a', config({ data: { k: '1', l: '1' } }));
  await t.rejects(apply(registry, 'configmaps', 'b', config({ data: { k: '2', l: '2' } })), {
    message: 'Apply failed with 2 conflicts: conflicts with "a":\n- .data.k\n- .data.l',
  });
});

t.test('keyed lists, defaulted keys, and items that others own', async (t) => {
  const registry = await setUp();
  const nginx = { name: 'nginx', image: 'n:1', ports: [{ containerPort: 80 }] };
  const web = deployment({ replicas: 2, ...template([nginx]) });
  const made = await apply(registry, 'deployments', 'a', web);
  const spec = {
    'f:replicas': {},
    'f:selector': {},
    'f:template': {
      'f:metadata': { 'f:labels': { 'f:app': {} } },
      'f:spec': {
        'f:containers': {
          'k:{"name":"nginx"}': {
            '.': {},
            'f:image': {},
            'f:name': {},
            'f:ports': {
              'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} },
            },
          },
        },
      },
    },
  };
  t.same(owners(made), { 'a Apply': { 'f:spec': spec } });
  const side = deployment({ template: { spec: { containers: [{ name: 'side', image: 's' }] } } });
  const both = await apply(registry, 'deployments', 'b', side);
  const names = (object: ApiObject) =>
    (
      object.spec as { template: { spec: { containers: { name: string }[] } } }
    ).template.spec.containers.map(({ name }) => name);
  t.same(names(both), ['nginx', 'side']);
  const swapped = deployment(template([{ name: 'new', image: 'x' }]));
  t.same(names(await apply(registry, 'deployments', 'a', swapped)), ['side', 'new']);
  t.notOk('replicas' in ((await registry.read('deployments', 'web')).spec as object));
});

t.test('updates own what they change and take it from appliers', async (t) => {
  const registry = await setUp();
  await apply(registry, 'configmaps', 'a', config({ data: { k: '1', l: '1' } }));
  const context = registry.context('configmaps', { name: 'c', fieldManager: 'edit' });
  await registry.store('configmaps').patch(context, {
    type: 'strategic',
    body: body({ data: { k: '2', n: '3' }, metadata: { finalizers: ['x/y'] } }),
  });
  const edited = await registry.read('configmaps', 'c');
  t.same(owners(edited), {
    'a Apply': { 'f:data': { 'f:l': {} } },
    'edit Update': {
      'f:data': { 'f:k': {}, 'f:n': {} },
      'f:metadata': { 'f:finalizers': { '.': {}, 'v:"x/y"': {} } },
    },
  });
  await t.rejects(apply(registry, 'configmaps', 'a', config({ data: { k: '1' } })), {
    message: 'Apply failed with 1 conflict: conflict with "edit" using v1: .data.k',
  });
  const both = config({ metadata: { name: 'c', finalizers: ['z/z'] } });
  const sets = await apply(registry, 'configmaps', 'f', both);
  t.same(sets.metadata.finalizers, ['x/y', 'z/z'], 'sets are merged');
});

t.test('a create by update has the paths that upstream writes', async (t) => {
  const registry = await setUp();
  const made = decode('io.k8s.api.apps.v1.Deployment', {
    value: deployment(
      { replicas: 1, ...template([{ name: 'n', image: 'i' }]) },
      { labels: { a: 'b' } },
    ),
  }).object;
  await registry
    .store('deployments')
    .create(registry.context('deployments', { fieldManager: 'kubectl-create' }), made);
  const found = owners(await registry.read('deployments', 'web'));
  t.equal(
    JSON.stringify(found['kubectl-create Update']),
    '{"f:metadata":{"f:labels":{".":{},"f:a":{}}},"f:spec":{"f:replicas":{},"f:selector":{},' +
      '"f:template":{"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:containers":{' +
      '"k:{\\"name\\":\\"n\\"}":{".":{},"f:image":{},"f:name":{},"f:resources":{}}}}}}}',
  );
});

t.test('an empty list that is written has an owner, though it is stored as none', async (t) => {
  const registry = await setUp();
  registry.registry.add(roleResource);
  await registry.registry.ready();
  const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', rules: [] };
  const make = async (name: string, text: object) => {
    const made = decode('io.k8s.api.rbac.v1.Role', { value: { metadata: { name }, ...text } });
    const context = registry.context('roles', { fieldManager: 'm' });
    await registry.store('roles').create(context, made.object);
    return registry.read('roles', name);
  };
  const empty = await make('empty', { rules: [] });
  t.same(owners(empty), { 'm Update': { 'f:rules': {} } });
  t.equal(empty.rules, null);
  const none = await make('none', {});
  t.same(owners(none), {});
  const applied = await apply(registry, 'roles', 'a', { ...role, metadata: { name: 'none' } });
  t.same(owners(applied), { 'a Apply': { 'f:rules': {} } });
  t.equal(applied.rules, null);
});

t.test('status is owned through its own door only', async (t) => {
  const registry = await setUp();
  const status = { ...deployment({ replicas: 9 }), status: { replicas: 3 } };
  await apply(registry, 'deployments', 'a', { ...status, spec: template([]) });
  const context = registry.context('deployments', {
    name: 'web',
    subresource: 'status',
    fieldManager: 'controller',
  });
  await registry.store('deployments').patch(context, { type: 'merge', body: body(status) });
  const found = owners(await registry.read('deployments', 'web'));
  t.same(Object.keys(found), ['a Apply', 'controller Update status']);
  t.same(found['controller Update status'], { 'f:status': { 'f:replicas': {} } });
  t.notOk('f:status' in (found['a Apply'] as object));
});

t.test('managedFields can be reset, and stay so until the next apply', async (t) => {
  const registry = await setUp();
  await apply(registry, 'configmaps', 'a', config({ data: { k: '1' } }));
  const context = registry.context('configmaps', { name: 'c', fieldManager: 'edit' });
  const merge = (patch: unknown) =>
    registry.store('configmaps').patch(context, { type: 'merge', body: body(patch) });
  await merge({ metadata: { managedFields: [{}] } });
  t.notOk('managedFields' in (await registry.read('configmaps', 'c')).metadata);
  await merge({ data: { l: '2' } });
  t.notOk('managedFields' in (await registry.read('configmaps', 'c')).metadata);
  await t.rejects(apply(registry, 'configmaps', 'b', config({ data: { k: '2' } })), {
    message: 'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.k',
  });
  await apply(registry, 'configmaps', 'b', config({ data: { k: '1' } }));
  await merge({ metadata: { managedFields: [] } });
  t.notOk('managedFields' in (await registry.read('configmaps', 'c')).metadata, 'by []');
  await merge({ metadata: { managedFields: [{ manager: 'x', operation: 'No' }] } });
  t.notOk('managedFields' in (await registry.read('configmaps', 'c')).metadata, 'nonsense');
});

t.test('unchanged applies write nothing', async (t) => {
  const registry = await setUp();
  const one = await apply(registry, 'configmaps', 'a', config({ data: { k: '1' } }));
  const two = await apply(registry, 'configmaps', 'a', config({ data: { k: '1' } }));
  t.same(two, one);
});

t.test('kubectl carries on what its client-side apply began', async (t) => {
  const registry = await setUp();
  const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
  const first = config({ data: { k: '1', l: '1' } });
  const annotations = { [annotation]: `${JSON.stringify(first)}\n` };
  await registry.store('configmaps').create(
    registry.context('configmaps', { fieldManager: 'kubectl-client-side-apply' }),
    decode('io.k8s.api.core.v1.ConfigMap', {
      value: config({ data: { k: '1', l: '1' }, metadata: { name: 'c', annotations } }),
    }).object,
  );
  const taken = await apply(registry, 'configmaps', 'kubectl', config({ data: { k: '2' } }));
  t.same(taken.data, { k: '2', l: '1' });
  t.equal(
    taken.metadata.annotations?.[annotation],
    '{"apiVersion":"v1","data":{"k":"2"},"kind":"ConfigMap",' + '"metadata":{"name":"c"}}\n',
  );
  await t.rejects(apply(registry, 'configmaps', 'other', config({ data: { l: '2' } })), {
    message:
      'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using v1: .data.l',
  });
});

t.test('at most ten update managers', async (t) => {
  const registry = await setUp();
  await apply(registry, 'configmaps', 'a', config({ data: { k: '1' } }));
  for (let index = 0; index < 14; index += 1) {
    const context = registry.context('configmaps', { name: 'c', fieldManager: `m${index}` });
    await registry.store('configmaps').patch(context, {
      type: 'merge',
      body: body({ data: { [`x${index}`]: '1' } }),
    });
  }
  const found = owners(await registry.read('configmaps', 'c'));
  t.equal(Object.keys(found).length, 11);
  t.equal(Object.keys(found['ancient-changes Update'] as object).length, 1);
});

t.test('configurations that do not fit', async (t) => {
  const registry = await setUp();
  const prefix = 'failed to create typed patch object (/web; apps/v1, Kind=Deployment): ';
  const cases: readonly (readonly [Record<string, unknown>, string])[] = [
    [{ foo: 1 }, `${prefix}.spec.foo: field not declared in schema`],
    [{ replicas: 'x' }, `${prefix}.spec.replicas: expected numeric (int or float), got string`],
    [
      template([{ name: 'a' }, { name: 'a' }]),
      `${prefix}.spec.template.spec.containers: duplicate entries for key [name="a"]`,
    ],
    [
      template([{ image: 'a' }]),
      `${prefix}.spec.template.spec.containers: element 0: associative list with keys has an ` +
        'element that omits all key fields ["name"] (and doesn\'t have default values for any ' +
        'key fields)',
    ],
    [{ template: 1 }, `${prefix}.spec.template: expected map, got &{1}`],
  ];
  for (const [spec, message] of cases) {
    await t.rejects(apply(registry, 'deployments', 'a', deployment(spec)), { message, code: 500 });
  }
  const managed = config({ metadata: { name: 'c', managedFields: [] } });
  await t.rejects(apply(registry, 'configmaps', 'a', managed), {
    message: 'metadata.managedFields must be nil',
    code: 400,
  });
});
