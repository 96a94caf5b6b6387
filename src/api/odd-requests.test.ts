// What a fuzzer found: paths, methods, queries and their order, each with the answer that Kubernetes gives.
import t from 'tap';
import { testApi } from './api.fixture.ts';
import { addBasics, checkAll, core, maps, type Odd, patch } from './odd-requests.fixture.ts';

const test = await testApi();
t.teardown(() => test.api.close());
await addBasics(test);

function table(name: string, rows: readonly Odd[]): void {
  t.test(name, (t) => checkAll(t, test, rows));
}

table('what comes first when several things are wrong', [
  {
    what: 'the media type, then the options',
    method: 'POST',
    url: `${maps}?dryRun=x`,
    body: '{',
    headers: { 'content-type': 'text/plain' },
    status: 415,
  },
  {
    what: 'parameters that are none',
    method: 'POST',
    url: maps,
    body: {},
    headers: { 'content-type': 'application/json;;=' },
    status: 415,
  },
  {
    what: 'the options, then the body',
    method: 'POST',
    url: `${maps}?dryRun=x&fieldManager=a%07b`,
    body: '{',
    status: 422,
    message:
      /\[fieldManager: Invalid value: "a.*": invalid character U\+0007 \(at position 1\), dryRun/,
  },
  {
    what: 'the object that is not there, then the patch',
    method: 'PATCH',
    url: `${maps}/none`,
    body: '{',
    headers: patch('json-patch+json'),
    status: 404,
  },
  {
    what: 'what a patch may say, all at once',
    method: 'PATCH',
    url: `${maps}/a?force=true&dryRun=x`,
    body: '{}',
    headers: patch('merge-patch+json'),
    status: 422,
    message: /\[force: Forbidden: .*, dryRun: Unsupported value: \["x"\]/,
  },
  {
    what: 'the path, then what is accepted',
    url: '/api/v1/nothing',
    headers: { accept: 'text/html' },
    status: 404,
  },
]);

table('paths and queries', [
  { what: 'an escape that means nothing', url: `${maps}/%zz`, status: 400 },
  { what: 'bytes that are no text', url: `${maps}/%ff`, status: 404 },
  { what: 'a zero byte', url: `${maps}/%00`, status: 404 },
  { what: 'HEAD of a resource', method: 'HEAD', url: maps, status: 405 },
  { what: 'a pair with a bad escape is passed over', url: `${maps}?limit=%zz`, status: 200 },
  {
    what: 'a number that is empty',
    url: `${maps}?limit=`,
    status: 400,
    message: /strconv.ParseInt: parsing "": invalid syntax/,
  },
  {
    what: 'a number past 64 bits',
    url: `${maps}?limit=9223372036854775808`,
    status: 400,
    message: /value out of range/,
  },
  {
    what: 'a policy that is empty',
    method: 'DELETE',
    url: `${maps}/none?propagationPolicy=`,
    status: 422,
    message: /supported values: "Foreground", "Background", "Orphan", "nil"/,
  },
]);

table('versions and methods', [
  { what: 'a get of no version', url: `${maps}/a?resourceVersion=x`, status: 500 },
  { what: 'a slash in a name', url: `${maps}/a%2fb`, status: 404 },
  {
    what: 'a continue token for a watch that starts anew',
    url: `${maps}?watch=1&continue=x`,
    status: 422,
    message: /forbidden when continue is provided/,
  },
  { what: 'a limit for a watch', url: `${maps}?watch=1&limit=x`, status: 400 },
  { what: 'a timeout for a list', url: `${maps}?timeoutSeconds=x`, status: 400 },
  {
    what: 'a method that a stream has not',
    method: 'PATCH',
    url: `${core}/pods/a/exec`,
    status: 405,
  },
  {
    what: 'a version that is none, on create',
    method: 'POST',
    url: maps,
    body: { metadata: { name: 'b', resourceVersion: 'x' } },
    status: 201,
  },
  {
    what: 'a version on create, and something else',
    method: 'POST',
    url: maps,
    body: { metadata: { name: 'B', resourceVersion: '1' } },
    status: 422,
  },
  {
    what: 'a version on create',
    method: 'POST',
    url: maps,
    body: { metadata: { name: 'c', resourceVersion: '1' } },
    status: 500,
    message: /^resourceVersion should not be set on objects to be created$/,
  },
  {
    what: 'replacing endpoints that are not there',
    method: 'PUT',
    url: `${core}/endpoints/e`,
    body: { metadata: { name: 'e' } },
    status: 201,
  },
  {
    what: 'options in the body: those of the query do not count',
    method: 'DELETE',
    url: `${maps}/b?dryRun=x`,
    body: { apiVersion: 'v1', kind: 'DeleteOptions' },
    status: 200,
  },
]);

const noPath = /^the server could not find the requested resource$/;
const noMethod = /^the server does not allow this method on the requested resource$/;
const account = `${core}/serviceaccounts/default`;
const scaled = '/apis/apps/v1/namespaces/default/deployments/a/scale';

table('a path that is none is not found, one without the method does not allow it', [
  { what: 'a token is only made', url: `${account}/token`, status: 405, message: noMethod },
  {
    what: 'not replaced',
    method: 'PUT',
    url: `${account}/token`,
    body: {},
    status: 405,
    message: noMethod,
  },
  { what: 'an eviction is not read', url: `${core}/pods/a/eviction`, status: 405 },
  { what: 'nor a binding', url: `${core}/pods/a/binding`, status: 405, message: noMethod },
  { what: 'nor one below its collection', url: `${core}/bindings/a`, status: 404, message: noPath },
  { what: 'a log is not made', method: 'POST', url: `${core}/pods/a/log`, body: {}, status: 405 },
  { what: 'HEAD of a log', method: 'HEAD', url: `${core}/pods/a/log`, status: 405 },
  { what: 'below a log', url: `${core}/pods/a/log/x`, status: 404, message: noPath },
  { what: 'a log of no namespace', url: '/api/v1/pods/a/log', status: 404, message: noPath },
  { what: 'a scale is not deleted', method: 'DELETE', url: scaled, status: 405, message: noMethod },
  { what: 'below a scale', url: `${scaled}/x`, status: 404, message: noPath },
  {
    what: 'a scale of no namespace',
    url: '/apis/apps/v1/deployments/a/scale',
    status: 404,
    message: noPath,
  },
  { what: 'a scale of what has none', url: `${core}/pods/a/scale`, status: 404, message: noPath },
  {
    what: 'what has no namespace, in one',
    url: `${core}/nodes/default`,
    status: 404,
    message: noPath,
  },
  {
    what: 'below a review',
    method: 'POST',
    url: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews/a',
    body: {},
    status: 404,
    message: noPath,
  },
  { what: 'a watch that is posted', method: 'POST', url: '/api/v1/watch/pods', status: 405 },
  { what: 'a named object is not watched', url: `${maps}/a?watch=1`, status: 200 },
]);
