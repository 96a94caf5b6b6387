// Proxies to nodes, pods and Services, through an agent that tunnels as a real one does.
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import type { TLSSocket } from 'node:tls';
import t from 'tap';
import { createAuthority, issueCertificate } from '../../certificates.ts';
import { systemClock } from '../../clock.ts';
import { testApi } from '../api.fixture.ts';
import { createNodeDialer } from '../node-dialer.ts';

const day = 86_400_000;
const authority = await createAuthority('proxy-test', systemClock);
const serving = await issueCertificate(
  authority,
  { commonName: 'node', ipAddresses: ['127.0.0.1'], usages: ['server'], durationMs: day },
  systemClock,
);
const identity = await issueCertificate(
  authority,
  { commonName: 'server', organizations: ['x'], usages: ['client'], durationMs: day },
  systemClock,
);

/** What a pod serves: its request told back, a page, or a redirect. */
const workload = createServer((request, response) => {
  if (request.url === '/page') {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    return response.end('<p><a href="/rewriteme">x</a> <img src="rel.png"> <a href="//h/y"></p>');
  }
  if (request.url === '/moved') {
    response.writeHead(302, { location: '/there/' });
    return response.end();
  }
  let body = '';
  request.on('data', (chunk) => {
    body += String(chunk);
  });
  request.on('end', () => {
    const { method, url, headers } = request;
    const told = { method, url, body, host: headers.host, uri: headers['x-forwarded-uri'] };
    response.setHeader('x-authorization', String(headers.authorization));
    response.end(JSON.stringify(told));
  });
  return undefined;
});
await new Promise<void>((resolve) => void workload.listen(0, '127.0.0.1', resolve));

const tunnelled: string[] = [];
const agent = createHttpsServer(
  {
    cert: serving.certificate,
    key: serving.key,
    ca: authority.certificate,
    requestCert: true,
    rejectUnauthorized: true,
  },
  (request, response) => void response.end(`agent ${request.url}`),
);
agent.on('connect', (request: IncomingMessage, socket: TLSSocket) => {
  tunnelled.push(`${socket.getPeerCertificate().subject.CN} ${request.url}`);
  if (request.url === '10.9.9.9:81') return void socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
  const far = connect((workload.address() as AddressInfo).port, '127.0.0.1', () => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    far.pipe(socket).pipe(far);
  });
  far.on('error', () => socket.destroy());
  socket.on('error', () => far.destroy());
});
await new Promise<void>((resolve) => void agent.listen(0, '127.0.0.1', resolve));

const { certificate, key } = identity;
const dialer = createNodeDialer({ authority: authority.certificate, certificate, key });
const { api, call } = await testApi({ dialer });
t.teardown(() => {
  api.close();
  dialer.close();
  agent.closeAllConnections();
  agent.close();
  workload.closeAllConnections();
  workload.close();
});

const core = '/api/v1/namespaces/default';
await call('POST', '/api/v1/nodes', { metadata: { name: 'n' } });
await call('PUT', '/api/v1/nodes/n/status', {
  metadata: { name: 'n' },
  status: {
    addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
    daemonEndpoints: { kubeletEndpoint: { Port: (agent.address() as AddressInfo).port } },
  },
});
await call('POST', `${core}/serviceaccounts`, { metadata: { name: 'default' } });
await call('POST', `${core}/pods`, {
  metadata: { name: 'p' },
  spec: {
    nodeName: 'n',
    containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 8080 }] }],
  },
});
await call('POST', `${core}/services`, {
  metadata: { name: 's' },
  spec: { ports: [{ name: 'web', port: 80 }] },
});
const podAddress = (podIP: string) =>
  call(
    'PATCH',
    `${core}/pods/p/status`,
    { status: { phase: 'Running', podIP, podIPs: [{ ip: podIP }] } },
    { 'content-type': 'application/merge-patch+json' },
  );

t.test('a pod, by its declared port, with method, body and query', async (t) => {
  t.equal((await call('GET', `${core}/pods/p/proxy/`)).body.message, 'address not allowed');
  await podAddress('127.0.0.1');
  t.equal((await call('GET', `${core}/pods/p/proxy/`)).body.message, 'address not allowed');
  await podAddress('10.9.9.9');
  const answer = await call('POST', `${core}/pods/p/proxy/a%2Fb/?c=d`, { some: 'body' });
  t.same(answer.body, {
    method: 'POST',
    url: '/a%2Fb/?c=d',
    body: '{"some":"body"}',
    host: '10.9.9.9:8080',
    uri: `${core}/pods/p/proxy/a%2Fb/`,
  });
  t.equal(answer.headers['x-authorization'], 'undefined', 'the token stays here');
  t.equal(tunnelled.at(-1), 'server 10.9.9.9:8080');
  const options = await call('OPTIONS', `${core}/pods/p/proxy?c=d`);
  t.match(
    options.body,
    { method: 'OPTIONS', url: '/?c=d' },
    'verbs that Kubernetes has no name for',
  );
  t.equal((await call('OPTIONS', `${core}/pods/p`)).status, 405);
  await call('GET', `${core}/pods/http:p:82/proxy/`);
  t.equal(tunnelled.at(-1), 'server 10.9.9.9:82');
});

t.test('redirects and links lead back through the proxy', async (t) => {
  const bare = await call('GET', `${core}/pods/p/proxy?x=y`);
  t.equal(bare.status, 301);
  t.equal(bare.headers.location, `${core}/pods/p/proxy/?x=y`);
  const moved = await call('GET', `${core}/pods/p/proxy/moved`);
  t.equal(moved.status, 302);
  t.equal(moved.headers.location, `${core}/pods/p/proxy/there/`);
  const page = await call('GET', `${core}/pods/p/proxy/page`);
  t.equal(
    String(page.body),
    `<p><a href="${core}/pods/p/proxy/rewriteme">x</a> <img src="rel.png"> <a href="//h/y"></p>`,
  );
});

t.test('a Service, by one of its endpoints that is a pod', async (t) => {
  t.equal((await call('GET', `${core}/services/s:web/proxy/`)).status, 404);
  const subset = (targetRef?: object) => [
    { addresses: [{ ip: '10.9.9.9', targetRef }], ports: [{ name: 'web', port: 8090 }] },
  ];
  await call('POST', `${core}/endpoints`, { metadata: { name: 's' }, subsets: subset() });
  const unsafe = await call('GET', `${core}/services/s:web/proxy/`);
  t.equal(unsafe.status, 503);
  t.equal(unsafe.body.message, 'no endpoints available for service "s:web"');
  const subsets = subset({ kind: 'Pod', name: 'p', namespace: 'default' });
  await call('PUT', `${core}/endpoints/s`, { metadata: { name: 's' }, subsets });
  t.equal((await call('GET', `${core}/services/s:web/proxy/x`)).body.url, '/x');
  t.equal((await call('GET', `${core}/services/s:80/proxy/x`)).body.url, '/x');
  t.equal(tunnelled.at(-1), 'server 10.9.9.9:8090');
  t.equal(
    (await call('GET', `${core}/services/s:99/proxy/`)).body.message,
    'no service port 99 found for service "s"',
  );
  t.equal((await call('GET', `${core}/services/a:s:b:c/proxy/`)).status, 400);
});

t.test('what cannot be reached', async (t) => {
  const refused = await call('GET', `${core}/pods/p:81/proxy/`);
  t.equal(refused.status, 503);
  t.match(refused.body.message, /error trying to reach service: .*node answered 502/);
  t.equal(String((await call('GET', '/api/v1/nodes/n/proxy/healthz')).body), 'agent /healthz');
});
