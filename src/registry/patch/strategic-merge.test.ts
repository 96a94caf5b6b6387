// Tests strategic merge on upstream's documented examples and on what kubectl sends.
import t from 'tap';
import { loadTypeTable } from '../schema/table.ts';
import type { JsonObject } from './directives.ts';
import { strategicMerge } from './strategic-merge.ts';

const types = loadTypeTable();
const podSpec = 'io.k8s.api.core.v1.PodSpec';
const deploymentSpec = 'io.k8s.api.apps.v1.DeploymentSpec';

function merge(schema: string, current: JsonObject, patch: unknown): JsonObject {
  const before = structuredClone(current);
  const given = structuredClone(patch);
  const merged = strategicMerge(types, current, patch, schema);
  t.same(current, before, 'the object stays as it is');
  t.same(patch, given, 'the patch stays as it is');
  return merged;
}

const nginx = { name: 'nginx', image: 'nginx:1' };
const redis = { name: 'redis', image: 'redis:7' };

t.test('lists merge by their key, new items first', async (t) => {
  t.same(merge(podSpec, { containers: [nginx] }, { containers: [redis] }), {
    containers: [redis, nginx],
  });
  t.same(
    merge(podSpec, { containers: [nginx, redis] }, { containers: [{ name: 'redis', image: 'x' }] }),
    { containers: [nginx, { name: 'redis', image: 'x' }] },
  );
  const env = [
    { name: 'A', value: '1' },
    { name: 'B', value: '2' },
  ];
  t.same(
    merge(
      podSpec,
      { containers: [{ ...nginx, env }] },
      {
        containers: [
          {
            name: 'nginx',
            env: [
              { name: 'B', value: '3' },
              { name: 'A', $patch: 'delete' },
            ],
          },
        ],
      },
    ),
    { containers: [{ ...nginx, env: [{ name: 'B', value: '3' }] }] },
  );
});

t.test('lists without a merge strategy are replaced, scalars set, nulls delete', async (t) => {
  const tolerations = [{ key: 'a', operator: 'Exists' }];
  t.same(
    merge(
      podSpec,
      { tolerations: [{ key: 'b' }], nodeName: 'n', priority: 1, nodeSelector: { a: '1', b: '2' } },
      { tolerations, nodeName: null, priority: 2, nodeSelector: { a: null, c: '3' }, x: null },
    ),
    { tolerations, priority: 2, nodeSelector: { b: '2', c: '3' } },
  );
});

t.test('$patch: replace and delete, on maps and lists', async (t) => {
  t.same(
    merge(podSpec, { nodeSelector: { a: '1' } }, { nodeSelector: { $patch: 'replace', b: '2' } }),
    { nodeSelector: { b: '2' } },
  );
  t.same(merge(podSpec, { nodeSelector: { a: '1' } }, { nodeSelector: { $patch: 'delete' } }), {
    nodeSelector: {},
  });
  t.same(merge(podSpec, { containers: [nginx] }, { containers: [redis, { $patch: 'replace' }] }), {
    containers: [redis],
  });
  t.same(
    merge(
      podSpec,
      { containers: [nginx, redis] },
      { containers: [{ name: 'nginx', $patch: 'delete' }] },
    ),
    { containers: [redis] },
  );
  t.same(
    merge(podSpec, {}, { containers: [redis, { name: 'nginx', $patch: 'delete' }] }),
    { containers: [redis] },
    'what acts on nothing is gone',
  );
});

t.test('$retainKeys clears what it does not name', async (t) => {
  const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } };
  const change = { $retainKeys: ['type'], type: 'Recreate' };
  t.same(merge(deploymentSpec, { strategy }, { strategy: change }), {
    strategy: { type: 'Recreate' },
  });
  t.throws(
    () => merge(deploymentSpec, { strategy }, { strategy: { $retainKeys: [], type: 'x' } }),
    { message: 'invalid patch format of retainKeys', code: 400 },
  );
  t.same(
    merge(
      podSpec,
      { volumes: [{ name: 'v', emptyDir: {} }] },
      { volumes: [{ $retainKeys: ['name', 'hostPath'], name: 'v', hostPath: { path: '/' } }] },
    ),
    { volumes: [{ name: 'v', hostPath: { path: '/' } }] },
  );
});

