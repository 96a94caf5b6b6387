// Paths and what they ask for.
import t from 'tap';
import { parseRequest } from './request-info.ts';

const cases: readonly [string, string, string][] = [
  ['GET', '/api/v1/pods', 'list  v1  pods  '],
  ['GET', '/api/v1/pods?watch=1', 'watch  v1  pods  '],
  ['GET', '/api/v1/namespaces', 'list  v1  namespaces  '],
  ['GET', '/api/v1/namespaces/a', 'get  v1 a namespaces a '],
  ['PUT', '/api/v1/namespaces/a/finalize', 'update  v1 a namespaces a finalize'],
  ['GET', '/api/v1/namespaces/a/pods', 'list  v1 a pods  '],
  ['GET', '/api/v1/namespaces/a/pods/p', 'get  v1 a pods p '],
  ['HEAD', '/api/v1/namespaces/a/pods/p', 'get  v1 a pods p '],
  ['GET', '/api/v1/namespaces/a/pods/p/log', 'get  v1 a pods p log'],
  ['DELETE', '/apis/apps/v1/namespaces/a/deployments', 'deletecollection apps v1 a deployments  '],
  ['DELETE', '/apis/apps/v1/namespaces/a/deployments/d', 'delete apps v1 a deployments d '],
  ['GET', '/api/v1/watch/namespaces/a/pods', 'watch  v1 a pods  '],
  ['GET', '/api/v1/nodes/n%20m', 'get  v1  nodes n m '],
  ['GET', '/api/v1/pods?watch=FALSE', 'list  v1  pods  '],
  ['GET', '/api/v1/namespaces/a/pods/p?watch=1', 'get  v1 a pods p '],
  ['GET', '/api/v1/pods?fieldSelector=metadata.name%3Dx', 'list  v1  pods x '],
  ['GET', '/api/v1/pods?watch=1&fieldSelector=metadata.name%3Dx', 'watch  v1  pods x '],
  ['GET', '/api/v1/pods?fieldSelector=metadata.name%3Dx%2Fy', 'list  v1  pods  '],
  ['DELETE', '/api/v1/nodes?fieldSelector=metadata.name%3Dx', 'deletecollection  v1  nodes  '],
  [
    'PATCH',
    '/apis/apps/v1/namespaces/a/deployments/d/scale',
    'patch apps v1 a deployments d scale',
  ],
];

t.test('resource paths', (t) => {
  for (const [method, url, expected] of cases) {
    const info = parseRequest(method, url);
    const shown =
      info &&
      [
        info.verb,
        info.group,
        info.version,
        info.namespace,
        info.resource,
        info.name,
        info.subresource,
      ].join(' ');
    t.equal(shown, expected, `${method} ${url}`);
  }
  t.end();
});

t.test('other paths', (t) => {
  for (const url of ['/api', '/apis', '/apis/apps', '/apis/apps/v1', '/api/v1', '/version', '/']) {
    t.equal(parseRequest('GET', url)?.isResource, false, url);
  }
  t.equal(parseRequest('GET', '/api/v1/pods/%zz'), undefined, 'a bad escape');
  t.equal(parseRequest('GET', `/${'a'.repeat(70_000)}`), undefined, 'too long');
  const proxy = parseRequest('GET', '/api/v1/namespaces/a/services/http:s:80/proxy/x%2Fy/z?q=1');
  t.equal(proxy?.rawTail, '/x%2Fy/z');
  t.equal(proxy?.rawQuery, 'q=1');
  t.end();
});
