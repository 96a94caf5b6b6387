// Bad input against the whole API: each gets Kubernetes' own error, and nothing changes.
import t from 'tap';
import { testApi } from './api.fixture.ts';

const { api, call } = await testApi();
t.teardown(() => api.close());
// The test ends only when its answers are there, real timers (3 s for a future revision) included.
const alive = setInterval(() => undefined, 1000);
t.teardown(() => clearInterval(alive));

const core = '/api/v1/namespaces/default';
const maps = `${core}/configmaps`;
const a = `${maps}/a`;
await call('POST', `${core}/serviceaccounts`, { metadata: { name: 'default' } });
await call('POST', maps, { metadata: { name: 'a' }, data: { k: 'v' } });
const before = (await call('GET', maps)).body;

interface Case {
  readonly method?: string;
  readonly url?: string;
  readonly body?: unknown;
  readonly type?: string;
  readonly status: number;
  readonly reason?: string;
  readonly message: RegExp;
}

function table(name: string, common: Partial<Case>, cases: readonly Case[]): void {
  t.test(name, async (t) => {
    for (const each of cases) {
      const {
        method = 'POST',
        url = maps,
        body,
        type,
        status,
        reason,
        message,
      } = {
        ...common,
        ...each,
      };
      const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type };
      const answer = await call(method, url, body, headers);
      const what = `${method} ${url} ${JSON.stringify(body)?.slice(0, 60)}`;
      t.equal(answer.status, status, what);
      t.match(answer.body.message, message, what);
      if (reason !== undefined) t.equal(answer.body.reason, reason, what);
      t.equal(answer.body.code, status, what);
    }
    t.same((await call('GET', maps)).body, before, 'nothing has changed');
  });
}

const pod = (spec: string) =>
  `{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}],${spec}}}`;
const invalid = { status: 422, reason: 'Invalid' } as const;
const bad = { status: 400, reason: 'BadRequest' } as const;

table('bodies', {}, [
  { body: '{', ...bad, message: /json parse error: unexpected end of JSON input/ },
  { body: '[]', ...bad, message: /cannot unmarshal array into Go value/ },
  { body: '', ...bad, message: /unexpected end of JSON input/ },
  { body: 'a: [', type: 'application/yaml', ...bad, message: /yaml: line 1/ },
  { body: 'a:\n\tb: c', type: 'application/yaml', ...bad, message: /yaml: line 2/ },
  { body: '{}', type: 'text/plain', status: 415, message: /accepted media types include/ },
  {
    body: 'x'.repeat(3 * 1024 * 1024 + 1),
    status: 413,
    reason: 'RequestEntityTooLarge',
    message: /limit is 3145728/,
  },
  {
    body: { metadata: { name: 'b' }, data: { k: 1 } },
    ...bad,
    message: /cannot unmarshal number into Go struct field ConfigMap.data of type string/,
  },
  { body: { metadata: { name: 'b' }, data: [] }, ...bad, message: /cannot unmarshal array/ },
  {
    url: `${maps}?fieldValidation=Strict`,
    body: '{"metadata":{"name":"b","name":"c"},"dta":{}}',
    ...bad,
    message: /strict decoding error: duplicate field "metadata.name", unknown field "dta"/,
  },
  {
    body: { apiVersion: 'v1', kind: 'Unicorn', metadata: { name: 'b' } },
    ...bad,
    message: /no kind "Unicorn" is registered for version "v1"/,
  },
  {
    body: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'b' } },
    ...bad,
    message: /Pod in version "v1" cannot be handled as a ConfigMap/,
  },
  {
    url: `${core}/pods`,
    body: pod('"activeDeadlineSeconds":9007199254740993'),
    ...invalid,
    message: /Invalid value: 9007199254740993: must be between 1 and 2147483647/,
  },
  {
    url: `${core}/pods`,
    body: pod('"activeDeadlineSeconds":99999999999999999999'),
    ...bad,
    message: /cannot unmarshal number 99999999999999999999 into Go struct field/,
  },
  {
    url: `${core}/pods`,
    body: pod('"activeDeadlineSeconds":1.5'),
    ...bad,
    message: /cannot unmarshal number 1.5 into Go struct field .* of type int64/,
  },
]);

table('names and metadata', {}, [
  { body: { metadata: { name: 'X_' } }, ...invalid, message: /RFC 1123 subdomain/ },
  { body: { metadata: {} }, ...invalid, message: /name or generateName is required/ },
  { body: { metadata: { name: 'a'.repeat(254) } }, ...invalid, message: /no more than 253/ },
  {
    body: { metadata: { name: 'b', labels: { 'x y': '1' } } },
    ...invalid,
    message: /metadata.labels: Invalid value: "x y"/,
  },
  {
    body: { metadata: { name: 'b', namespace: 'other' } },
    ...bad,
    message: /the namespace of the provided object does not match the namespace sent/,
  },
  {
    body: { metadata: { name: 'b', resourceVersion: '5' } },
    status: 500,
    message: /resourceVersion should not be set on objects to be created/,
  },
  {
    url: '/api/v1/namespaces/nowhere/configmaps',
    body: { metadata: { name: 'b' } },
    status: 404,
    reason: 'NotFound',
    message: /namespaces "nowhere" not found/,
  },
  { body: { metadata: { name: 'a' } }, status: 409, message: /configmaps "a" already exists/ },
]);

