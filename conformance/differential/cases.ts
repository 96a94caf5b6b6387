// The requests of the differential test, in order: each builds on what those before it have left.
import { type Kind, kinds } from './kinds.ts';

/** `{ns}` in a path or body is the run's namespace, `{run}` a suffix of its own. */
export interface Case {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly type?: string;
  readonly accept?: string;
}

const merge = 'application/merge-patch+json';
const strategic = 'application/strategic-merge-patch+json';
const json = 'application/json-patch+json';
const apply = 'application/apply-patch+yaml';
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const partial = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io';
const maps = '/api/v1/namespaces/{ns}/configmaps';
const map = { apiVersion: 'v1', kind: 'ConfigMap' };

const get = (path: string, accept = 'application/json') => ({ method: 'GET', path, accept });
const send =
  (method: string, type = 'application/json') =>
  (path: string, body?: unknown): Case => ({ method, path, body, type });
const [post, put, remove] = [send('POST'), send('PUT'), send('DELETE')];
const patch = (type: string, path: string, body: unknown) => send('PATCH', type)(path, body);

function ofKind({ collection, apiVersion, kind, fields }: Kind): Case[] {
  const name = 'x-{run}';
  const object = { apiVersion, kind, metadata: { name }, ...fields };
  const one = `${collection}/${name}`;
  const labelled = { apiVersion, kind, metadata: { name, labels: { q: 's' } } };
  const annotated = [{ op: 'add', path: '/metadata/annotations', value: { z: 'y' } }];
  return [
    post(collection, {}),
    post(collection, { metadata: { name }, spec: {} }),
    post(collection, { ...object, metadata: { name: 'Bad_{run}' } }),
    post(`${collection}?dryRun=All&fieldValidation=Strict`, { ...object, bogus: 1 }),
    post(collection, object),
    post(collection, object),
    get(one),
    get(one, table),
    get(one, partial),
    patch(merge, one, { metadata: { labels: { q: 'r' } }, bogus: 1 }),
    patch(strategic, `${one}?fieldValidation=Strict`, { metadata: { foo: 1 } }),
    patch(json, one, annotated),
    patch(merge, `${one}?dryRun=All`, { spec: 5 }),
    patch(strategic, `${one}?dryRun=All`, { spec: { bogus: 1 } }),
    patch(apply, `${one}?fieldManager=m`, labelled),
    patch(apply, `${one}?fieldManager=m&force=true`, object),
    patch(merge, `${one}/status`, { status: { observedGeneration: 1 } }),
    put(`${one}?dryRun=All`, { metadata: { name }, spec: {} }),
    remove(`${one}/status`),
    get(`${collection}?fieldSelector=metadata.name%3D${name}`),
    get(`${collection}?fieldSelector=spec.bogus%3Dx`),
    remove(one, { preconditions: { uid: 'x' } }),
    remove(`${one}?gracePeriodSeconds=0`),
    get(one),
  ];
}

const words = (text: string) => text.trim().split(/\s+/);
const paths = words('/nope /api/v2 /apis/nope /apis/apps/v9 /apis/nope/v1/x /api/v1/x/y/z');
const bodies = words(
  '{ [] null 5 {"kind":1} {"kind":"Foo"} {"apiVersion":"v2"} {"a":tru} {"metadata":5} ' +
    '{"data":{"a":1}} {"kind":"Pod","apiVersion":"v1"} {"immutable":"x"}',
);
const options = words('dryRun=x fieldManager=%09 fieldValidation=x force=true fieldManager=a');
const lists = words(`
  limit=x limit=-1 limit=1 continue=x resourceVersion=x resourceVersionMatch=Exact
  resourceVersionMatch=x&resourceVersion=1 resourceVersion=0&resourceVersionMatch=Exact
  labelSelector=%3D labelSelector=a%20b fieldSelector=a sendInitialEvents=true
  watch=1&resourceVersion=x watch=1&sendInitialEvents=true watch=1&continue=a
  watch=1&timeoutSeconds=1&allowWatchBookmarks=true`);
const patches: readonly (readonly [type: string, body: unknown])[] = [
  ...[merge, strategic, json].flatMap((type) =>
    ['', '{', '[]', 'null', '5', '{"kind":"Foo"}'].map((body): [string, string] => [type, body]),
  ),
  [merge, { metadata: { resourceVersion: '1' } }],
  [merge, { metadata: { uid: 'x' } }],
  [merge, { metadata: { finalizers: ['bad'] } }],
  [strategic, { data: { a: 1 } }],
  [strategic, { $patch: 'replace', metadata: { name: 'one' } }],
  [json, [{ op: 'test', path: '/data/a', value: 'no' }]],
  [json, [{ op: 'replace', path: '/data/new', value: '1' }]],
  [apply, { ...map, data: { a: '1' } }],
];

export const cases: readonly Case[] = [
  ...paths.map((path) => get(path)),
  ...words('POST PUT PATCH DELETE OPTIONS').map((method) => ({ method, path: '/version' })),
  remove('/api/v1/namespaces'),
  get(maps, 'image/png'),
  get(maps, 'application/json;as=Table;v=v2;g=meta.k8s.io'),
  ...bodies.map((body) => post(maps, body)),
  post(maps, { metadata: { name: 'one' }, data: { a: '1' } }),
  ...lists.map((query) => get(`${maps}?${query}`)),
  ...options.flatMap((query) => [
    post(`${maps}?${query}`, { metadata: { name: 'q' } }),
    patch(merge, `${maps}/one?${query}`, { data: { q: '1' } }),
    patch(apply, `${maps}/one?${query}`, map),
  ]),
  ...patches.map(([type, body]) => patch(type, `${maps}/one`, body)),
  patch(merge, `${maps}/none`, {}),
  post('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {}),
  post('/apis/authentication.k8s.io/v1/tokenreviews', { spec: {} }),
  ...kinds.flatMap(ofKind),
];