t.test('$setElementOrder and $deleteFromPrimitiveList', async (t) => {
  const order = [{ name: 'redis' }, { name: 'nginx' }];
  t.same(merge(podSpec, { containers: [nginx, redis] }, { '$setElementOrder/containers': order }), {
    containers: [redis, nginx],
  });
  const other = { name: 'side', image: 's' };
  t.same(
    merge(
      podSpec,
      { containers: [nginx, other] },
      {
        '$setElementOrder/containers': [{ name: 'nginx' }, { name: 'redis' }],
        containers: [redis],
      },
    ),
    { containers: [nginx, redis, other] },
  );
  const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
  t.same(
    merge(
      meta,
      { finalizers: ['a', 'b', 'c'] },
      {
        '$deleteFromPrimitiveList/finalizers': ['b'],
        '$setElementOrder/finalizers': ['c', 'd'],
        finalizers: ['d'],
      },
    ),
    { finalizers: ['a', 'c', 'd'] },
  );
  t.throws(
    () =>
      merge(
        podSpec,
        { containers: [nginx] },
        { '$setElementOrder/containers': [{ name: 'nginx' }], containers: [redis] },
      ),
    /The order in patch list:\n\[map\[image:redis:7 name:redis\]\]\n doesn't match/,
  );
});

t.test('patches that do not fit, in upstream words', async (t) => {
  const cases: readonly (readonly [unknown, string, number])[] = [
    [
      { containers: [{ image: 'x' }] },
      'map: map[image:x] does not contain declared merge key: name',
      500,
    ],
    [
      { containers: [{ name: 'x', $patch: 'zap' }] },
      'unknown patch type: zap in map: map[$patch:zap name:x]',
      500,
    ],
    [{ $patch: 'merge' }, 'unknown patch type: merge in map: map[$patch:merge]', 500],
    [{ containers: [[]] }, 'lists of lists are not supported', 422],
    [
      { '$setElementOrder/nope': [] },
      'unable to find api field in struct PodSpec for the json field "nope"',
      500,
    ],
    [{ $patch: 5 }, 'unknown patch type: %!s(int64=5) in map: map[$patch:5]', 500],
    [{ '$setElementOrder/containers': ['x'] }, 'value for key 0 is not a map', 500],
    [{ '$setElementOrder/containers': 1 }, 'expected a []interface {}, but received a int64', 500],
  ];
  for (const [patch, message, code] of cases) {
    t.throws(() => merge(podSpec, { containers: [nginx] }, patch), { message, code }, message);
  }
});

t.test('no patch of any shape crashes', async (t) => {
  const odd = [null, true, 0, 'x', [], {}, [null], [{}], [[1]], ['a', {}], { $patch: 1 }];
  const keys = ['containers', 'nodeSelector', '$patch', '$retainKeys', '__proto__', 'finalizers'];
  const prefixed = keys.flatMap((key) => [
    key,
    `$setElementOrder/${key}`,
    `$deleteFromPrimitiveList/${key}`,
  ]);
  const current = { containers: [nginx], nodeSelector: { a: 'b' }, finalizers: ['a'] };
  for (const key of prefixed) {
    for (const value of odd) {
      try {
        strategicMerge(types, current, JSON.parse(`{"${key}":${JSON.stringify(value)}}`), podSpec);
      } catch (error) {
        if ((error as Error).constructor.name !== 'StatusError') throw error;
      }
    }
  }
  t.equal(Object.getPrototypeOf({}), Object.prototype);
});
