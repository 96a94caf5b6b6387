// Kills every process of a cluster under load, one after another, and looks for what was lost.
import { randomBytes } from 'node:crypto';
import type { V1Node, V1Pod, V1Service } from '@kubernetes/client-node';
import t from 'tap';
import { kubeconfigVariable, type OwnCluster, openCluster } from './cluster.fixture.ts';
import { countMarked, findProcess, nodePid, podTraces } from './node-inspection.ts';
import { inSteps } from './steps.ts';
import { waitFor } from './wait.ts';
import { containerStatus, isReady } from './workbench.ts';

if (process.env[kubeconfigVariable]) {
  t.plan(0, 'it kills processes of a cluster on this machine, so it makes its own');
  process.exit();
}
t.setTimeout(0);
const step = inSteps();
const cluster = await openCluster();
t.teardown(() => cluster.close());
const { api, kubectl } = cluster;
const own = cluster.own as OwnCluster;
const [node = ''] = own.nodes;
const replicas = 4;
const marker = `steady-${randomBytes(4).toString('hex')}`;
const configMaps = '/api/v1/namespaces/default/configmaps';

const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'steady' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'steady' } },
    template: {
      metadata: { labels: { app: 'steady' } },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: 'main',
            image: 'busybox:1.35',
            command: [
              'sh',
              '-c',
              `: ${marker}; trap 'exit 0' TERM; httpd -p 8080; while :; do sleep 3600 & wait $!; done`,
            ],
            volumeMounts: [
              { name: 'scratch', mountPath: '/scratch' },
              { name: 'memory', mountPath: '/memory' },
            ],
          },
        ],
        volumes: [
          { name: 'scratch', emptyDir: {} },
          { name: 'memory', emptyDir: { medium: 'Memory' } },
        ],
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: 'kubernetes.io/hostname',
            whenUnsatisfiable: 'DoNotSchedule',
            labelSelector: { matchLabels: { app: 'steady' } },
          },
        ],
      },
    },
  },
};

async function steadyPods(): Promise<V1Pod[]> {
  const path = '/api/v1/namespaces/default/pods?labelSelector=app%3Dsteady';
  const { items } = await api.ok<{ items: V1Pod[] }>('GET', path);
  return items.sort((a, b) => ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1));
}

/** Everything of the pods that must stay when nothing of theirs was killed. */
function lives(pods: readonly V1Pod[]) {
  return pods.map((pod) => ({
    uid: pod.metadata?.uid,
    address: pod.status?.podIP,
    container: containerStatus(pod)?.containerID,
    restarts: containerStatus(pod)?.restartCount,
  }));
}

async function allReady(): Promise<V1Pod[]> {
  return waitFor('all pods to be ready', async () => {
    const pods = await steadyPods();
    return pods.length === replicas && pods.every(isReady) && pods;
  });
}

async function nodesReady(): Promise<V1Node[]> {
  return waitFor('all nodes to be ready', async () => {
    const { items } = await api.ok<{ items: V1Node[] }>('GET', '/api/v1/nodes');
    const ready = items.filter((each) =>
      each.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
    );
    return ready.length === own.nodes.length && items;
  });
}

async function serverPid(): Promise<number> {
  const printed = await own.coracle('status', '--name', own.name, '-o', 'json');
  const { components } = JSON.parse(printed) as {
    components: { component: string; pid: number | null }[];
  };
  return components.find(({ component }) => component === 'server')?.pid ?? 0;
}

/** A process respawned by its guardian: another pid than before. */
async function respawned(pattern: RegExp, before: number): Promise<void> {
  await waitFor(`${pattern} to be respawned`, () => findProcess(own, node, pattern) !== before, {
    timeoutMs: 10_000,
  });
}

