// Controllers on the real API over memory for tests, on a clock that moves only while a test waits.
import { adminToken, type TestApi, testApi } from '../api/api.fixture.ts';
import type { Client } from '../client/client.ts';
import { withToken } from '../client/credentials.ts';
import { createDirectTransport } from '../client/direct.ts';
import { namespaces, nodes, pods, serviceAccounts } from '../client/resource-ref.ts';
import { createClient } from '../client/rest-client.ts';
import { VirtualClock } from '../clock.ts';
import { createLogger, silentLogger } from '../logger.ts';
import type { Node, Pod } from '../objects.ts';
import { seededRandom } from '../random.ts';
import { serviceAccountClients } from './identity.ts';
import { type Controller, type ControllerOptions, runControllers } from './runner.ts';

export interface TestCluster {
  readonly clock: VirtualClock;
  readonly client: Client;
  readonly call: TestApi['call'];
  /** Moves time on until `check` gives something; fails after `limitMs` of cluster time. */
  until<T>(what: string, check: () => Promise<T | false | undefined>, limitMs?: number): Promise<T>;
  /** Moves time on by `durationMs`, letting all work that falls due be done. */
  pass(durationMs: number): Promise<void>;
  /** What a kubelet would say: the pods run and are ready. */
  runPods(namespace?: string): Promise<void>;
  close(): Promise<void>;
}

/** Where `runPods` puts pods; nothing makes its Node object. */
export const testNode = 'test-node';
const stepMs = 100;
/** A request that waits for time to pass must not keep it from passing. */
const settleTurnsMax = 20_000;
const waitDefaultMs = 60_000;

/** Each controller calls as its own service account, as in a real server. */
export async function testCluster(
  controllers: readonly Controller[],
  options: ControllerOptions | ((api: TestApi) => ControllerOptions) = {},
): Promise<TestCluster> {
  const clock = new VirtualClock();
  const random = seededRandom(3);
  const test = await testApi({ clock });
  // Also those that have no seat yet: tokens are checked on other threads, in real time.
  let answering = 0;
  const bare = createDirectTransport(async (request) => {
    answering++;
    try {
      return await test.api.handler(request);
    } finally {
      answering--;
    }
  });
  const admin = withToken(bare, adminToken);
  const client = createClient(admin, { userAgent: 'test', clock });
  const logger =
    process.env.TEST_LOG === undefined
      ? silentLogger
      : createLogger({ clock, level: 'debug', write: (line) => console.error(line) });
  for (const name of ['default', 'kube-system', 'kube-node-lease']) {
    await client.create(namespaces, { metadata: { name } }).catch(() => undefined);
  }
  const account = { metadata: { name: 'default', namespace: 'default' } };
  await client.create(serviceAccounts, account);
  const stopping = new AbortController();
  const running = runControllers(controllers, {
    clientFor: serviceAccountClients(client, { clock, transport: bare }),
    clock,
    random,
    logger,
    signal: stopping.signal,
    options: typeof options === 'function' ? options(test) : options,
  });

  /** Turns of the loop until nothing is under way: answers, informers, queues that are due. */
  const settle = async () => {
    for (let idle = 0, turns = 0; idle < 10 && turns < settleTurnsMax; turns++) {
      await new Promise((resolve) => setImmediate(resolve));
      idle = answering + test.api.pendingWork() > 0 ? 0 : idle + 1;
    }
  };
  let addresses = 0;
  const pass = (durationMs: number) => clock.advance(durationMs, settle);
  const cluster: TestCluster = {
    clock,
    client,
    call: test.call,
    pass,
    async until(what, check, limitMs = waitDefaultMs) {
      const endMs = clock.nowMs() + limitMs;
      for (;;) {
        await settle();
        const found = await check();
        if (found !== undefined && found !== false) return found;
        if (clock.nowMs() > endMs) throw new Error(`waited in vain until ${what}`);
        await pass(stepMs);
      }
    },
    async runPods(namespace = 'default') {
      for (const pod of (await client.list(pods, { namespace })).items)
        await runPod(client, pod, `10.1.0.${++addresses}`);
    },
    async close() {
      stopping.abort();
      await running.stopped;
      test.api.close();
    },
  };
  await cluster.until('controllers run', async () => {
    let ready = false;
    void running.ready().then(() => {
      ready = true;
    });
    await Promise.resolve();
    return ready;
  });
  return cluster;
}

/** Binds a pod and reports it running and ready, or ends it when it is being deleted. */
async function runPod(client: Client, pod: Pod, podIP: string): Promise<void> {
  const { name = '', namespace = '', deletionTimestamp } = pod.metadata ?? {};
  if (deletionTimestamp !== undefined) {
    await client.delete(pods, namespace, name, { gracePeriodSeconds: 0 });
    return;
  }
  if (pod.status?.phase === 'Running') return;
  if ((pod.spec?.nodeName ?? '') === '') {
    const target = { apiVersion: 'v1', kind: 'Node', name: testNode };
    const path = `/api/v1/namespaces/${namespace}/pods/${name}/binding`;
    await client.raw('POST', path, { metadata: { name }, target });
  }
  const lastTransitionTime = pod.metadata?.creationTimestamp ?? '';
  const status = {
    phase: 'Running',
    podIP,
    podIPs: [{ ip: podIP }],
    conditions: [{ type: 'Ready', status: 'True', lastTransitionTime }],
  };
  await client.patch(pods, namespace, name, 'strategic', { status }, { subresource: 'status' });
}

/** A node that has reported itself ready. */
export async function readyNode(client: Client, name: string, now: string): Promise<Node> {
  await client.create(nodes, { metadata: { name } });
  const status = {
    conditions: [
      { type: 'Ready', status: 'True', lastHeartbeatTime: now, lastTransitionTime: now },
    ],
  };
  return client.patch(nodes, '', name, 'strategic', { status }, { subresource: 'status' });
}
