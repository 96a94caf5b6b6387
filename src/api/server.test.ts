// The API over memory: what each step of a request refuses, and what clients get back.
import t from 'tap';
import { createAuthority, issueCertificate, type KeyPair } from '../certificates.ts';
import { systemClock } from '../clock.ts';
import { adminToken, testApi } from './api.fixture.ts';

const api = await testApi();
const { call } = api;
t.teardown(() => api.api.close());

const configMaps = '/api/v1/namespaces/default/configmaps';

t.test('credentials', async (t) => {
  const none = await call('GET', configMaps, undefined, { authorization: '' });
  t.equal(none.status, 401);
  t.equal(none.body.reason, 'Unauthorized');
  t.equal((await call('GET', '/readyz', undefined, { authorization: '' })).status, 401);
  const joe = { 'impersonate-user': 'joe' };
  const denied = await call('GET', `${configMaps}/x`, undefined, joe);
  t.equal(denied.status, 403);
  t.equal(
    denied.body.message,
    'configmaps "x" is forbidden: User "joe" cannot get resource "configmaps" in API group "" ' +
      'in the namespace "default"',
  );
  const lone = await call('GET', configMaps, undefined, { 'impersonate-group': 'g' });
  t.equal(lone.status, 400);
});

t.test('the verbs of a resource', async (t) => {
  const created = await call('POST', configMaps, { metadata: { name: 'a' }, data: { k: 'v' } });
  t.equal(created.status, 201);
  t.equal(created.body.kind, 'ConfigMap');
  const again = await call('POST', configMaps, { metadata: { name: 'a' } });
  t.equal(again.body.reason, 'AlreadyExists');
  const read = await call('GET', `${configMaps}/a`);
  t.same(read.body, created.body);
  const patched = await call(
    'PATCH',
    `${configMaps}/a`,
    { data: { l: 'w' } },
    { 'content-type': 'application/merge-patch+json' },
  );
  t.same(patched.body.data, { k: 'v', l: 'w' });
  const dry = await call('DELETE', `${configMaps}/a?dryRun=All`);
  t.equal(dry.status, 200);
  t.equal((await call('GET', `${configMaps}/a`)).status, 200);
  const stale = { metadata: { name: 'a', resourceVersion: '1' } };
  t.equal((await call('PUT', `${configMaps}/a`, stale)).body.reason, 'Conflict');
  t.equal((await call('DELETE', `${configMaps}/a`)).body.status, 'Success');
  t.equal((await call('GET', `${configMaps}/a`)).status, 404);
});