/** Writes without a pause until stopped, and remembers what the server has acknowledged. */
function startWriting() {
  const acknowledged: string[] = [];
  let going = true;
  const work = async (worker: number) => {
    for (let i = 0; going; i++) {
      const name = `write-${worker}-${i}`;
      try {
        const body = { metadata: { name, labels: { load: 'yes' } }, data: { at: String(i) } };
        const { status } = await api.request('POST', configMaps, { body });
        if (status === 201) acknowledged.push(name);
      } catch {
        // The connection broke: nobody knows whether it was written.
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };
  const working = Promise.all([0, 1, 2, 3].map(work));
  return {
    acknowledged,
    async stop() {
      going = false;
      await working;
    },
  };
}

async function written(): Promise<Set<string>> {
  const path = `${configMaps}?labelSelector=load%3Dyes`;
  const { items = [] } = await api.ok('GET', path);
  return new Set(items.map(({ metadata }) => metadata.name ?? ''));
}

step('a load that stays', async (t) => {
  await api.ok('POST', '/apis/apps/v1/namespaces/default/deployments', { body: deployment });
  await kubectl.ok(['expose', 'deployment', 'steady', '--port=80', '--target-port=8080']);
  const pods = await allReady();
  const places = new Set(pods.map((pod) => pod.spec?.nodeName));
  t.equal(places.size, own.nodes.length, 'on every node');
  t.equal(countMarked(own, marker), replicas);
  for (const name of own.nodes) {
    const kinds = new Set((await podTraces(own, name)).map((line) => line.split(' ')[0]));
    const all = ['address', 'cgroup', 'folder', 'link', 'mount', 'namespace', 'task'];
    t.strictSame([...kinds].sort(), all, `what the last step looks for is there on ${name}`);
  }
});

step('the server killed under writes loses none of them, and pods run on', async (t) => {
  const before = lives(await allReady());
  const load = startWriting();
  for (let round = 0; round < 3; round++) {
    const enough = load.acknowledged.length + 100;
    await waitFor('writes', () => load.acknowledged.length > enough);
    const pid = await serverPid();
    process.kill(pid, 'SIGKILL');
    await waitFor('the server', async () => (await api.request('GET', '/readyz')).status === 200);
  }
  await load.stop();
  const kept = await written();
  t.strictSame(
    load.acknowledged.filter((name) => !kept.has(name)),
    [],
  );
  t.ok(load.acknowledged.length > 300, `${load.acknowledged.length} writes acknowledged`);
  await nodesReady();
  t.strictSame(lives(await allReady()), before, 'no pod noticed');
});

step('an agent killed adopts its containers again', async (t) => {
  const before = lives(await allReady());
  const pattern = /main\.ts agent/;
  const pid = findProcess(own, node, pattern);
  process.kill(pid, 'SIGKILL');
  await respawned(pattern, pid);
  await kubectl.ok([
    'run',
    'after-agent',
    '--image=busybox:1.35',
    '--restart=Never',
    `--overrides={"spec":{"nodeName":"${node}"}}`,
    '--',
    'true',
  ]);
  await kubectl.ok([
    'wait',
    '--for=jsonpath={.status.phase}=Succeeded',
    'pod/after-agent',
    '--timeout=30s',
  ]);
  await kubectl.ok(['delete', 'pod', 'after-agent']);
  await nodesReady();
  t.strictSame(lives(await allReady()), before, 'nothing restarted');
  t.equal(countMarked(own, marker), replicas, 'nothing runs twice');
});

step('containerd killed leaves its containers running', async (t) => {
  const pods = await allReady();
  const pattern = /^containerd --config/;
  const pid = findProcess(own, node, pattern);
  process.kill(pid, 'SIGKILL');
  await respawned(pattern, pid);
  const here = pods.find((pod) => pod.spec?.nodeName === node)?.metadata?.name ?? '';
  await waitFor('exec', async () => {
    return (await kubectl.run(['exec', here, '--', 'true'], { timeoutMs: 5000 })).code === 0;
  });
  await nodesReady();
  t.strictSame(lives(await allReady()), lives(pods), 'nothing restarted');
  t.equal(countMarked(own, marker), replicas, 'nothing runs twice');
});

step('a shim killed takes one pod with it, which is made anew', async (t) => {
  await allReady();
  process.kill(findProcess(own, node, /containerd-shim-runc-v2/), 'SIGKILL');
  await waitFor('a restart', async () => {
    const pods = await steadyPods();
    return pods.some((pod) => (containerStatus(pod)?.restartCount ?? 0) > 0);
  });
  const after = await allReady();
  t.equal(
    after.filter((pod) => containerStatus(pod)?.restartCount === 1).length,
    1,
    'one restarted',
  );
  await waitFor('one process a pod', () => countMarked(own, marker) === replicas);
  t.equal(countMarked(own, marker), replicas, 'nothing runs twice');
});

step('a node without power comes back with its pods', async (t) => {
  const before = await allReady();
  const pid = await nodePid(own, node);
  process.kill(pid, 'SIGKILL');
  await waitFor('the node', async () => (await nodePid(own, node)) !== pid);
  await waitFor('restarts', async () => {
    const pods = (await steadyPods()).filter((pod) => pod.spec?.nodeName === node);
    return pods.every((pod) => {
      const was = before.find((each) => each.metadata?.uid === pod.metadata?.uid);
      const count = containerStatus(pod)?.restartCount ?? 0;
      return was !== undefined && count > (containerStatus(was)?.restartCount ?? 0);
    });
  });
  await nodesReady();
  const after = await allReady();
  const uids = (pods: readonly V1Pod[]) => pods.map((pod) => pod.metadata?.uid);
  t.strictSame(uids(after), uids(before), 'the same pods');
  t.equal(countMarked(own, marker), replicas, 'nothing runs twice');
});

step('down and up again: the same cluster', async (t) => {
  const facts = async () => ({
    pods: (await steadyPods()).map((pod) => pod.metadata?.uid),
    nodes: (await nodesReady()).map((each) => [
      each.metadata?.uid,
      each.spec?.podCIDR,
      each.status?.addresses?.[0]?.address,
    ]),
    services: (await api.ok<{ items: V1Service[] }>('GET', '/api/v1/services')).items.map(
      (service) => [service.metadata?.uid, service.spec?.clusterIP],
    ),
    writes: (await written()).size,
  });
  const before = await facts();
  const restarts = (await allReady()).map((pod) => containerStatus(pod)?.restartCount ?? 0);
  await own.coracle('down', '--name', own.name);
  t.equal(countMarked(own, marker), 0, 'nothing runs');
  await own.coracle('up', '--name', own.name, '--wait', '60s');
  await waitFor('new sandboxes', async () => {
    const pods = await steadyPods();
    return pods.every((pod, i) => containerStatus(pod)?.restartCount === (restarts[i] ?? 0) + 1);
  });
  await allReady();
  t.strictSame(await facts(), before);
  await waitFor('one process a pod', () => countMarked(own, marker) === replicas);
  const again = await own.coracle('up', '--name', own.name);
  t.match(again, /is already running/);
});

step('pods that are deleted leave nothing on their nodes', async (t) => {
  await kubectl.ok(['delete', 'deployment,service', 'steady', '--timeout=60s']);
  await kubectl.ok(['wait', '--for=delete', 'pod', '-l', 'app=steady', '--timeout=60s']);
  for (const name of own.nodes) {
    let left: string[] = [];
    await waitFor(
      'a clean node',
      async () => {
        left = await podTraces(own, name);
        return left.length === 0;
      },
      { timeoutMs: 15_000 },
    ).catch(() => undefined);
    t.strictSame(left, [], name);
  }
});

t.test('the cluster goes without a trace', async (t) => {
  t.strictSame(await cluster.close(), []);
});
