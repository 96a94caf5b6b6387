// Tests the documents as kubectl reads them: index, group-versions, definitions, operations.
import t from 'tap';
import { builtinResources } from '../../registry/builtin.ts';
import type { ServedResource } from '../../registry/engine/types.ts';
import { loadTypeTable } from '../../registry/schema/table.ts';
import { createOpenApi } from './documents.ts';

type Json = Record<string, unknown>;

const served: readonly ServedResource[] = builtinResources.flatMap((resource) =>
  resource.groups.flatMap(({ group, versions }) =>
    versions.map((version) => ({ resource, group, version })),
  ),
);
const openApi = createOpenApi({ table: loadTypeTable(), served: () => served });

function at(document: Json, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Json | undefined)?.[key], document);
}

/** Every local reference in a document. */
function references(value: unknown, found: Set<string>): Set<string> {
  if (typeof value !== 'object' || value === null) return found;
  for (const [key, child] of Object.entries(value)) {
    if (key === '$ref' && typeof child === 'string') found.add(child);
    else references(child, found);
  }
  return found;
}

t.test('the index names each group-version with the hash of its document', async (t) => {
  const { paths } = JSON.parse((await openApi.index()).body) as {
    paths: Record<string, { serverRelativeURL: string }>;
  };
  t.ok('api/v1' in paths && 'apis/apps/v1' in paths && 'apis/events.k8s.io/v1' in paths);
  for (const [path, { serverRelativeURL }] of Object.entries(paths)) {
    const document = await openApi.groupVersion(path);
    t.equal(serverRelativeURL, `/openapi/v3/${path}?hash=${document?.hash}`);
    t.equal(document?.etag, `"${document?.hash}"`);
  }
  t.equal(await openApi.groupVersion('apis/nothing/v1'), undefined);
});

t.test('v3: what explain, apply and field validation look for', async (t) => {
  const core = JSON.parse((await openApi.groupVersion('api/v1'))?.body ?? '{}') as Json;
  const schemas = 'components/schemas/io.k8s.api.core.v1.'.split('/');
  const pod = [...schemas.slice(0, 1), 'schemas', 'io.k8s.api.core.v1.Pod'];
  t.same(at(core, ...pod, 'x-kubernetes-group-version-kind'), [
    { group: '', kind: 'Pod', version: 'v1' },
  ]);
  const patch = at(core, 'paths', '/api/v1/namespaces/{namespace}/pods/{name}', 'patch') as Json;
  t.same(patch['x-kubernetes-group-version-kind'], { group: '', version: 'v1', kind: 'Pod' });
  const names = (patch.parameters as readonly { name: string }[]).map(({ name }) => name);
  t.ok(names.includes('fieldValidation') && names.includes('dryRun'));
  const containers = at(
    core,
    'components',
    'schemas',
    'io.k8s.api.core.v1.PodSpec',
    'properties',
    'containers',
  );
  t.match(containers, {
    type: 'array',
    items: { allOf: [{ $ref: '#/components/schemas/io.k8s.api.core.v1.Container' }], default: {} },
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['name'],
    'x-kubernetes-patch-merge-key': 'name',
    'x-kubernetes-patch-strategy': 'merge',
  });
});

t.test('every reference leads somewhere and every operation id is used once', async (t) => {
  const documents = [await openApi.v2()];
  for (const path of ['api/v1', 'apis/apps/v1']) {
    const document = await openApi.groupVersion(path);
    if (document !== undefined) documents.push(document);
  }
  for (const { body } of documents) {
    const document = JSON.parse(body) as Json;
    for (const reference of references(document, new Set())) {
      const target = at(document, ...reference.slice(2).split('/'));
      if (target === undefined) t.fail(reference);
    }
    const ids = [...body.matchAll(/"operationId":"([^"]+)"/g)].map(([, id]) => id);
    t.equal(new Set(ids).size, ids.length);
  }
});
