// From create to Running: of one pod after the other, of twenty at once, and of ten thousand.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BenchContext, type Measurement, type Row, times } from '../measurement.ts';
import { createNamespace, deleteNamespace, must } from '../objects.ts';
import { startOwnServer } from '../own-server.ts';
import { PodWatch } from '../pod-watch.ts';
import { ascending, percentile } from '../statistics.ts';
import type { Target } from '../target.ts';

const oneAfterTheOther = 20;
const atOnce = 20;
const startTimeoutMs = 60_000;
const scaleTimeoutMs = 300_000;
const deployments = 10;

function startedPod(name: string, image: string): string {
  const containers = [{ name: 'main', image, imagePullPolicy: 'IfNotPresent' }];
  return JSON.stringify({
    metadata: { name },
    // One that ends in its grace is deleted when it is gone from its node, and not before.
    spec: { containers, terminationGracePeriodSeconds: 1 },
  });
}

async function measurePods(context: BenchContext, target: Target): Promise<readonly Row[]> {
  const namespace = 'bench-pods';
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const watch = await PodWatch.open(target, namespace);
  let started = 0;
  const create = async (name: string) => {
    const createdMs = performance.now();
    const body = startedPod(name, context.podImage);
    await must(target, { method: 'POST', path, body });
    return createdMs;
  };
  const remove = (name: string) => must(target, { method: 'DELETE', path: `${path}/${name}` });
  const one = async (name: string) => {
    const createdMs = await create(name);
    await watch.waitForRunning(++started, startTimeoutMs);
    await remove(name);
    await watch.waitUntilGone(startTimeoutMs);
    return (watch.runningMs(name) ?? Number.NaN) - createdMs;
  };
  // The first one may pull the image.
  await one('first');
  const delays = await times(oneAfterTheOther, (index) => one(`single-${index}`));
  const together = await times(context.runs, async (run) => {
    const names = Array.from({ length: atOnce }, (_, index) => `together-${run}-${index}`);
    const createdMs = performance.now();
    await Promise.all(names.map(create));
    started += names.length;
    await watch.waitForRunning(started, startTimeoutMs);
    const tookMs = performance.now() - createdMs;
    await Promise.all(names.map(remove));
    await watch.waitUntilGone(startTimeoutMs);
    return tookMs;
  });
  watch.close();
  const sorted = ascending(delays);
  const what = 'create to Running, image present';
  return [
    { what: `${what}, p50`, unit: 'ms', runs: [percentile(sorted, 50)], goal: { atMost: 450 } },
    { what: `${what}, p99`, unit: 'ms', runs: [percentile(sorted, 99)] },
    { what: `${what}, ${atOnce} at once`, unit: 'ms', runs: together, goal: { atMost: 2500 } },
  ];
}

export const pods: Measurement = {
  name: 'pods',
  title: 'pod start',
  async run(context) {
    if (context.kubeconfig === undefined) return [];
    const target = await context.target();
    await createNamespace(target, 'bench-pods');
    try {
      return await measurePods(context, target);
    } finally {
      await deleteNamespace(target, 'bench-pods');
    }
  },
};

function deployment(name: string, replicas: number): string {
  const labels = { app: name };
  const containers = [{ name: 'main', image: 'registry.example.com/bench/app:1' }];
  return JSON.stringify({
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers } },
    },
  });
}

/** A server with controllers and scheduler, and one process that plays all the nodes. */
async function withSimulation<T>(
  context: BenchContext,
  use: (target: Target) => Promise<T>,
): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'coracle-bench-'));
  const server = await startOwnServer(context.start, directory);
  const names = Array.from({ length: context.nodes }, (_, index) => `node-${index + 1}`);
  const [program = '', ...words] = context.start.command;
  const agent = spawn(
    program,
    [
      ...words,
      'agent',
      ...['--runtime', 'simulated'],
      ...['--name', names.join(',')],
      ...['--server', `https://127.0.0.1:${server.target.port}`],
      ...['--ca-file', join(directory, 'pki/ca.crt')],
      ...['--certificate-file', join(directory, 'pki/simulated-nodes.crt')],
      ...['--key-file', join(directory, 'pki/simulated-nodes.key')],
      ...['--log-level', 'error'],
      ...['--data-dir', join(directory, 'nodes')],
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  try {
    return await use(server.target);
  } finally {
    const ended = new Promise((resolve) => agent.once('exit', resolve));
    if (agent.exitCode === null && agent.kill('SIGTERM')) await ended;
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

interface NodeList {
  readonly items: readonly {
    readonly status?: {
      readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    };
  }[];
}

async function waitForNodes(target: Target, count: number): Promise<number> {
  const startMs = performance.now();
  for (;;) {
    const list = (await must(target, { method: 'GET', path: '/api/v1/nodes' })) as NodeList;
    const ready = list.items.filter(({ status }) =>
      status?.conditions?.some((each) => each.type === 'Ready' && each.status === 'True'),
    ).length;
    if (ready >= count) return performance.now() - startMs;
    if (performance.now() - startMs > scaleTimeoutMs) {
      throw new Error(`${ready} of ${count} nodes are ready`);
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function measureScale(context: BenchContext, target: Target): Promise<readonly Row[]> {
  const namespace = 'bench-scale';
  const nodesMs = context.kubeconfig === undefined ? await waitForNodes(target, context.nodes) : 0;
  await createNamespace(target, namespace);
  const watch = await PodWatch.open(target, namespace);
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments`;
  const startMs = performance.now();
  const each = Math.ceil(context.pods / deployments);
  for (let index = 0; index < deployments; index++) {
    await must(target, { method: 'POST', path, body: deployment(`app-${index}`, each) });
  }
  try {
    await watch.waitForRunning(each * deployments, scaleTimeoutMs);
  } finally {
    watch.close();
    if (context.kubeconfig !== undefined) await deleteNamespace(target, namespace);
  }
  const seconds = (performance.now() - startMs) / 1000;
  const what = `${context.pods} pods on ${context.nodes} simulated nodes, all Running`;
  const rows: Row[] = [{ what, unit: 's', runs: [seconds], goal: { atMost: 60 } }];
  if (context.kubeconfig !== undefined) return rows;
  const joined = `${context.nodes} simulated nodes, all Ready`;
  return [{ what: joined, unit: 's', runs: [nodesMs / 1000] }, ...rows];
}

export const scale: Measurement = {
  name: 'scale',
  title: 'many simulated nodes',
  async run(context) {
    if (context.kubeconfig !== undefined) {
      return await measureScale(context, await context.target());
    }
    return await withSimulation(context, (target) => measureScale(context, target));
  },
};
