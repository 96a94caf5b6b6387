// The small parts of a node's network: routes, CNI configuration, debouncing, CONNECT.
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { VirtualClock } from '../../clock.ts';
import type { Node } from '../../objects.ts';
import { cniConfigName, writeCniConfig } from './cni-config.ts';
import { createConnectProxy } from './connect-proxy.ts';
import { debounce } from './debounce.ts';
import { routeChanges, wantedRoutes } from './routes.ts';

function node(name: string, podCIDR: string | undefined, address: string | undefined): Node {
  return {
    metadata: { name },
    spec: podCIDR === undefined ? {} : { podCIDR },
    status: { addresses: address === undefined ? [] : [{ type: 'InternalIP', address }] },
  };
}

t.test('one route for each other node that has a range and an address', async (t) => {
  const all = [
    node('a', '10.1.0.0/24', '10.0.0.1'),
    node('b', '10.1.1.0/24', '10.0.0.2'),
    node('c', undefined, '10.0.0.3'),
    node('d', '10.1.3.0/24', undefined),
    node('e', '10.1.4.0/24', 'not-an-address'),
  ];
  const wanted = wantedRoutes(all, 'a');
  t.same([...wanted], [['10.1.1.0/24', '10.0.0.2']]);
  const current = new Map([
    ['10.1.9.0/24', '10.0.0.9'],
    ['10.1.1.0/24', '10.0.0.8'],
  ]);
  t.same(routeChanges(current, wanted), [
    'route del 10.1.9.0/24 proto 174',
    'route replace 10.1.1.0/24 via 10.0.0.2 proto 174',
  ]);
  t.same(routeChanges(wanted, wanted), []);
});

t.test('the CNI configuration is written once, and again when the range changes', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'coracle-cni-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const options = { configDirectory: directory, mtu: 1450 };
  t.equal(await writeCniConfig(['10.1.0.0/24'], options), true);
  t.equal(await writeCniConfig(['10.1.0.0/24'], options), false);
  t.equal(await writeCniConfig(['10.1.5.0/24'], options), true);
  t.same(await readdir(directory), [cniConfigName]);
});

t.test(
  'work runs once for many askings, again for one during it, later after a failure',
  async (t) => {
    const clock = new VirtualClock(0);
    const runs: number[] = [];
    let fail = true;
    const work = debounce(
      async () => {
        runs.push(clock.nowMs());
        if (fail) throw new Error('once');
      },
      { clock, settleMs: 5, intervalMs: 50, retryMs: 1000, onError: () => undefined },
    );
    work.wake();
    work.wake();
    await clock.advance(100);
    t.same(runs, [5]);
    fail = false;
    await clock.advance(1000);
    t.same(runs, [5, 1005]);
    work.wake();
    await clock.advance(100);
    t.same(runs, [5, 1005, 1105], 'a quiet time has passed: only the settling counts');
    t.equal(work.pending, false);
    work.wake();
    await work.stop();
    await clock.advance(100);
    t.equal(runs.length, 3);
  },
);

t.test('CONNECT reaches this node’s pods and nothing else', async (t) => {
  const pod = createServer({ allowHalfOpen: true }, (socket) => {
    let text = '';
    socket.on('data', (data) => {
      text += String(data);
    });
    socket.on('end', () => socket.end(`heard ${text}`));
  });
  pod.listen(0, '127.0.0.1');
  await once(pod, 'listening');
  const podPort = (pod.address() as AddressInfo).port;
  const handle = createConnectProxy({ podRanges: () => ['127.0.0.0/24'] });
  let target = '';
  let head = '';
  const agent = createServer({ allowHalfOpen: true }, (socket) => {
    handle(target, socket, Buffer.from(head));
  });
  agent.listen(0, '127.0.0.1');
  await once(agent, 'listening');
  t.teardown(() => {
    agent.close();
    pod.close();
  });
  const ask = async (to: string, early = '') => {
    target = to;
    head = early;
    const socket = connect((agent.address() as AddressInfo).port, '127.0.0.1');
    let answer = '';
    socket.on('data', (data) => {
      answer += String(data);
      if (answer.endsWith('\r\n\r\n') && answer.includes(' 200 ')) socket.end('hello');
    });
    await once(socket, 'close');
    return answer;
  };
  t.match(await ask(`127.0.0.1:${podPort}`, 'early '), /200 [\s\S]*heard early hello$/);
  t.match(await ask('10.0.0.1:80'), /^HTTP\/1\.1 403 /);
  t.match(await ask('127.0.0.1:0'), /^HTTP\/1\.1 400 /);
  t.match(await ask('example.com:80'), /^HTTP\/1\.1 400 /);
  t.match(await ask('127.0.0.1:1'), /^HTTP\/1\.1 502 /);
});
