// DNS as clients see it: real queries over UDP and TCP against a zone with every kind of Service.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DecodedPacket, decode, encode, type Packet } from 'dns-packet';
import t from 'tap';
import { ObjectStore } from '../../client/object-store.ts';
import { systemClock } from '../../clock.ts';
import { silentLogger } from '../../logger.ts';
import type { EndpointSlice, Namespace, Service } from '../../objects.ts';
import { seededRandom } from '../../random.ts';
import { rangeMatcher } from '../network/addresses.ts';
import { createResolver } from './resolver.ts';
import { startDnsServer } from './server.ts';
import { createUpstream, framed } from './upstream.ts';
import { serviceIndexers, sliceIndexers, Zone } from './zone.ts';

const services = new ObjectStore<Service>(serviceIndexers);
const slices = new ObjectStore<EndpointSlice>(sliceIndexers);
const namespaces = new ObjectStore<Namespace>();
namespaces.set('default', { metadata: { name: 'default' } });

function addService(name: string, spec: NonNullable<Service['spec']>): void {
  services.set(`default/${name}`, { metadata: { name, namespace: 'default' }, spec });
}

addService('web', {
  clusterIP: '10.96.0.20',
  ports: [
    { name: 'http', port: 80, protocol: 'TCP' },
    { name: 'metrics', port: 9090, protocol: 'TCP' },
  ],
});
addService('db', { clusterIP: 'None', ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }] });
addService('idle', { clusterIP: 'None', ports: [{ port: 1 }] });
addService('alias', { type: 'ExternalName', externalName: 'web.default.svc.cluster.local' });
addService('outside', { type: 'ExternalName', externalName: 'example.com' });
addService('many', { clusterIP: 'None', ports: [{ port: 1 }] });
slices.set('default/db-1', {
  metadata: {
    name: 'db-1',
    namespace: 'default',
    labels: { 'kubernetes.io/service-name': 'db' },
  },
  addressType: 'IPv4',
  ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
  endpoints: [
    { addresses: ['10.78.0.5'], hostname: 'db-0', conditions: { ready: true } },
    { addresses: ['10.78.0.6'], conditions: { ready: true } },
    { addresses: ['10.78.0.7'], hostname: 'db-2', conditions: { ready: false } },
  ],
});
slices.set('default/many-1', {
  metadata: { namespace: 'default', labels: { 'kubernetes.io/service-name': 'many' } },
  addressType: 'IPv4',
  ports: [{ port: 1 }],
  endpoints: Array.from({ length: 60 }, (_, i) => ({ addresses: [`10.78.1.${i}`] })),
});

// The upstream: answers every name with one address.
const upstreamSocket = createSocket('udp4');
upstreamSocket.on('message', (bytes, peer) => {
  const { id, questions } = decode(bytes);
  const name = questions?.[0]?.name ?? '';
  const answers = [{ type: 'A', name, ttl: 5, data: '203.0.113.9' } as const];
  const reply: Packet = { type: 'response', id: id ?? 0, questions: questions ?? [], answers };
  upstreamSocket.send(encode(reply), peer.port, peer.address);
});
upstreamSocket.bind(0, '127.0.0.1');
await once(upstreamSocket, 'listening');
t.teardown(() => upstreamSocket.close());
const folder = await mkdtemp(join(tmpdir(), 'coracle-dns-'));
t.teardown(() => rm(folder, { recursive: true }));
const resolvConf = join(folder, 'resolv.conf');
await writeFile(resolvConf, 'nameserver 127.0.0.1\n');

const zone = new Zone({
  domain: 'cluster.local',
  ttl: 30,
  services,
  slices,
  namespaces,
  isClusterAddress: rangeMatcher(['10.78.0.0/16', '10.96.0.0/16']),
});

async function serve(upstreamPort: number) {
  const upstream = createUpstream({
    clock: systemClock,
    resolvConf,
    isOwn: () => false,
    port: upstreamPort,
  });
  const random = seededRandom(1);
  const resolve = createResolver({ zone, upstream, random, hasSynced: () => true });
  const options = { addresses: ['127.0.0.1'], port: 0, resolve, logger: silentLogger };
  const server = await startDnsServer(options);
  t.teardown(() => server.stop());
  return server.port;
}
const port = await serve(upstreamSocket.address().port);

async function sendUdp(bytes: Buffer, to = port): Promise<Buffer> {
  const socket = createSocket('udp4');
  socket.send(bytes, to, '127.0.0.1');
  const [answer] = (await once(socket, 'message')) as [Buffer];
  socket.close();
  return answer;
}

function query(name: string, type: string, payload?: number): Buffer {
  return encode({
    type: 'query',
    id: 77,
    questions: [{ name, type: type as 'A', class: 'IN' }],
    ...(payload === undefined
      ? {}
      : { additionals: [{ type: 'OPT', name: '.', udpPayloadSize: payload } as never] }),
  });
}

async function ask(name: string, type = 'A'): Promise<DecodedPacket & { rcode: string }> {
  return decode(await sendUdp(query(name, type, 4096))) as DecodedPacket & { rcode: string };
}

const data = ({ answers = [] }: DecodedPacket) =>
  answers.map((answer) => ('data' in answer ? answer.data : undefined));