t.test('bad input changes nothing and says why', async (t) => {
  const cases: readonly [string, string, unknown, Record<string, string>, number, RegExp][] = [
    ['POST', configMaps, '{', {}, 400, /couldn't get version\/kind; json parse error/],
    ['POST', configMaps, 'x'.repeat(3 * 1024 * 1024 + 1), {}, 413, /limit is 3145728/],
    ['POST', configMaps, '{}', { 'content-type': 'text/plain' }, 415, /accepted media types/],
    ['GET', configMaps, undefined, { accept: 'image/png' }, 406, /^406: Not Acceptable/],
    ['GET', `${configMaps}?labelSelector=%3D%3D`, undefined, {}, 400, /unable to parse|found/],
    ['GET', `${configMaps}/..%2fx`, undefined, {}, 404, /could not find/],
    ['GET', `${configMaps}/%2e%2e`, undefined, {}, 400, /may not be '\.\.'/],
    ['GET', '/api/v1/namespaces/default/unicorns', undefined, {}, 404, /could not find/],
    ['POST', `${configMaps}?dryRun=some`, '{}', {}, 422, /Unsupported value: \["some"\]/],
    ['GET', '/api/v1/%zz', undefined, {}, 400, /malformed/],
  ];
  for (const [method, url, body, headers, status, message] of cases) {
    const answer = await call(method, url, body, headers);
    t.equal(answer.status, status, `${method} ${url}`);
    t.match(answer.body.message, message);
    t.equal(answer.body.kind, 'Status');
  }
  for (const url of ['/nothing', '/apis/nothing', '/apis/nothing/v1/things']) {
    t.match(await call('GET', url), { status: 404, body: '404 page not found\n' });
  }
});

interface Discovered {
  readonly resources: readonly { readonly name: string; readonly storageVersionHash?: string }[];
}

t.test('discovery and plain paths', async (t) => {
  const groups = await call('GET', '/apis', undefined, {
    accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
  });
  t.equal(groups.body.kind, 'APIGroupDiscoveryList');
  const etag = String(groups.headers.etag);
  const same = await call('GET', '/apis', undefined, {
    accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
    'if-none-match': etag,
  });
  t.equal(same.status, 304);
  t.equal((await call('GET', '/api/v1')).body.kind, 'APIResourceList');
  for (const path of ['/api', '/apis', '/api/v1', '/apis/apps', '/apis/apps/v1']) {
    t.same((await call('GET', `${path}/`)).body, (await call('GET', path)).body, `${path}/`);
  }
  t.match((await call('GET', '/api')).body, {
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: '192.0.2.1:6443' }],
  });
  const hashes = async (path: string) => {
    const { resources } = (await call('GET', path)).body as unknown as Discovered;
    return new Map(resources.map((each) => [each.name, each.storageVersionHash]));
  };
  const core = await hashes('/api/v1');
  t.equal(core.get('configmaps'), 'qFsyl6wFWjQ=');
  t.equal(core.get('pods/status'), undefined);
  t.equal(core.get('bindings'), undefined);
  // Both are stored in another group or version than they are asked for in.
  t.equal((await hashes('/apis/events.k8s.io/v1')).get('events'), 'r2yiGXH7wu8=');
  const scalers = await hashes('/apis/autoscaling/v1');
  t.equal(scalers.get('horizontalpodautoscalers'), 'qwQve8ut294=');
  t.equal((await call('GET', '/version')).body.minor, '36');
  t.match(String((await call('GET', '/readyz?verbose')).body), /readyz check passed/);
  t.match(String((await call('GET', '/metrics')).body), /apiserver_request_total\{/);
  t.equal((await call('GET', '/openid/v1/jwks')).status, 200);
});

t.test('each narrow door to a pod counts a changed spec as a generation', async (t) => {
  const pods = '/api/v1/namespaces/kube-public/pods';
  await call('POST', '/api/v1/namespaces/kube-public/serviceaccounts', {
    metadata: { name: 'default' },
  });
  const containers = [{ name: 'c', image: 'i', resources: { requests: { cpu: '1' } } }];
  const made = await call('POST', pods, { metadata: { name: 'p' }, spec: { containers } });
  t.equal(made.body.metadata?.generation, 1);
  const patch = { 'content-type': 'application/strategic-merge-patch+json' };
  const door = async (name: string, spec: object) =>
    (await call('PATCH', `${pods}/p/${name}`, { spec }, patch)).body.metadata?.generation;
  const ephemeralContainers = [{ name: 'e', image: 'i' }];
  t.equal(await door('ephemeralcontainers', { ephemeralContainers }), 2);
  t.equal(await door('ephemeralcontainers', { ephemeralContainers }), 2, 'nothing has changed');
  const more = [{ name: 'c', resources: { requests: { cpu: '2' } } }];
  t.equal(await door('resize', { containers: more }), 3);
});

t.test('tokens and reviews', async (t) => {
  const accounts = '/api/v1/namespaces/kube-system/serviceaccounts';
  await call('POST', accounts, { metadata: { name: 'robot' } });
  const request = { spec: { expirationSeconds: 600, audiences: [] } };
  const issued = await call('POST', `${accounts}/robot/token`, request);
  t.equal(issued.status, 201);
  const token = String(issued.body.status?.token);
  const robot = { authorization: `Bearer ${token}` };
  const who = await call('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {}, robot);
  t.equal(who.body.status?.userInfo?.username, 'system:serviceaccount:kube-system:robot');
  t.same(Object.keys(who.body.metadata ?? {}), ['creationTimestamp']);
  const review = await call('POST', '/apis/authentication.k8s.io/v1/tokenreviews', {
    spec: { token },
  });
  t.equal(review.body.status?.authenticated, true);
  const access = await call('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
    spec: { user: 'joe', resourceAttributes: { verb: 'get', resource: 'pods' } },
  });
  t.equal(access.body.status?.allowed, false);
  await call('DELETE', `${accounts}/robot`);
  await api.api.registry.store('', 'serviceaccounts')?.cache.consistent();
  t.equal(
    (await call('GET', configMaps, undefined, robot)).status,
    401,
    'it dies with its account',
  );
});