table('updates and stale revisions', { method: 'PUT', url: a }, [
  { body: { metadata: { name: 'b' } }, ...bad, message: /the name of the object \(b\) does not/ },
  {
    body: { metadata: { name: 'a', resourceVersion: '1' } },
    status: 409,
    reason: 'Conflict',
    message: /the object has been modified; please apply your changes to the latest version/,
  },
  {
    body: { metadata: { name: 'a', uid: 'x' } },
    status: 409,
    message: /Precondition failed: UID in precondition: x/,
  },
  { body: { metadata: { name: 'a', resourceVersion: 'x' } }, status: 500, message: /ParseUint/ },
  { url: `${maps}/none`, body: { metadata: { name: 'none' } }, status: 404, message: /not found/ },
  { url: maps, body: {}, status: 405, message: /does not allow this method/ },
  {
    method: 'DELETE',
    body: { preconditions: { uid: 'x' } },
    status: 409,
    message: /the UID in the precondition \(x\) does not match the UID in record/,
  },
  { method: 'DELETE', body: { propagationPolicy: 'Zap' }, ...invalid, message: /supported values/ },
  { method: 'DELETE', body: '{', ...bad, message: /unexpected end of JSON input/ },
]);

const merge = 'application/merge-patch+json';
const json = 'application/json-patch+json';
const strategic = 'application/strategic-merge-patch+json';
const apply = 'application/apply-patch+yaml';
table('patches', { method: 'PATCH', url: a }, [
  { body: '{', type: merge, ...bad, message: /error decoding patch/ },
  { body: '[]', type: merge, ...bad, message: /map\[string\]interface \{\}/ },
  { body: '{', type: strategic, ...bad, message: /^unexpected end of JSON input$/ },
  {
    body: '{}',
    type: json,
    ...bad,
    message: /cannot unmarshal object into .* \[\]handlers.jsonPatchOp/,
  },
  { body: '[{"op":"zap","path":"/x"}]', type: json, ...invalid, message: /rejected our request/ },
  {
    body: '[{"op":"test","path":"/data/k","value":"w"}]',
    type: json,
    ...invalid,
    message: /rejected our request/,
  },
  {
    body: { data: { $patch: 'zap' } },
    type: strategic,
    status: 500,
    message: /unknown patch type: zap/,
  },
  { body: { data: { k: 1 } }, type: merge, ...invalid, message: /cannot unmarshal number/ },
  { body: { metadata: { name: 'b' } }, type: merge, ...bad, message: /does not match the name/ },
  {
    body: { metadata: { resourceVersion: '1' } },
    type: merge,
    status: 409,
    message: /the object has been modified/,
  },
  { body: '{}', type: 'application/json', status: 415, message: /accepted media types include/ },
  { body: '{}', type: apply, ...invalid, message: /fieldManager: Required value/ },
  {
    url: `${a}?fieldManager=m`,
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, zz: 1 },
    type: apply,
    status: 500,
    message: /\.zz: field not declared in schema/,
  },
  { url: `${a}?force=true`, body: '{}', type: merge, ...invalid, message: /force: Forbidden/ },
]);

table('queries', { method: 'GET' }, [
  {
    url: `${maps}?timeout=soon`,
    ...bad,
    message: /^invalid timeout specified in the request URL - time: invalid duration "soon"$/,
  },
  { url: `${maps}?labelSelector=a%20in%20b`, ...bad, message: /found 'b' expected: '\('/ },
  { url: `${maps}?fieldSelector=a`, ...bad, message: /invalid selector: 'a'/ },
  { url: `${maps}?fieldSelector=a%3Db`, ...bad, message: /not a known field selector/ },
  { url: `${maps}?limit=x`, ...bad, message: /ParseInt: parsing "x"/ },
  { url: `${maps}?continue=x`, ...bad, message: /continue key is not valid/ },
  { url: `${maps}?resourceVersionMatch=Exact`, ...invalid, message: /is forbidden unless/ },
  { url: `${maps}?watch=1&resourceVersion=x`, status: 500, message: /ParseUint/ },
  { url: `${maps}?watch=1&sendInitialEvents=true`, ...invalid, message: /NotOlderThan/ },
  {
    url: `${maps}?resourceVersion=99999999`,
    status: 504,
    reason: 'Timeout',
    message: /Too large resource version: 99999999, current: \d+/,
  },
  { url: `${core}/unicorns`, status: 404, message: /could not find the requested resource/ },
  { url: `${maps}/..%2f..%2fx`, status: 404, message: /could not find/ },
  { url: `${maps}/%2e%2e`, ...bad, message: /may not be '\.\.'/ },
  { url: '/api/v1/%zz', ...bad, message: /malformed/ },
]);

t.test('integers beyond 2^53 survive', async (t) => {
  const big = '9007199254740993';
  const pods = `${core}/pods`;
  const made = await call('POST', pods, pod(`"terminationGracePeriodSeconds":${big}`));
  t.equal(made.status, 201);
  const stored = api.registry.store('', 'pods');
  const patched = await call(
    'PATCH',
    `${pods}/p`,
    { metadata: { labels: { a: 'b' } } },
    { 'content-type': merge },
  );
  t.equal(patched.status, 200);
  const cached = stored?.cache.get(`${stored.prefix}default/p`);
  const text = Buffer.from(cached?.body ?? '').toString();
  t.ok(text.includes(`"terminationGracePeriodSeconds":${big}`));
});
