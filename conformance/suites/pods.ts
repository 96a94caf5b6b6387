// Pods from start to end: restart policies, init containers and sidecars, probes, hooks, status.
import type { V1Pod } from '@kubernetes/client-node';
import type { Test } from 'tap';
import { pause } from '../wait.ts';
import {
  containerStatus,
  hasEnded,
  isReady,
  openWorkbench,
  runToEnd,
  type Suite,
  shell,
  stay,
  type Workbench,
} from '../workbench.ts';

type Check = (t: Test, bench: Workbench) => Promise<void>;

function condition(pod: V1Pod, type: string) {
  return pod.status?.conditions?.find((each) => each.type === type);
}

const restarts = (pod: V1Pod, name = 'main') => containerStatus(pod, name)?.restartCount ?? 0;

const checks: Readonly<Record<string, Check>> = {
  '[sig-node] Pods should be submitted and removed': async (t, bench) => {
    await bench.createPod('submitted', {
      containers: [shell(stay)],
      terminationGracePeriodSeconds: 30,
    });
    await bench.waitReady('submitted');
    const pod = await bench.pod('submitted');
    t.match(pod.status?.podIP, /^\d+\.\d+\.\d+\.\d+$/);
    t.match(pod.status?.hostIP, /^\d+\.\d+\.\d+\.\d+$/);
    t.equal(pod.status?.qosClass, 'BestEffort');
    await bench.kubectl.ok(['delete', 'pod', 'submitted', '--timeout=20s']);
    const gone = await bench.api.request('GET', bench.core('pods/submitted'));
    t.equal(gone.status, 404);
  },
  '[sig-node] Container Runtime blackbox test when starting a container that exits should run with the expected status':
    async (t, bench) => {
      // The third start succeeds: what the first two wrote is in the volume.
      const script = 'echo x >> /v/n; [ "$(wc -l < /v/n)" -ge 3 ] || exit 1; ';
      const volumes = [{ name: 'v', emptyDir: {} }];
      const volumeMounts = [{ name: 'v', mountPath: '/v' }];
      await bench.createPod('on-failure', {
        restartPolicy: 'OnFailure',
        containers: [shell(script, { volumeMounts })],
        volumes,
      });
      const never = await runToEnd(bench, 'never', { containers: [shell('exit 3')] });
      t.equal(never.pod.status?.phase, 'Failed');
      t.match(containerStatus(never.pod)?.state?.terminated, { exitCode: 3, reason: 'Error' });
      t.equal(restarts(never.pod), 0);
      const done = await runToEnd(bench, 'done', { containers: [shell('exit 0')] });
      t.equal(done.pod.status?.phase, 'Succeeded');
      t.match(containerStatus(done.pod)?.state?.terminated, { exitCode: 0, reason: 'Completed' });
      t.match(condition(done.pod, 'Ready'), { status: 'False', reason: 'PodCompleted' });
      const failed = await bench.waitForPod('on-failure', 'succeeded', hasEnded, {
        timeoutMs: 60_000,
      });
      t.equal(failed.status?.phase, 'Succeeded');
      t.equal(restarts(failed), 2);
    },
  '[sig-node] Container Runtime blackbox test on terminated container should report termination message from log output if TerminationMessagePolicy FallbackToLogsOnError is set':
    async (t, bench) => {
      const { pod } = await runToEnd(bench, 'message', {
        containers: [
          shell('echo DONE; exit 1', { terminationMessagePolicy: 'FallbackToLogsOnError' }),
          shell('echo -n OK > /dev/termination-log', { name: 'file' }),
        ],
      });
      t.equal(containerStatus(pod)?.state?.terminated?.message, 'DONE\n');
      t.equal(containerStatus(pod, 'file')?.state?.terminated?.message, 'OK');
    },
  '[sig-node] Pods a container that keeps failing waits in CrashLoopBackOff': async (t, bench) => {
    await bench.createPod('crashing', { containers: [shell('exit 1')] });
    const waiting = (pod: V1Pod) => containerStatus(pod)?.state?.waiting;
    const pod = await bench.waitForPod('crashing', 'backing off', (each) => {
      return waiting(each)?.reason === 'CrashLoopBackOff';
    });
    t.match(waiting(pod)?.message, /back-off 10s restarting failed container=main pod=crashing_/);
    t.equal(pod.status?.phase, 'Running');
    t.match(containerStatus(pod)?.lastState?.terminated, { exitCode: 1, reason: 'Error' });
  },
  '[sig-node] Pods an image that nobody has gives ErrImagePull, then ImagePullBackOff': async (
    t,
    bench,
  ) => {
    await bench.createPod('no-image', {
      containers: [shell('true', { image: 'registry.invalid/no/such:1' })],
    });
    const pod = await bench.waitForPod('no-image', 'backing off', (each) => {
      return containerStatus(each)?.state?.waiting?.reason === 'ImagePullBackOff';
    });
    t.match(containerStatus(pod)?.state?.waiting?.message, 'registry.invalid/no/such:1');
    t.equal(pod.status?.phase, 'Pending');
  },
  '[sig-node] InitContainer should invoke init containers on a RestartAlways pod': async (
    t,
    bench,
  ) => {
    const volumeMounts = [{ name: 'v', mountPath: '/v' }];
    await bench.createPod('inits', {
      initContainers: [
        shell('echo one >> /v/order', { name: 'init1', volumeMounts }),
        shell('echo two >> /v/order', { name: 'init2', volumeMounts }),
      ],
      containers: [shell(`cat /v/order; ${stay}`, { volumeMounts })],
      volumes: [{ name: 'v', emptyDir: {} }],
    });
    await bench.waitReady('inits');
    const pod = await bench.pod('inits');
    t.equal(await bench.kubectl.ok(['logs', 'inits']), 'one\ntwo\n');
    t.match(condition(pod, 'Initialized'), { status: 'True' });
    for (const name of ['init1', 'init2']) {
      t.match(containerStatus(pod, name), { ready: true, restartCount: 0 });
    }
  },
  '[sig-node] InitContainer should not start app containers and fail the pod if init containers fail on a RestartNever pod':
    async (t, bench) => {
      const { pod } = await runToEnd(bench, 'init-fails', {
        initContainers: [shell('exit 1', { name: 'init1' })],
        containers: [shell('true')],
      });
      t.equal(pod.status?.phase, 'Failed');
      t.match(condition(pod, 'Initialized'), {
        status: 'False',
        reason: 'ContainersNotInitialized',
        message: 'containers with incomplete status: [init1]',
      });
      t.equal(containerStatus(pod)?.state?.waiting?.reason, 'PodInitializing');
    },
  '[sig-node] SidecarContainers a sidecar starts before, and ends after, the main container':
    async (t, bench) => {
      const volumeMounts = [{ name: 'v', mountPath: '/v' }];
      const { pod, output } = await runToEnd(bench, 'sidecar', {
        initContainers: [
          shell(`echo up > /v/up; ${stay}`, {
            name: 'sidecar',
            restartPolicy: 'Always',
            startupProbe: { exec: { command: ['test', '-f', '/v/up'] }, periodSeconds: 1 },
            volumeMounts,
          }),
        ],
        containers: [shell('cat /v/up', { volumeMounts })],
        volumes: [{ name: 'v', emptyDir: {} }],
      });
      t.equal(output, 'up\n');
      t.equal(pod.status?.phase, 'Succeeded');
      t.ok(containerStatus(pod, 'sidecar')?.state?.terminated, 'the sidecar was ended');
    },
  '[sig-node] Probing container should be restarted with a exec "cat /tmp/health" liveness probe':
    async (t, bench) => {
      await bench.createPod('liveness', {
        containers: [
          shell(`touch /tmp/health; sleep 2; rm /tmp/health; ${stay}`, {
            livenessProbe: {
              exec: { command: ['cat', '/tmp/health'] },
              periodSeconds: 1,
              failureThreshold: 1,
            },
          }),
        ],
      });
      const pod = await bench.waitForPod('liveness', 'restarted', (each) => restarts(each) > 0);
      t.equal(pod.status?.phase, 'Running');
    },
  '[sig-node] Probing container should *not* be restarted with a /healthz http liveness probe':
    async (t, bench) => {
      await bench.createPod('healthy', {
        containers: [
          shell('mkdir /w; echo ok > /w/healthz; exec httpd -f -p 8080 -h /w', {
            livenessProbe: {
              httpGet: { path: '/healthz', port: 8080 },
              periodSeconds: 1,
              failureThreshold: 1,
              initialDelaySeconds: 1,
            },
            readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
          }),
        ],
      });
      await bench.waitReady('healthy');
      await pause(4000);
      t.equal(restarts(await bench.pod('healthy')), 0);
    },
  '[sig-node] Probing container with readiness probe that fails should never be ready and never restart':
    async (t, bench) => {
      await bench.createPod('unready', {
        containers: [
          shell(stay, { readinessProbe: { exec: { command: ['false'] }, periodSeconds: 1 } }),
        ],
      });
      await bench.waitForPod('unready', 'running', (each) => each.status?.phase === 'Running');
      await pause(3000);
      const pod = await bench.pod('unready');
      t.notOk(isReady(pod));
      t.equal(restarts(pod), 0);
      t.match(condition(pod, 'Ready'), { status: 'False', reason: 'ContainersNotReady' });
    },
  '[sig-node] Container Lifecycle Hook when create a pod with lifecycle hook should execute prestop exec hook properly':
    async (t, bench) => {
      await bench.createPod('hooks', {
        terminationGracePeriodSeconds: 5,
        containers: [
          shell(`tail -f /dev/null & ${stay}`, {
            lifecycle: {
              postStart: { exec: { command: ['sh', '-c', 'echo started > /tmp/hook'] } },
              preStop: { exec: { command: ['sh', '-c', 'echo stopping > /proc/1/fd/1; sleep 1'] } },
            },
          }),
        ],
      });
      await bench.waitReady('hooks');
      t.equal(await bench.exec('hooks', 'cat', '/tmp/hook'), 'started\n');
      const following = bench.kubectl.ok(['logs', '-f', 'hooks']);
      await bench.kubectl.ok(['delete', 'pod', 'hooks', '--timeout=20s']);
      t.equal(await following, 'stopping\n');
    },
  '[sig-node] Pods should allow activeDeadlineSeconds to be updated': async (t, bench) => {
    await bench.createPod('deadline', { containers: [shell(stay)] });
    await bench.waitReady('deadline');
    await bench.kubectl.ok([
      'patch',
      'pod',
      'deadline',
      '-p',
      '{"spec":{"activeDeadlineSeconds":2}}',
    ]);
    const pod = await bench.waitForPod('deadline', 'failed', hasEnded);
    t.match(pod.status, { phase: 'Failed', reason: 'DeadlineExceeded' });
  },
  '[sig-node] Pods Extended Pods Set QOS Class should be set on Pods with matching resource requests and limits for memory and cpu':
    async (t, bench) => {
      const pod = await bench.createPod('qos', {
        containers: [shell(stay, { resources: { limits: { cpu: '100m', memory: '32Mi' } } })],
      });
      t.equal(pod.status?.qosClass, 'Guaranteed');
      t.strictSame(pod.spec?.containers[0]?.resources?.requests, { cpu: '100m', memory: '32Mi' });
    },
  '[sig-node] Pods a container over its memory limit is OOMKilled': async (t, bench) => {
    const { pod } = await runToEnd(bench, 'oom', {
      containers: [shell('tail /dev/zero', { resources: { limits: { memory: '16Mi' } } })],
    });
    t.match(containerStatus(pod)?.state?.terminated, { exitCode: 137, reason: 'OOMKilled' });
  },
  '[sig-node] Pods Extended (pod generation) Pod Generation pod generation should start at 1 and increment per update':
    async (t, bench) => {
      const made = await bench.createPod('generation', { containers: [shell(stay)] });
      t.equal(made.metadata?.generation, 1);
      await bench.kubectl.ok(['set', 'image', 'pod/generation', 'main=busybox:latest']);
      const pod = await bench.waitForPod('generation', 'observed', (each) => {
        return each.status?.observedGeneration === 2;
      });
      t.equal(pod.metadata?.generation, 2);
      await bench.waitForPod('generation', 'restarted', (each) => {
        return restarts(each) === 1 && isReady(each);
      });
    },
};

export const pods: Suite = {
  name: 'pods',
  async run(t, cluster) {
    const bench = await openWorkbench(t, cluster);
    // They mostly wait; a handful side by side is what nodes do all day.
    t.jobs = 6;
    await Promise.all(
      Object.entries(checks).map(([name, check]) =>
        t.test(name, { buffered: true }, (t) => check(t, bench)),
      ),
    );
  },
};
