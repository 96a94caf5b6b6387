// The kubelet's port over a real containerd: WebSocket and SPDY clients, tunnels, logs, statistics.

import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { Pod } from '../../objects.ts';
import type { SpdyConnection } from '../spdy/connection.ts';
import {
  call,
  openChannels,
  openSpdy,
  openTunnel,
  respond,
  startTestKubelet,
} from './test-client.ts';
import { enterNamespaces, missing, runTestPod, startTestContainerd } from './test-containerd.ts';

const why = missing();
if (why !== undefined) t.comment(`skipped: ${why}`);
else if (!enterNamespaces(fileURLToPath(import.meta.url))) {
  const { runtime, directory, cgroupParent, stop } = await startTestContainerd();
  const command =
    'i=0; nc -ll -p 8080 -e /bin/echo from 8080 & ' +
    'while [ $i -lt 5 ]; do i=$((i+1)); echo line $i; done; ' +
    'while read word; do echo said "$word"; [ "$word" = bye ] && exit 0; done';
  const { containerId } = await runTestPod(runtime, {
    uid: 'pod',
    logDirectory: `${directory}/logs/pod`,
    cgroupParent,
    command: ['sh', '-c', command],
    stdin: true,
  });
  const pod = {
    metadata: { name: 'pod', namespace: 'test', uid: 'pod' },
    spec: { containers: [{ name: 'main', image: 'busybox' }] },
    status: {
      containerStatuses: [
        {
          name: 'main',
          image: 'busybox',
          imageID: '',
          ready: true,
          restartCount: 0,
          containerID: `containerd://${containerId}`,
          state: { running: {} },
        },
      ],
    },
  } as Pod;
  const kubelet = await startTestKubelet({ runtime }, [pod]);
  t.teardown(async () => {
    await kubelet.server.close();
    await stop();
  });
  const exec = (words: readonly string[], streams: string) =>
    `/exec/test/pod/main?${words.map((word) => `command=${encodeURIComponent(word)}`).join('&')}&${streams}`;

  t.test('WebSocket v5 closes stdin alone', async (t) => {
    const path = exec(['cat'], 'input=1&output=1&error=1');
    const { socket, received, closed } = await openChannels(kubelet, path, 'v5.channel.k8s.io');
    socket.send(Buffer.concat([Uint8Array.of(0), Buffer.from('hi\n')]));
    socket.send(Uint8Array.of(255, 0));
    await closed;
    t.equal(String(received.get(1)), 'hi\n');
    t.strictSame(JSON.parse(String(received.get(3))), { metadata: {}, status: 'Success' });
  });

  t.test('exit codes over v4, base64 and the first protocol', async (t) => {
    const path = exec(['sh', '-c', 'echo e >&2; exit 7'], 'output=1&error=1');
    for (const protocol of ['v4.channel.k8s.io', 'v4.base64.channel.k8s.io']) {
      const { received, closed } = await openChannels(kubelet, path, protocol);
      await closed;
      t.equal(String(received.get(2)), 'e\n');
      t.match(JSON.parse(String(received.get(3))), {
        status: 'Failure',
        reason: 'NonZeroExitCode',
        details: { causes: [{ reason: 'ExitCode', message: '7' }] },
      });
    }
    const { received, closed } = await openChannels(kubelet, path, 'channel.k8s.io');
    await closed;
    t.match(String(received.get(3)), /^command terminated with non-zero exit code.*code 7$/);
  });

  t.test('a terminal over WebSocket takes sizes', async (t) => {
    const untilSized = 'until [ "$(stty size 2>&1)" = "30 90" ]; do sleep 0.02; done; echo sized';
    const path = exec(['sh', '-c', untilSized], 'input=1&output=1&tty=1');
    const { socket, received, closed } = await openChannels(kubelet, path, 'v5.channel.k8s.io');
    socket.send(Buffer.concat([Uint8Array.of(4), Buffer.from('{"Width":90,"Height":30}')]));
    await closed;
    t.equal(String(received.get(1)), 'sized\r\n');
  });

  t.test('20 MB through WebSocket both ways', async (t) => {
    const bytes = 20 * 1024 * 1024;
    const path = exec(['cat'], 'input=1&output=1');
    const { socket, received, closed } = await openChannels(kubelet, path, 'v5.channel.k8s.io');
    let seen = 0;
    received.set(1, Buffer.alloc(0));
    socket.removeAllListeners('message');
    let last: Buffer = Buffer.alloc(0);
    socket.on('message', (message: Buffer) => {
      if (message[0] === 1) seen += message.length - 1;
      else last = message.subarray(1);
    });
    const piece = Buffer.alloc(64 * 1024 + 1, 'x');
    piece[0] = 0;
    for (let sent = 0; sent < bytes; sent += piece.length - 1) {
      await new Promise<void>((resolve) => socket.send(piece, () => resolve()));
    }
    socket.send(Uint8Array.of(255, 0));
    await closed;
    t.equal(seen, bytes);
    t.match(String(last), /Success/);
  });

  t.test('SPDY clients pass through to containerd', async (t) => {
    const path = exec(['sh', '-c', 'cat; exit 4'], 'input=1&output=1&error=1');
    const connection = await openSpdy(kubelet, path, 'v4.channel.k8s.io');
    const error = connection.openStream({ streamtype: 'error' }, { finish: true });
    const stdin = connection.openStream({ streamtype: 'stdin' });
    const stdout = connection.openStream({ streamtype: 'stdout' }, { finish: true });
    const stderr = connection.openStream({ streamtype: 'stderr' }, { finish: true });
    stdin.resume();
    stderr.resume();
    stdin.end('through');
    t.equal(await text(stdout), 'through');
    t.match(JSON.parse(await text(error)), { reason: 'NonZeroExitCode' });
    await connection.closed;
  });

  const forward = async (connection: SpdyConnection, port: string): Promise<string[]> => {
    const common = { port, requestid: port };
    const error = connection.openStream({ streamtype: 'error', ...common }, { finish: true });
    const data = connection.openStream({ streamtype: 'data', ...common });
    return await Promise.all([text(data), text(error)]);
  };

  t.test('port-forward by SPDY, by tunnel and by channels', async (t) => {
    const spdy = await openSpdy(kubelet, '/portForward/test/pod', 'portforward.k8s.io');
    t.strictSame(await forward(spdy, '8080'), ['from 8080\n', '']);
    t.match((await forward(spdy, '9'))[1], /refused/);
    spdy.close();
    const tunnel = await openTunnel(kubelet, '/portForward/test/pod');
    t.strictSame(await forward(tunnel, '8080'), ['from 8080\n', '']);
    tunnel.close();
    await tunnel.closed;
    const path = '/portForward/test/pod?port=8080';
    const { received, closed } = await openChannels(kubelet, path, 'v4.channel.k8s.io');
    await closed;
    const port = Buffer.from([0x90, 0x1f]).toString('latin1');
    t.equal(received.get(0)?.toString('latin1'), `${port}from 8080\n`);
    t.equal(received.get(1)?.toString('latin1'), port);
  });

  t.test('refusals come before the upgrade', async (t) => {
    const protocol = 'v5.channel.k8s.io';
    const refused = (path: string) => openChannels(kubelet, path, protocol);
    await t.rejects(refused('/exec/test/none/main?command=a&output=1'), {
      message: '404 pod does not exist',
    });
    await t.rejects(refused('/exec/test/pod/none?command=a&output=1'), {
      message: '500 container not found ("none")',
    });
    await t.rejects(refused('/exec/test/pod/main?command=a'), /you must specify at least 1/);
    await t.rejects(openChannels(kubelet, exec(['a'], 'output=1'), 'v9.k8s.io'), /^403 unable/);
    t.match(await call(kubelet, exec(['a'], 'output=1')), { status: 400 });
  });

  t.test('logs, run, statistics, then a follower that ends with the container', async (t) => {
    const logs = '/containerLogs/test/pod/main';
    t.equal((await call(kubelet, logs)).body, 'line 1\nline 2\nline 3\nline 4\nline 5\n');
    t.equal((await call(kubelet, `${logs}?tailLines=2`)).body, 'line 4\nline 5\n');
    t.equal((await call(kubelet, `${logs}?limitBytes=9`)).body, 'line 1\nli');
    t.match(
      (await call(kubelet, `${logs}?tailLines=1&timestamps=true`)).body,
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}\S+ line 5\n$/,
    );
    t.match(await call(kubelet, `${logs}?previous=true`), {
      status: 400,
      body: 'previous terminated container "main" in pod "pod" not found',
    });
    const run = await call(kubelet, '/run/test/pod/main?cmd=echo+run', { method: 'POST' });
    t.strictSame(run, { status: 200, body: 'run\n' });
    const summary = JSON.parse((await call(kubelet, '/stats/summary')).body);
    t.equal(summary.pods[0].podRef.name, 'pod');
    t.ok(summary.pods[0].containers[0].memory.workingSetBytes > 0);
    t.match((await call(kubelet, '/metrics/resource')).body, /container="main"/);

    const following = await respond(kubelet, `${logs}?follow=true&tailLines=0`);
    const all = text(following);
    const path = '/attach/test/pod/main?input=1&output=1';
    const { socket, received, closed } = await openChannels(kubelet, path, 'v5.channel.k8s.io');
    const say = (line: string) =>
      socket.send(Buffer.concat([Uint8Array.of(0), Buffer.from(`${line}\n`)]));
    // containerd joins a client to stdin before it joins it to stdout: what is said between the two
    // is answered in the log alone.
    while (received.get(1) === undefined) {
      say('hi');
      await setTimeout(100);
    }
    say('bye');
    await closed;
    const answer = /^(said hi\n)+said bye\n$/;
    t.match(String(received.get(1)), answer);
    t.match(await all, answer);
  });
}
