// From create to Running: of one pod after the other, and of twenty at once.
import { type BenchContext, type Measurement, type Row, times } from '../measurement.ts';
import { createNamespace, deleteNamespace, must } from '../objects.ts';
import { PodWatch } from '../pod-watch.ts';
import { ascending, percentile } from '../statistics.ts';
import type { Target } from '../target.ts';

const oneAfterTheOther = 20;
const atOnce = 20;
const startTimeoutMs = 60_000;

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
