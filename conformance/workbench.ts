// What suites share: a namespace each, pods from a few words, and waiting for what becomes of them.
import { randomBytes } from 'node:crypto';
import type { V1Container, V1Pod, V1PodSpec } from '@kubernetes/client-node';
import type { Test } from 'tap';
import type { Api } from './api.ts';
import type { TestCluster } from './cluster.fixture.ts';
import type { Kubectl } from './kubectl.ts';
import { type WaitOptions, waitFor } from './wait.ts';

export const busyboxImage = 'busybox:1.35';
export const nginxImage = 'nginx:1.22';

/** One suite; its name chooses it on the command line. */
export interface Suite {
  readonly name: string;
  readonly run: (t: Test, cluster: TestCluster) => Promise<void>;
}

/** A namespace of a test's own and the usual things to do in it. */
export interface Workbench {
  readonly namespace: string;
  readonly api: Api;
  readonly cluster: TestCluster;
  /** kubectl in the namespace. */
  readonly kubectl: Kubectl;
  /** `/api/v1/namespaces/<namespace>/<rest>`. */
  core(rest: string): string;
  /** `/apis/<group>/namespaces/<namespace>/<rest>`. */
  group(group: string, rest: string): string;
  createPod(name: string, spec: Partial<V1PodSpec>, metadata?: V1Pod['metadata']): Promise<V1Pod>;
  pod(name: string): Promise<V1Pod>;
  waitForPod(
    name: string,
    what: string,
    holds: (pod: V1Pod) => boolean,
    options?: WaitOptions,
  ): Promise<V1Pod>;
  waitReady(...names: string[]): Promise<void>;
  /** Runs a command in a running pod; an exit status but 0 throws. */
  exec(pod: string, ...command: string[]): Promise<string>;
}

export async function openWorkbench(t: Test, cluster: TestCluster): Promise<Workbench> {
  const { api } = cluster;
  const namespace = `test-${randomBytes(4).toString('hex')}`;
  await api.ok('POST', '/api/v1/namespaces', { body: { metadata: { name: namespace } } });
  t.teardown(() => api.request('DELETE', `/api/v1/namespaces/${namespace}`));
  const core = (rest: string) => `/api/v1/namespaces/${namespace}/${rest}`;
  const inNamespace = (args: readonly string[]) => ['--namespace', namespace, ...args];
  const kubectl: Kubectl = {
    path: cluster.kubectl.path,
    run: (args, options) => cluster.kubectl.run(inNamespace(args), options),
    ok: (args, options) => cluster.kubectl.ok(inNamespace(args), options),
    start: (args) => cluster.kubectl.start(inNamespace(args)),
  };
  await waitFor('the default service account', async () => {
    return (await api.request('GET', core('serviceaccounts/default'))).status === 200;
  });
  const pod = (name: string) => api.ok<V1Pod>('GET', core(`pods/${name}`));
  const waitForPod: Workbench['waitForPod'] = async (name, what, holds, options) => {
    let last: V1Pod | undefined;
    try {
      return await waitFor(
        `pod ${name}: ${what}`,
        async () => {
          last = await pod(name);
          return holds(last) ? last : undefined;
        },
        options,
      );
    } catch (error) {
      const status = JSON.stringify(last?.status ?? {});
      throw new Error(`pod ${name} in ${namespace} is not ${what}: ${status}`, { cause: error });
    }
  };
  return {
    namespace,
    api,
    cluster,
    kubectl,
    core,
    group: (group, rest) => `/apis/${group}/namespaces/${namespace}/${rest}`,
    createPod: (name, spec, metadata) =>
      api.ok<V1Pod>('POST', core('pods'), {
        body: {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name, ...metadata },
          spec: { terminationGracePeriodSeconds: 1, ...spec },
        },
      }),
    pod,
    waitForPod,
    async waitReady(...names) {
      await Promise.all(names.map((name) => waitForPod(name, 'ready', isReady)));
    },
    exec: (name, ...command) => kubectl.ok(['exec', name, '--', ...command]),
  };
}

/** A busybox container that runs `script`. */
export function shell(script: string, more: Partial<V1Container> = {}): V1Container {
  return { name: 'main', image: busyboxImage, command: ['sh', '-c', script], ...more };
}

/** A script that stays until it is told to end, and then ends at once. */
export const stay = 'trap "exit 0" TERM; while :; do sleep 3600 & wait $!; done';

export function isReady(pod: V1Pod): boolean {
  return (
    pod.status?.conditions?.some((each) => each.type === 'Ready' && each.status === 'True') ?? false
  );
}

export function hasEnded(pod: V1Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** The status of one container of a pod, by name (default `main`). */
export function containerStatus(pod: V1Pod, name = 'main') {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  return [...containerStatuses, ...initContainerStatuses].find((each) => each.name === name);
}

/** `spec` run to its end; gives the pod and what its main container printed. */
export async function runToEnd(
  bench: Workbench,
  name: string,
  spec: Partial<V1PodSpec>,
): Promise<{ readonly pod: V1Pod; readonly output: string }> {
  await bench.createPod(name, { restartPolicy: 'Never', ...spec });
  const pod = await bench.waitForPod(name, 'at its end', hasEnded);
  const log = await bench.api.request('GET', bench.core(`pods/${name}/log?container=main`));
  return { pod, output: log.text };
}
