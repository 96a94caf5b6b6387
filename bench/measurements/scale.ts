// Many pods on many simulated nodes, from their Deployments to all of them Running.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchContext, Measurement, Row } from '../measurement.ts';
import { createNamespace, deleteNamespace, must } from '../objects.ts';
import { startOwnServer } from '../own-server.ts';
import { PodWatch } from '../pod-watch.ts';
import type { Target } from '../target.ts';

const scaleTimeoutMs = 300_000;
const deployments = 10;

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
