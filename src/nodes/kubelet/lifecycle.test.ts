// Golden lifecycles on the simulated runtime: restarts, probes, sidecars, ends; all in virtual time.
import t, { type Test } from 'tap';
import type { ContainerStatus, Pod } from '../../objects.ts';
import { settle, TestNode, testPod } from './test-node.ts';

const behaviour = (container: string, data: unknown) => ({
  [`simulated.coracle.dev/${container}`]: JSON.stringify(data),
});

async function started(t: Test, pods: Pod[]): Promise<TestNode> {
  const node = new TestNode();
  await node.start();
  t.teardown(() => node.kubelet.stop());
  for (const pod of pods) node.put(pod);
  await node.advance(0);
  return node;
}

const status = (node: TestNode, name: string) => node.statuses.get(`uid-${name}`);
const main = (node: TestNode, name: string): ContainerStatus | undefined =>
  status(node, name)?.containerStatuses?.[0];

t.test('a pod starts, is ready and is deleted', async (t) => {
  const pod = testPod('plain');
  const node = await started(t, [pod]);
  t.strictSame(node.takeLog(), [
    '+0s Pulling [main] Pulling image "app:1"',
    '+0s Pulled [main] Successfully pulled image "app:1" in 0s (0s including waiting). ' +
      'Image size: 1024 bytes.',
    '+0s Created [main] Container created',
    '+0s Started [main] Container started',
  ]);
  t.match(status(node, 'plain'), {
    phase: 'Running',
    podIP: '10.244.0.2',
    hostIP: '192.0.2.1',
    qosClass: 'BestEffort',
    startTime: '2026-01-01T00:00:00Z',
    observedGeneration: 1,
  });
  const conditions = status(node, 'plain')?.conditions?.map(({ type, status }) => [type, status]);
  t.strictSame(conditions, [
    ['PodReadyToStartContainers', 'True'],
    ['Initialized', 'True'],
    ['Ready', 'True'],
    ['ContainersReady', 'True'],
    ['PodScheduled', 'True'],
  ]);
  node.markDeleted(pod);
  await settle();
  t.strictSame(node.takeLog(), ['+0s Killing [main] Stopping container main']);
  t.strictSame(node.deleted, ['plain']);
  t.strictSame(await node.runtime.listSandboxes(), []);
  t.strictSame(await node.runtime.listContainers(), []);
});

t.test('a failing container backs off from 10 s to 5 min', async (t) => {
  const pod = testPod('crash', {}, behaviour('main', { exitCode: 1, afterMs: 1000 }));
  const node = await started(t, [pod]);
  await node.advance(700);
  const starts = node.log.filter((line) => line.includes('Started'));
  t.strictSame(
    starts.map((line) => line.split(' ')[0]),
    ['+0s', '+1s', '+12s', '+33s', '+74s', '+155s', '+316s', '+617s'],
  );
  t.ok(
    node.log.includes(
      '+2s BackOff [main] Back-off restarting failed container main in pod crash_ns(uid-crash)',
    ),
  );
  t.match(main(node, 'crash'), {
    restartCount: 7,
    ready: false,
    state: {
      waiting: {
        reason: 'CrashLoopBackOff',
        message: 'back-off 5m0s restarting failed container=main pod=crash_ns(uid-crash)',
      },
    },
    lastState: { terminated: { exitCode: 1, reason: 'Error' } },
  });
  t.equal(status(node, 'crash')?.phase, 'Running');
});

t.test('Never and OnFailure end in Failed and Succeeded', async (t) => {
  const failing = testPod('never', { restartPolicy: 'Never' }, behaviour('main', { exitCode: 3 }));
  const retried = testPod(
    'retry',
    { restartPolicy: 'OnFailure' },
    behaviour('main', [{ exitCode: 1 }, { exitCode: 0 }]),
  );
  const node = await started(t, [failing, retried]);
  await node.advance(5);
  t.match(status(node, 'never'), { phase: 'Failed' });
  t.match(main(node, 'never')?.state, { terminated: { exitCode: 3, reason: 'Error' } });
  t.match(status(node, 'retry'), { phase: 'Succeeded' });
  t.match(main(node, 'retry'), {
    restartCount: 1,
    state: { terminated: { exitCode: 0, reason: 'Completed' } },
  });
  t.match(
    status(node, 'retry')?.conditions?.find(({ type }) => type === 'Ready'),
    { status: 'False', reason: 'PodCompleted' },
  );
});

t.test('init containers run in order, sidecars start between and end last', async (t) => {
  const pod = testPod(
    'inits',
    {
      initContainers: [
        { name: 'first', image: 'app:1' },
        {
          name: 'side',
          image: 'app:1',
          restartPolicy: 'Always',
          startupProbe: { httpGet: { port: 80 }, periodSeconds: 1 },
        },
        { name: 'second', image: 'app:1' },
      ],
    },
    {
      ...behaviour('first', { exitCode: 0, afterMs: 2000 }),
      ...behaviour('side', { readyAfterMs: 1500 }),
      ...behaviour('second', { exitCode: 0, afterMs: 1000 }),
      ...behaviour('main', { stopDelayMs: 3000 }),
    },
  );
  const node = await started(t, [pod]);
  t.equal(status(node, 'inits')?.phase, 'Pending');
  t.match(main(node, 'inits')?.state, { waiting: { reason: 'PodInitializing' } });
  t.match(status(node, 'inits')?.initContainerStatuses?.[2]?.state, {
    waiting: { reason: 'PodInitializing' },
  });
  await node.advance(10);
  t.strictSame(
    node.takeLog().filter((line) => line.includes('Started')),
    [
      '+0s Started [first] Container started',
      '+2s Started [side] Container started',
      '+4s Started [second] Container started',
      '+5s Started [main] Container started',
    ],
  );
  t.equal(status(node, 'inits')?.phase, 'Running');
  node.markDeleted(pod);
  await node.advance(5);
  t.strictSame(node.takeLog(), [
    '+10s Killing [main] Stopping container main',
    '+13s Killing [side] Stopping container side',
  ]);
});

