// Service addresses and node ports against the whole API: given once, kept, given back, repaired.
import t from 'tap';
import { systemClock, VirtualClock } from '../../clock.ts';
import { createMemoryDriver } from '../../storage/memory.ts';
import { type TestApi, type TestBody, testApi } from '../api.fixture.ts';

const services = '/api/v1/namespaces/default/services';
const cidrs = '/apis/networking.k8s.io/v1/servicecidrs';
const addresses = '/apis/networking.k8s.io/v1/ipaddresses';
const patch = { 'content-type': 'application/merge-patch+json' };

function client({ call }: TestApi) {
  return {
    make: (name: string, spec: object, query = '') =>
      call('POST', `${services}${query}`, {
        metadata: { name },
        spec: { ports: [{ port: 80 }], ...spec },
      }),
    change: async (name: string, spec: object, query = '') =>
      call('PATCH', `${services}/${name}${query}`, { spec }, patch),
    addressOf: async (ip: unknown) => call('GET', `${addresses}/${String(ip)}`),
    ips: async () => {
      const { items } = (await call('GET', addresses)).body;
      return (items as unknown as TestBody[]).map(({ metadata }) => String(metadata?.name)).sort();
    },
  };
}

const specOf = ({ body }: { body: TestBody }) => body.spec as unknown as Record<string, unknown>;
const portsOf = ({ body }: { body: TestBody }) =>
  (body.spec?.ports ?? []) as unknown as { nodePort?: number }[];
const portOf = (answer: { body: TestBody }) => portsOf(answer)[0]?.nodePort;

