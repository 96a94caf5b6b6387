// GET and create: rates and delays of small requests.
import type { CreateJob, GetJob, LoadResult, Protocol } from '../load-job.ts';
import { type BenchContext, type Measurement, type Row, times } from '../measurement.ts';
import { createPods, idlePod, inNamespace } from '../objects.ts';
import { runLoad } from '../processes.ts';
import type { Target } from '../target.ts';

const getGoalPerSecond = 10_000;
const createGoalPerSecond = 2500;
/** The first second of a connection is spent on compiling and growing, on both sides. */
const warmUpMs = 1000;

/** A result with what the server's process spent per request; on a shared machine it says more. */
interface Costed extends LoadResult {
  readonly processorMs?: number;
}

/** Runs one job, and weighs our own server meanwhile. */
async function runCosted(context: BenchContext, job: GetJob | CreateJob): Promise<Costed> {
  const server = await context.ownServer();
  const beforeMs = server?.processorMs() ?? 0;
  const result = await runLoad(job);
  if (server === undefined) return result;
  return { ...result, processorMs: (server.processorMs() - beforeMs) / result.requests };
}

function rateRow(what: string, results: readonly Costed[], goal?: number): Row {
  const last = results.at(-1);
  const failed = results.reduce((sum, each) => sum + each.failed, 0);
  return {
    what,
    unit: '/s',
    runs: results.map(({ rate }) => rate),
    ...(goal === undefined ? {} : { goal: { atLeast: goal } }),
    ...(last === undefined ? {} : { health: last.health }),
    note:
      `p50 ${(last?.p50Ms ?? 0).toFixed(2)} ms, p99 ${(last?.p99Ms ?? 0).toFixed(2)} ms` +
      (last?.processorMs === undefined
        ? ''
        : `, server CPU ${last.processorMs.toFixed(3)} ms each`) +
      (failed > 0 ? `, ${failed} FAILED` : ''),
  };
}

async function measureGet(context: BenchContext, target: Target, protocol: Protocol) {
  const job = {
    kind: 'get',
    target,
    protocol,
    path: '/api/v1/namespaces/bench-get/pods/pod-0',
  } as const;
  await runLoad({ ...job, connections: 64, durationMs: warmUpMs });
  const many = await times(context.runs, () =>
    runCosted(context, { ...job, connections: 64, durationMs: context.durationMs }),
  );
  const one = await times(context.runs, () =>
    runLoad({ ...job, connections: 1, durationMs: context.durationMs / 2 }),
  );
  const alone: Row = {
    what: `GET of a pod, 1 client, p50, ${protocol}`,
    unit: 'ms',
    runs: one.map(({ p50Ms }) => p50Ms),
  };
  return [rateRow(`GET of a pod, 64 clients, ${protocol}`, many, getGoalPerSecond), alone];
}

export const get: Measurement = {
  name: 'get',
  title: 'GET of a 4 KB pod',
  run: (context) =>
    inNamespace(context, 'bench-get', async (target) => {
      await createPods(target, 'bench-get', 1);
      const rows = await times(context.protocols.length, (index) =>
        measureGet(context, target, context.protocols[index] ?? 'http/1.1'),
      );
      return rows.flat();
    }),
};

export const create: Measurement = {
  name: 'create',
  title: 'durable creates',
  run: (context) =>
    inNamespace(context, 'bench-create', async (target) => {
      let firstNumber = 0;
      const rows: Row[] = [];
      for (const protocol of context.protocols) {
        for (const connections of [1, 16, 64]) {
          const results = await times(context.runs, async () => {
            const result = await runCosted(context, {
              kind: 'create',
              target,
              protocol,
              connections,
              path: '/api/v1/namespaces/bench-create/pods',
              body: idlePod(),
              firstNumber,
              durationMs: context.durationMs,
            });
            firstNumber += result.requests;
            return result;
          });
          const who = connections === 1 ? '1 client' : `${connections} clients`;
          const goal = connections === 64 ? createGoalPerSecond : undefined;
          rows.push(rateRow(`creates of a 4 KB pod, ${who}, ${protocol}`, results, goal));
        }
      }
      return rows;
    }),
};