t.test('a failed init container fails a Never pod', async (t) => {
  const pod = testPod(
    'badinit',
    { restartPolicy: 'Never', initContainers: [{ name: 'init', image: 'app:1' }] },
    behaviour('init', { exitCode: 1 }),
  );
  const node = await started(t, [pod]);
  await node.advance(2);
  t.equal(status(node, 'badinit')?.phase, 'Failed');
});

t.test('liveness restarts, readiness only tells', async (t) => {
  const pod = testPod(
    'probed',
    {
      containers: [
        {
          name: 'main',
          image: 'app:1',
          livenessProbe: { httpGet: { port: 80 }, periodSeconds: 5, failureThreshold: 2 },
          readinessProbe: { httpGet: { port: 80 }, periodSeconds: 1 },
        },
      ],
    },
    behaviour('main', [{ probes: { liveness: false } }, { readyAfterMs: 2500 }]),
  );
  const node = await started(t, [pod]);
  t.equal(main(node, 'probed')?.ready, true);
  await node.advance(6);
  t.strictSame(
    node.takeLog().filter((line) => /Unhealthy|Killing|Started/.test(line)),
    [
      '+0s Started [main] Container started',
      '+0s Unhealthy [main] Liveness probe failed: simulated failure',
      '+5s Unhealthy [main] Liveness probe failed: simulated failure',
      '+5s Killing [main] Container main failed liveness probe, will be restarted',
      '+5s Started [main] Container started',
      '+5s Unhealthy [main] Liveness probe failed: simulated failure',
      '+5s Unhealthy [main] Readiness probe failed: simulated failure',
      '+6s Unhealthy [main] Readiness probe failed: simulated failure',
    ],
  );
  t.match(main(node, 'probed'), { ready: false, restartCount: 1, started: true });
  await node.advance(3);
  t.equal(main(node, 'probed')?.ready, true);
});

t.test('images that cannot be pulled back off', async (t) => {
  const containers = [{ name: 'main', image: 'absent.invalid/app:1' }];
  const node = await started(t, [testPod('absent', { containers })]);
  t.ok(node.log.includes('+0s Failed [main] Error: ErrImagePull'));
  await node.advance(9);
  node.kubelet.wake('uid-absent');
  await settle();
  t.match(main(node, 'absent')?.state, {
    waiting: {
      reason: 'ImagePullBackOff',
      message: /^Back-off pulling image "absent.invalid\/app:1": ErrImagePull: /,
    },
  });
  await node.advance(60);
  const pulls = node.log.filter((line) => line.includes('Pulling'));
  t.strictSame(
    pulls.map((line) => line.split(' ')[0]),
    ['+0s', '+10s', '+30s'],
  );
});

t.test('a restarted kubelet adopts what runs', async (t) => {
  const pod = testPod('kept');
  const node = await started(t, [pod]);
  const before = await node.runtime.listContainers();
  node.takeLog();
  await node.restart();
  await node.advance(30);
  t.strictSame(await node.runtime.listContainers(), before);
  t.strictSame(node.takeLog(), []);
  t.match(main(node, 'kept'), { ready: true, restartCount: 0 });
});

t.test('a shorter grace period cuts a termination', async (t) => {
  const pod = testPod('slow', {}, behaviour('main', { stopDelayMs: 100_000 }));
  const node = await started(t, [pod]);
  node.markDeleted(pod, 60);
  await node.advance(10);
  t.strictSame(node.deleted, []);
  node.markDeleted(pod, 1);
  await node.advance(3);
  t.strictSame(node.deleted, ['slow']);
});

t.test('activeDeadlineSeconds and refused pods fail', async (t) => {
  const late = testPod('late', { activeDeadlineSeconds: 20 });
  const node = new TestNode();
  node.admit = async (pod) =>
    pod.metadata?.name === 'big'
      ? { reason: 'OutOfcpu', message: 'Node didn’t have enough resource: cpu' }
      : undefined;
  await node.start();
  t.teardown(() => node.kubelet.stop());
  node.put(late);
  node.put(testPod('big'));
  await node.advance(21);
  t.match(status(node, 'late'), { phase: 'Failed', reason: 'DeadlineExceeded' });
  t.match(status(node, 'big'), { phase: 'Failed', reason: 'OutOfcpu' });
});

t.test('a pod that is gone from the API is cleaned up', async (t) => {
  const pod = testPod('gone');
  const node = await started(t, [pod]);
  node.remove(pod);
  await node.advance(3);
  t.strictSame(await node.runtime.listSandboxes(), []);
  t.strictSame(node.deleted, []);
});

t.test('a sandbox that died is replaced', async (t) => {
  const pod = testPod('sandbox');
  const node = await started(t, [pod]);
  const [sandbox] = await node.runtime.listSandboxes();
  node.takeLog();
  await node.runtime.stopSandbox(sandbox?.id ?? '');
  await node.advance(2);
  t.match(node.takeLog()[0], /SandboxChanged/);
  t.match(main(node, 'sandbox'), { restartCount: 1, ready: true });
});
