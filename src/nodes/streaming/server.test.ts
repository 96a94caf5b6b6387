// The kubelet's port on the simulated runtime: who may do what, and streams served without SPDY below.
import { once } from 'node:events';
import { request } from 'node:https';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { systemClock } from '../../clock.ts';
import type { Pod } from '../../objects.ts';
import { SimulatedRuntime, simulatedNotice } from '../simulated/runtime.ts';
import { attributesOf, type KubeletAttributes } from './access.ts';
import { call, openChannels, openSpdy, openTunnel, startTestKubelet } from './test-client.ts';
import { runTestPod, testImage } from './test-containerd.ts';

const runtime = new SimulatedRuntime({ clock: systemClock });
t.teardown(() => runtime.close());
await runtime.pullImage(testImage);
const { containerId } = await runTestPod(runtime, {
  uid: 'pod',
  logDirectory: t.testdir(),
  cgroupParent: '',
  command: ['anything'],
});
const pod = {
  metadata: { name: 'pod', namespace: 'test', uid: 'pod' },
  spec: { containers: [{ name: 'main', image: 'x' }] },
  status: {
    containerStatuses: [
      { name: 'main', containerID: `simulated://${containerId}`, state: { running: {} } },
    ],
  },
} as unknown as Pod;
const asked: KubeletAttributes[] = [];
const kubelet = await startTestKubelet(
  {
    runtime,
    authenticateToken: async (token) =>
      token === 'good' ? { username: 'ann', groups: ['system:authenticated'] } : undefined,
    authorize: async (user, attributes) => {
      asked.push(attributes);
      return user.groups.includes('system:masters') || attributes.subresource === 'metrics';
    },
    handleConnect: (target, socket) => {
      socket.end(`HTTP/1.1 200 OK\r\n\r\nto ${target}`);
    },
  },
  [pod],
);
t.teardown(() => kubelet.server.close());

t.test('nothing is open', async (t) => {
  const anonymous = { anonymous: true };
  t.strictSame(await call(kubelet, '/pods', anonymous), { status: 401, body: 'Unauthorized' });
  t.match(await call(kubelet, '/pods', { token: 'bad' }), { status: 401 });
  t.match(await call(kubelet, '/metrics', { token: 'good' }), { status: 200 });
  t.strictSame(await call(kubelet, '/pods', { token: 'good' }), {
    status: 403,
    body: 'Forbidden (user=ann, verb=get, resource=nodes, subresource(s)=[pods proxy])\n',
  });
  const paths = ['/stats/summary', '/exec/a/b/c', '/logs/x', '/healthz', '/statsx'];
  t.strictSame(
    paths.map((path) => attributesOf('POST', path, 'n').map((each) => each.subresource)),
    [['stats'], ['proxy'], ['log'], ['healthz', 'proxy'], ['proxy']],
  );
});

t.test('plain answers', async (t) => {
  t.strictSame(await call(kubelet, '/healthz'), { status: 200, body: 'ok' });
  t.match(JSON.parse((await call(kubelet, '/pods')).body), {
    kind: 'PodList',
    items: [{ metadata: { name: 'pod' } }],
  });
  t.match(JSON.parse((await call(kubelet, '/runningpods/')).body).items, { length: 1 });
  t.match((await call(kubelet, '/metrics')).body, /kubelet_running_pods 1/);
  t.match((await call(kubelet, '/stats/summary')).body, /"nodeName":"test"/);
  t.match(await call(kubelet, '/nothing'), { status: 404 });
  t.match(await call(kubelet, '/containerLogs/test/pod/none'), {
    status: 404,
    body: 'container "none" not found in pod "pod"\n',
  });
  t.equal((await call(kubelet, '/containerLogs/test/pod/main')).body, `${simulatedNotice}\n`);
  t.match(await call(kubelet, '/containerLogs/test/%E0%A4%A/main'), { status: 404 });
});

t.test('exec by WebSocket and by SPDY', async (t) => {
  const path = '/exec/test/pod/main?command=date&output=1';
  const { received, closed } = await openChannels(kubelet, path, 'v5.channel.k8s.io');
  await closed;
  t.equal(String(received.get(1)), `${simulatedNotice}\n`);
  t.match(String(received.get(3)), /Success/);
  const connection = await openSpdy(kubelet, path, 'v4.channel.k8s.io');
  const error = connection.openStream({ streamtype: 'error' }, { finish: true });
  const stdout = connection.openStream({ streamtype: 'stdout' }, { finish: true });
  t.equal(await text(stdout), `${simulatedNotice}\n`);
  t.strictSame(JSON.parse(await text(error)), { metadata: {}, status: 'Success' });
  await connection.closed;
});

t.test('port-forward by SPDY and by tunnel', async (t) => {
  const url = '/portForward/test/pod';
  for (const connection of [
    await openSpdy(kubelet, url, 'portforward.k8s.io'),
    await openTunnel(kubelet, url),
  ]) {
    const common = { port: '80', requestid: '0' };
    const error = connection.openStream({ streamtype: 'error', ...common }, { finish: true });
    const data = connection.openStream({ streamtype: 'data', ...common });
    data.end();
    t.equal(await text(data), `port 80: ${simulatedNotice}\n`);
    t.equal(await text(error), '');
    connection.close();
    await connection.closed;
  }
});

t.test('CONNECT is for the server alone', async (t) => {
  const { server, admin } = kubelet;
  const open = (identity: object): Promise<[{ statusCode: number }, Duplex, Buffer]> => {
    const asking = request({
      host: '127.0.0.1',
      port: server.port,
      method: 'CONNECT',
      path: '10.0.0.1:80',
      agent: false,
      ...identity,
    });
    asking.end();
    return once(asking, 'connect') as Promise<[{ statusCode: number }, Duplex, Buffer]>;
  };
  const [answer, socket, head] = await open(admin);
  t.equal(answer.statusCode, 200);
  t.equal(head.toString() + (await text(socket)), 'to 10.0.0.1:80');
  const [refused, other] = await open({ ca: admin.ca });
  t.equal(refused.statusCode, 401);
  other.destroy();
});
