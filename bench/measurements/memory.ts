// Memory of the API server: idle, and full of pods that have been listed.
import { type BenchContext, type Measurement, type Row, times } from '../measurement.ts';
import { createPods, inNamespace } from '../objects.ts';
import { startOwnServer } from '../own-server.ts';
import { runLoad } from '../processes.ts';

const idleGoalMegabytes = 200;
/** Long enough for start-up garbage to be collected. */
const idleMs = 5000;
const heldPods = 30_000;
const heldPodBytes = 6144;

export const memory: Measurement = {
  name: 'memory',
  title: 'idle memory',
  async run(context) {
    if (context.kubeconfig !== undefined) return [];
    const runs = await times(context.runs, async () => {
      const server = await startOwnServer(context.start);
      await new Promise((resolve) => setTimeout(resolve, idleMs));
      const bytes = server.memoryBytes();
      await server.stop();
      return bytes / 1e6;
    });
    const goal = { atMost: idleGoalMegabytes };
    return [{ what: 'idle memory of the server', unit: 'MB', runs, goal }];
  },
};

async function measureHeld(context: BenchContext): Promise<readonly Row[]> {
  const weigh = await context.weigh();
  if (weigh === undefined) return [];
  return await inNamespace(context, 'bench-held', async (target) => {
    await createPods(target, 'bench-held', heldPods, heldPodBytes);
    const list = {
      kind: 'get',
      target,
      protocol: 'http/1.1',
      path: '/api/v1/namespaces/bench-held/pods',
      connections: 1,
      requests: 1,
    } as const;
    await runLoad(list);
    await runLoad({ ...list, accept: 'application/vnd.kubernetes.protobuf' });
    const listedBytes = weigh();
    await new Promise((resolve) => setTimeout(resolve, idleMs));
    const what = `memory with ${heldPods} pods of 6 KB`;
    return [
      {
        what: `${what}, after a LIST in JSON and one in protobuf`,
        unit: 'MB',
        runs: [listedBytes / 1e6],
      },
      { what: `${what}, ${idleMs / 1000} s later`, unit: 'MB', runs: [weigh() / 1e6] },
    ];
  });
}

export const held: Measurement = {
  name: 'held',
  title: `memory with ${heldPods} pods`,
  run: measureHeld,
};