t.test('names of Services', async (t) => {
  const web = await ask('web.default.svc.cluster.local');
  t.same(data(web), ['10.96.0.20']);
  t.match(web, { rcode: 'NOERROR', flag_aa: true, answers: [{ ttl: 30 }] });
  const odd = await ask('WeB.default.SVC.cluster.local');
  t.match(odd.answers, [{ name: 'WeB.default.SVC.cluster.local', data: '10.96.0.20' }]);
  const headless = data(await ask('db.default.svc.cluster.local'));
  t.same(new Set(headless), new Set(['10.78.0.5', '10.78.0.6']));
  t.same(data(await ask('db-0.db.default.svc.cluster.local')), ['10.78.0.5']);
  t.same(data(await ask('10-78-0-6.db.default.svc.cluster.local')), ['10.78.0.6']);
  const alias = await ask('alias.default.svc.cluster.local');
  t.same(data(alias), ['web.default.svc.cluster.local', '10.96.0.20']);
  t.same(data(await ask('outside.default.svc.cluster.local')), ['example.com', '203.0.113.9']);
  t.same(data(await ask('10-78-0-9.default.pod.cluster.local')), ['10.78.0.9']);
});

t.test('a name that is there without such a record is no error; one that is not, is', async (t) => {
  const none: [string, string, string][] = [
    ['web.default.svc.cluster.local', 'AAAA', 'NOERROR'],
    ['web.default.svc.cluster.local', 'MX', 'NOERROR'],
    ['web.default.svc.cluster.local', 'UNKNOWN_65', 'NOERROR'],
    ['default.svc.cluster.local', 'A', 'NOERROR'],
    ['svc.cluster.local', 'A', 'NOERROR'],
    ['cluster.local', 'A', 'NOERROR'],
    ['nothing.default.svc.cluster.local', 'A', 'NXDOMAIN'],
    ['idle.default.svc.cluster.local', 'A', 'NXDOMAIN'],
    ['db-2.db.default.svc.cluster.local', 'A', 'NXDOMAIN'],
    ['web.nowhere.svc.cluster.local', 'A', 'NXDOMAIN'],
    ['web.default.svc.cluster.local.default.svc.cluster.local', 'A', 'NXDOMAIN'],
    ['example.com.cluster.local', 'A', 'NXDOMAIN'],
    ['x.default.pod.cluster.local', 'A', 'NXDOMAIN'],
    ['1.0.96.10.in-addr.arpa', 'PTR', 'NXDOMAIN'],
    ['_ftp._tcp.web.default.svc.cluster.local', 'SRV', 'NXDOMAIN'],
  ];
  for (const [name, type, rcode] of none) {
    const answer = await ask(name, type);
    t.equal(answer.rcode, rcode, `${name} ${type}`);
    t.same(answer.answers, []);
    t.match(answer.authorities, [{ type: 'SOA', name: 'cluster.local' }]);
  }
});

t.test('SRV and PTR', async (t) => {
  const one = await ask('_http._tcp.web.default.svc.cluster.local', 'SRV');
  const target = 'web.default.svc.cluster.local';
  t.match(data(one), [{ priority: 0, weight: 100, port: 80, target }]);
  t.match(one.additionals, [{ type: 'A', name: target, data: '10.96.0.20' }]);
  t.equal((await ask('web.default.svc.cluster.local', 'SRV')).answers?.length, 2);
  const pods = data(await ask('_sql._tcp.db.default.svc.cluster.local', 'SRV'));
  t.match(
    new Set(pods.map((each) => (each as { target: string }).target)),
    new Set(['db-0.db.default.svc.cluster.local', '10-78-0-6.db.default.svc.cluster.local']),
  );
  t.same(data(await ask('20.0.96.10.in-addr.arpa', 'PTR')), [target]);
  t.same(data(await ask('5.0.78.10.in-addr.arpa', 'PTR')), ['db-0.db.default.svc.cluster.local']);
});

t.test('what does not fit is truncated over UDP and whole over TCP', async (t) => {
  const name = 'many.default.svc.cluster.local';
  const small = await sendUdp(query(name, 'A'));
  t.ok(small.length <= 512);
  t.equal(decode(small).flag_tc, true);
  t.equal((await ask(name)).answers?.length, 60);
  const socket = connect(port, '127.0.0.1');
  const both = [query(name, 'A'), query('web.default.svc.cluster.local', 'A')];
  // Two in one piece, then half of a third that never comes: each whole one is answered.
  socket.write(Buffer.concat([...both.map(framed), Buffer.from([0, 99, 1])]));
  let received = Buffer.alloc(0);
  const found: number[] = [];
  while (found.length < 2) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    received = Buffer.concat([received, chunk]);
    while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
      const end = 2 + received.readUInt16BE(0);
      found.push(decode(received.subarray(2, end)).answers?.length ?? 0);
      received = received.subarray(end);
    }
  }
  t.same(found.sort(), [1, 60]);
  socket.destroy();
});

t.test('other names go upstream; without one they fail at once', async (t) => {
  t.same(data(await ask('example.org')), ['203.0.113.9']);
  const alone = await serve(9);
  const answer = decode(await sendUdp(query('example.org', 'A'), alone));
  t.equal((answer as unknown as { rcode: string }).rcode, 'SERVFAIL');
  const inside = decode(await sendUdp(query('web.default.svc.cluster.local', 'A'), alone));
  t.same(data(inside), ['10.96.0.20']);
});

t.test('bad messages get an error or silence, and the server goes on', async (t) => {
  const broken = query('web.default.svc.cluster.local', 'A').subarray(0, 20);
  t.equal((decode(await sendUdp(broken)) as unknown as { rcode: string }).rcode, 'FORMERR');
  const update = query('cluster.local', 'SOA');
  update.writeUInt16BE(5 << 11, 2);
  t.equal((await sendUdp(update)).readUInt16BE(2) & 0xf, 4);
  const silent = createSocket('udp4');
  silent.send(Buffer.from([1, 2, 3]), port, '127.0.0.1');
  const response = query('web.default.svc.cluster.local', 'A');
  response.writeUInt16BE(0x8000, 2);
  silent.send(response, port, '127.0.0.1');
  t.equal((await ask('web.default.svc.cluster.local')).rcode, 'NOERROR');
  silent.close();
});