t.test('one family', async (t) => {
  const api = await testApi({ serviceRange: '10.96.0.0/24' });
  t.teardown(() => api.api.close());
  const { call } = api;
  const { make, change, addressOf, ips } = client(api);

  t.match((await call('GET', `${cidrs}/kubernetes`)).body, {
    spec: { cidrs: ['10.96.0.0/24'] },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  });
  t.match((await addressOf('10.96.0.1')).body, {
    metadata: {
      labels: {
        'ipaddress.kubernetes.io/ip-family': 'IPv4',
        'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
      },
    },
    spec: { parentRef: { resource: 'services', namespace: 'default', name: 'kubernetes' } },
  });

  const web = await make('web', {});
  const ip = specOf(web).clusterIP;
  t.match(web.body.spec, { ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack', clusterIPs: [ip] });
  t.ok(Number(String(ip).split('.')[3]) > 16, 'from the upper band');
  t.match((await addressOf(ip)).body.spec, { parentRef: { name: 'web' } });

  const taken = await make('again', { clusterIP: ip });
  t.equal(taken.status, 422);
  t.match(
    taken.body.message,
    `Service "again" is invalid: spec.clusterIPs: Invalid value: ["${ip}"]: failed to allocate ` +
      `IP ${ip}: provided IP is already allocated`,
  );
  const outside = await make('outside', { clusterIP: '10.0.0.1' });
  t.match(outside.body.message, /the provided network does not match the current range/);

  t.equal((await make('web', { clusterIP: '10.96.0.77' })).status, 409, 'the name is taken');
  t.equal((await addressOf('10.96.0.77')).status, 404, 'what was taken for it is free again');
  const refused = await make('bad', { clusterIP: '10.96.0.77', sessionAffinity: 'Some' });
  t.equal(refused.status, 422);
  t.equal((await addressOf('10.96.0.77')).status, 404);

  const dry = await make('dry', { type: 'NodePort' }, '?dryRun=All');
  t.equal(specOf(dry).clusterIP, '10.96.0.0');
  t.ok(portOf(dry));
  t.same(await ips(), ['10.96.0.1', ip].sort(), 'a dry run takes nothing');

  t.equal((await change('web', { clusterIP: '10.96.0.78' })).status, 422);
  const name = await change('web', { type: 'ExternalName', externalName: 'example.com' });
  t.equal(name.status, 200);
  t.notOk(specOf(name).clusterIP ?? specOf(name).ipFamilies ?? specOf(name).internalTrafficPolicy);
  t.equal((await addressOf(ip)).status, 404, 'an ExternalName has no address');
  const back = await change('web', { type: 'ClusterIP', externalName: null });
  t.equal(back.status, 200);
  t.equal((await addressOf(specOf(back).clusterIP)).status, 200);
  await call('DELETE', `${services}/web`);
  t.same(await ips(), ['10.96.0.1'], 'a Service that is gone has no address');

  const headless = await make('none', { clusterIP: 'None', selector: { a: 'b' } });
  t.match(headless.body.spec, { clusterIPs: ['None'], ipFamilies: ['IPv4'] });
  const bare = await make('bare', { clusterIP: 'None' });
  t.match(bare.body.spec, { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack' });
  t.same(await ips(), ['10.96.0.1']);
  const dual = await make('dual', { ipFamilyPolicy: 'RequireDualStack' });
  t.match(dual.body.message, /this cluster is not configured for dual-stack services/);
  const prefer = await make('prefer', { ipFamilyPolicy: 'PreferDualStack' });
  t.match(prefer.body.spec, { ipFamilies: ['IPv4'] });
});

t.test('node ports', async (t) => {
  const api = await testApi();
  t.teardown(() => api.api.close());
  const { call } = api;
  const { make, change } = client(api);
  const ports = [
    { name: 'u', port: 53, protocol: 'UDP' },
    { name: 't', port: 53 },
  ];
  const dns = await make('dns', { type: 'NodePort', ports });
  const [udp, tcp] = portsOf(dns);
  t.equal(udp?.nodePort, tcp?.nodePort, 'one number for both protocols');
  t.ok((udp?.nodePort ?? 0) >= 30086, 'from the upper band');
  const asked = (nodePort: number) => ({ type: 'NodePort', ports: [{ port: 1, nodePort }] });
  const taken = await make('taken', asked(udp?.nodePort ?? 0));
  t.match(taken.body.message, /spec.ports\[0\].nodePort: .*: provided port is already allocated/);
  const low = await make('low', asked(80));
  t.match(
    low.body.message,
    /nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767/,
  );
  const nameless = await call('POST', services, { metadata: {} });
  t.match(
    nameless.body.message,
    /^Service "" is invalid: spec.clusterIPs: Invalid value: \[""\]: failed to allocate IP: IPAddress.networking.k8s.io "[0-9.]+" is invalid: spec.parentRef.name: Required value$/,
  );
  const free = await make('free', asked(30010));
  t.equal(free.status, 201);
  const inside = await change('free', { type: 'ClusterIP' });
  t.notOk(portOf(inside), 'the port leaves with the type');
  t.equal((await make('next', asked(30010))).status, 201, 'and is free');
  await call('DELETE', `${services}/next`);
  t.equal((await make('last', asked(30010))).status, 201);
  const moved = await change('last', { ports: [{ port: 1, nodePort: 30011 }] });
  t.equal(portOf(moved), 30011);
  t.equal((await make('old', asked(30010))).status, 201);

  const balanced = { type: 'LoadBalancer', externalTrafficPolicy: 'Local' };
  const local = await make('local', balanced);
  const health = specOf(local).healthCheckNodePort;
  t.ok(health && health !== portOf(local));
  const again = await make('local2', { ...balanced, healthCheckNodePort: health });
  t.equal(again.status, 500);
  t.match(
    again.body.message,
    /failed to allocate requested HealthCheck NodePort \d+: provided port/,
  );
  const cluster = await change('local', { externalTrafficPolicy: 'Cluster' });
  t.notOk(specOf(cluster).healthCheckNodePort);
  const reused = await make('local2', { ...balanced, healthCheckNodePort: health });
  t.equal(reused.status, 201);
  const quiet = await make('quiet', { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false });
  t.notOk(portOf(quiet));
});

t.test('two families', async (t) => {
  const api = await testApi({ serviceRange: '10.96.0.0/24,fd00:10::/112' });
  t.teardown(() => api.api.close());
  const { call } = api;
  const { make, change, addressOf, ips } = client(api);
  t.match((await call('GET', `${cidrs}/kubernetes`)).body.spec, {
    cidrs: ['10.96.0.0/24', 'fd00:10::/112'],
  });
  const dual = await make('dual', { ipFamilyPolicy: 'PreferDualStack' });
  const both = specOf(dual).clusterIPs as string[];
  t.match(both, [/^10\.96\.0\./, /^fd00:10::/]);
  t.match((await addressOf(both[1])).body.metadata?.labels, {
    'ipaddress.kubernetes.io/ip-family': 'IPv6',
  });
  const half = await change('dual', { clusterIPs: [both[0]] });
  t.match(half.body.message, /must be 'SingleStack' to release the secondary cluster IP/);
  const single = await change('dual', { ipFamilyPolicy: 'SingleStack' });
  t.match(single.body.spec, { clusterIPs: [both[0]], ipFamilies: ['IPv4'] });
  t.equal((await addressOf(both[1])).status, 404);
  const more = await change('dual', { ipFamilyPolicy: 'RequireDualStack' });
  t.equal((specOf(more).clusterIPs as string[]).length, 2);
  const six = await make('six', { ipFamilies: ['IPv6'] });
  t.match(specOf(six).clusterIP, /^fd00:10::/);
  const mixed = await make('mixed', { clusterIP: '10.96.0.9', ipFamilies: ['IPv6'] });
  t.match(mixed.body.message, /expected an IPv6 value as indicated by `ipFamilies\[0\]`/);
  for (const name of ['dual', 'six']) await call('DELETE', `${services}/${name}`);
  t.same(await ips(), ['10.96.0.1']);
});

t.test('more ranges', async (t) => {
  const api = await testApi({ serviceRange: '10.96.0.0/30' });
  t.teardown(() => api.api.close());
  const { call } = api;
  const { make } = client(api);
  t.equal((await make('a', {})).status, 201);
  const full = await make('b', {});
  t.equal(full.status, 500);
  t.match(full.body.message, 'failed to allocate a serviceIP for Service "b": range is full');
  await call('POST', cidrs, { metadata: { name: 'more' }, spec: { cidrs: ['10.97.0.0/30'] } });
  await call('GET', `${cidrs}/more`);
  const next = await make('b', {});
  t.match(specOf(next).clusterIP, /^10\.97\.0\.[12]$/);
  const condition = { type: 'Ready', status: 'False', reason: 'R', message: '' };
  const at = { lastTransitionTime: '2026-01-01T00:00:00Z' };
  const status = { conditions: [{ ...condition, ...at }] };
  await call('PATCH', `${cidrs}/more/status`, { status }, patch);
  await call('GET', `${cidrs}/more`);
  t.equal((await make('c', {})).status, 500, 'nothing is taken from a range that is not ready');
});

t.test('two servers share one store', async (t) => {
  const driver = createMemoryDriver({ clock: systemClock });
  const options = { driver, serviceRange: '10.96.0.0/26' };
  const servers = await Promise.all([testApi(options), testApi(options)]);
  t.teardown(() => servers.forEach(({ api }) => void api.close()));
  const names = Array.from({ length: 40 }, (_, at) => `s${at}`);
  const made = await Promise.all(
    names.map((name, at) => {
      const server = servers[at % 2];
      if (server === undefined) throw new Error('no server');
      return client(server).make(name, { type: 'NodePort' });
    }),
  );
  t.ok(made.every(({ status }) => status === 201));
  t.equal(new Set(made.map((each) => specOf(each).clusterIP)).size, names.length);
  t.equal(new Set(made.map(portOf)).size, names.length);
});

t.test('many change one Service', async (t) => {
  const driver = createMemoryDriver({ clock: systemClock });
  const servers = await Promise.all([testApi({ driver }), testApi({ driver })]);
  t.teardown(() => servers.forEach(({ api }) => void api.close()));
  const [first, second] = servers.map(client);
  if (first === undefined || second === undefined) throw new Error('no server');
  const name = { type: 'ExternalName', externalName: 'example.com' };
  await first.make('web', name);
  const node = { type: 'NodePort', externalName: null };
  for (const wanted of [node, name, node]) {
    const all = Array.from({ length: 10 }, (_, at) =>
      (at % 2 === 0 ? first : second).change('web', wanted),
    );
    t.ok((await Promise.all(all)).every(({ status }) => status === 200));
  }
  const { body } = await servers[0].call('GET', `${services}/web`);
  t.same(
    await first.ips(),
    ['10.96.0.1', specOf({ body }).clusterIP].sort(),
    'nothing is left over',
  );
  const taken = (await driver.range('/registry/ranges/servicenodeports/')).entries;
  t.same(
    taken.map(({ key }) => Number(key.split('/').pop())),
    [portOf({ body })],
  );
});

t.test('repair', async (t) => {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const driver = createMemoryDriver({ clock });
  const api = await testApi({ driver, clock });
  t.teardown(() => api.api.close());
  const { call } = api;
  const { make, addressOf } = client(api);
  const made = await make('web', { type: 'NodePort' });
  const ip = specOf(made).clusterIP;
  await call('DELETE', `${addresses}/${String(ip)}`);
  const orphan = {
    metadata: {
      name: '10.96.3.3',
      labels: {
        'ipaddress.kubernetes.io/ip-family': 'IPv4',
        'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
      },
    },
    spec: { parentRef: { resource: 'services', namespace: 'default', name: 'nobody' } },
  };
  t.equal((await call('POST', addresses, orphan)).status, 201);
  const until = async (ms: number, done: () => Promise<boolean>) => {
    await clock.advance(ms);
    for (;;) {
      if (await done()) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await until(1_000, async () => (await addressOf(ip)).status === 200);
  t.equal((await addressOf('10.96.3.3')).status, 200, 'its Service may be on its way');
  await until(60_000, async () => (await addressOf('10.96.3.3')).status === 404);
  const events = '/apis/events.k8s.io/v1/namespaces/default/events';
  const reasons = async () => {
    const { items } = (await call('GET', events)).body;
    return (items as unknown as TestBody[]).map(({ reason }) => String(reason)).sort();
  };
  await until(0, async () => (await reasons()).length === 2);
  t.same(await reasons(), ['ClusterIPNotAllocated', 'IPAddressNotAllocated']);

  // The next server finds a port that nobody has taken, as after an upgrade.
  const port = portOf(made) ?? 0;
  const key = `/registry/ranges/servicenodeports/${port}`;
  const { entry } = await driver.get(key);
  t.ok((await driver.compareAndSwap(key, entry?.revision ?? 0, undefined)).ok);
  const leak = Buffer.from(JSON.stringify({ namespace: 'default', name: 'gone', uid: 'u' }));
  await driver.compareAndSwap('/registry/ranges/servicenodeports/30003', 0, leak);
  const second = await testApi({ driver, clock });
  t.teardown(() => second.api.close());
  t.ok((await driver.get(key)).entry);
  t.match(await reasons(), ['ClusterIPNotAllocated', 'IPAddressNotAllocated', 'PortNotAllocated']);
  const asked = { type: 'NodePort', ports: [{ port: 1, nodePort: 30003 }] };
  t.equal((await make('left', asked)).status, 422);
  const held = async () => (await driver.get('/registry/ranges/servicenodeports/30003')).entry;
  while ((await held()) !== undefined) {
    await clock.advance(180_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.equal((await make('left', asked)).status, 201);
});
