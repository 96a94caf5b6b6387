// The real API on memory with a scheduler, and short words for nodes and pods, for tests.
import { adminToken, testApi } from '../api/api.fixture.ts';
import type { Client } from '../client/client.ts';
import { withHeaders, withToken } from '../client/credentials.ts';
import { createDirectTransport } from '../client/direct.ts';
import { nodes, pods } from '../client/resource-ref.ts';
import { createClient } from '../client/rest-client.ts';
import { systemClock } from '../clock.ts';
import { silentLogger } from '../logger.ts';
import type { Node, Pod, PodSpec } from '../objects.ts';
import { seededRandom } from '../random.ts';
import { type RunningScheduler, startScheduler } from './scheduler.ts';

export interface TestCluster {
  readonly client: Client;
  readonly scheduler: RunningScheduler;
  createNode(name: string, options?: NodeOptions): Promise<Node>;
  createPod(name: string, spec?: Partial<PodSpec>): Promise<Pod>;
  /** Resolves when the scheduler has nothing left to do or to write. */
  settle(): Promise<void>;
  /** Resolves with the pod once it is as wanted. */
  until(name: string, wanted: (pod: Pod) => boolean): Promise<Pod>;
  close(): Promise<void>;
}

export interface NodeOptions {
  readonly labels?: Record<string, string>;
  readonly allocatable?: Record<string, string>;
  readonly spec?: Node['spec'];
}

/** With `identity` the scheduler stands for election. */
export async function testCluster(
  options: { readonly identity?: string } = {},
): Promise<TestCluster> {
  const test = await testApi();
  const { api } = test;
  const stopping = new AbortController();
  const transport = withToken(createDirectTransport(api.handler), adminToken, { own: true });
  const client = createClient(transport, { userAgent: 'test' });
  await test.call('POST', '/api/v1/namespaces', { metadata: { name: 'default' } });
  await test.call('POST', '/api/v1/namespaces/default/serviceaccounts', {
    metadata: { name: 'default' },
  });
  // With no more rights than the bootstrap policy gives it.
  const own = withHeaders(transport, { 'impersonate-user': 'system:kube-scheduler' });
  const scheduler = startScheduler({
    client: createClient(own, { userAgent: 'kube-scheduler' }),
    clock: systemClock,
    random: seededRandom(1),
    logger: silentLogger,
    signal: stopping.signal,
    ...options,
  });
  await scheduler.ready();
  return {
    client,
    scheduler,
    async createNode(name, options = {}) {
      const wanted = nodeOf(name, options);
      await client.create(nodes, wanted);
      const status = { status: wanted.status };
      await client.patch(nodes, '', name, 'merge', status, { subresource: 'status' });
      // Admission has given it the taint of a node that is not ready.
      const spec = { taints: null, ...wanted.spec };
      return client.patch(nodes, '', name, 'merge', { spec });
    },
    createPod: (name, spec) => client.create(pods, podOf(name, spec)),
    async settle() {
      while (scheduler.pending() > 0) await new Promise((resolve) => setImmediate(resolve));
    },
    async until(name, wanted) {
      const selection = { namespace: 'default', fieldSelector: `metadata.name=${name}` };
      const watching = new AbortController();
      const options = { ...selection, sendInitialEvents: true, signal: watching.signal };
      try {
        for await (const { type, object } of client.watch(pods, options)) {
          if (type !== 'BOOKMARK' && wanted(object)) return object;
        }
      } finally {
        watching.abort();
      }
      throw new Error(`cannot wait for pod ${name}: the watch ended`);
    },
    async close() {
      stopping.abort();
      await scheduler.stopped;
      await api.close();
      await transport.close();
    },
  };
}

/** A node with room for 4 CPUs, 8 GiB and 110 pods, unless `options` says else. */
export function nodeOf(name: string, options: NodeOptions = {}): Node {
  const { labels = {}, allocatable = {}, spec } = options;
  const room = { cpu: '4', memory: '8Gi', pods: '110', ...allocatable };
  return {
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
    ...(spec === undefined ? {} : { spec }),
    status: { allocatable: room, capacity: room },
  };
}

/** A pod of one container, in `default`. */
export function podOf(name: string, spec: Partial<PodSpec> = {}): Pod {
  return {
    metadata: { name, namespace: 'default', uid: name },
    spec: { containers: [containerOf()], ...spec },
  };
}

export function containerOf(requests?: Record<string, string>): PodSpec['containers'][number] {
  const resources = requests === undefined ? {} : { resources: { requests } };
  return { name: 'main', image: 'registry.example/app:1', ...resources };
}