t.test('a namespace ends in its own way', async (t) => {
  const { body } = await call('POST', '/api/v1/namespaces', { metadata: { name: 'ending' } });
  const url = '/api/v1/namespaces/ending';
  for (const [precondition, what] of [
    ['uid', 'UID'],
    ['resourceVersion', 'ResourceVersion'],
  ]) {
    const refused = await call('DELETE', url, { preconditions: { [precondition ?? '']: 'x' } });
    t.equal(
      refused.body.message,
      'Operation cannot be fulfilled on namespaces "ending": Precondition failed: ' +
        `${what} in precondition: x, ${what} in object meta: ` +
        body.metadata?.[precondition ?? ''],
    );
  }
  const first = await call('DELETE', url);
  t.equal(first.body.status?.phase, 'Terminating');
  t.equal(first.body.metadata?.deletionGracePeriodSeconds, undefined, 'nothing is said of grace');
  t.same((await call('DELETE', url)).body, first.body, 'another deletion changes nothing');
});

t.test('a pod is bound once', async (t) => {
  const pods = '/api/v1/namespaces/default/pods';
  await call('POST', '/api/v1/namespaces/default/serviceaccounts', {
    metadata: { name: 'default' },
  });
  const pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  t.equal((await call('POST', pods, pod)).status, 201);
  t.match((await call('GET', `${pods}/p/exec?command=ls&stdout=1`)).body.message, /host assigned/);
  const binding = { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n' } };
  t.equal((await call('POST', `${pods}/p/binding`, binding)).status, 201);
  t.equal((await call('POST', `${pods}/p/binding`, binding)).status, 409);
  t.equal((await call('GET', `${pods}/p`)).body.spec?.nodeName, 'n');
});

t.test('resources come and go while the server runs', async (t) => {
  const { registry } = api.api;
  const found = registry.find('', 'v1', 'configmaps');
  t.ok(found);
  if (found === undefined) return;
  registry.remove(found.served.resource);
  t.equal((await call('GET', configMaps)).status, 404);
  registry.add(found.served.resource);
  t.equal((await call('GET', configMaps)).status, 200);
});

t.test('over sockets', async (t) => {
  const server = await api.listen();
  t.teardown(() => server.close(0));
  const { get } = await import('node:https');
  const port = server.addresses[0]?.port ?? 0;
  const fetchText = (headers: Record<string, string>, identity: Partial<KeyPair> = {}) =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      get(
        {
          host: '127.0.0.1',
          port,
          path: configMaps,
          ca: api.authority.certificate,
          headers,
          agent: false,
          ...(identity.certificate === undefined ? {} : { cert: identity.certificate }),
          ...(identity.key === undefined ? {} : { key: identity.key }),
        },
        (response) => {
          let text = '';
          response.on('data', (chunk) => {
            text += String(chunk);
          });
          response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
        },
      ).on('error', reject);
    });
  t.equal((await fetchText({})).status, 401);
  t.equal((await fetchText({ authorization: `Bearer ${adminToken}` })).status, 200);
  const identityOf = (authority: KeyPair) =>
    issueCertificate(
      authority,
      {
        commonName: 'root',
        organizations: ['system:masters'],
        usages: ['client'],
        durationMs: 3_600_000,
      },
      systemClock,
    );
  t.equal((await fetchText({}, await identityOf(api.authority))).status, 200, 'by certificate');
  const stranger = await createAuthority('stranger', systemClock);
  t.equal((await fetchText({}, await identityOf(stranger))).status, 401, 'of another authority');
  const { connect } = await import('node:http2');
  const session = connect(`https://127.0.0.1:${port}`, { ca: api.authority.certificate });
  t.teardown(() => session.close());
  const status = await new Promise((resolve) => {
    const stream = session.request({
      ':path': configMaps,
      authorization: `Bearer ${adminToken}`,
    });
    stream.on('response', (headers) => resolve(headers[':status']));
    stream.resume();
  });
  t.equal(status, 200);
});
