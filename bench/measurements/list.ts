// LIST of many pods: how fast it is, and what others feel of it.
import type { LoadResult, Protocol } from '../load-job.ts';
import { type BenchContext, type Measurement, type Row, times } from '../measurement.ts';
import { createPods, inNamespace } from '../objects.ts';
import { runLoad } from '../processes.ts';
import type { Target } from '../target.ts';

const listGoalMegabytesPerSecond = 300;
const listedPods = 10_000;
const listRequests = 5;
const path = '/api/v1/namespaces/bench-list/pods';
/** Who lists while somebody else wants one small answer after the other. */
const listClients = 10;
const besideGoalMs = 20;

async function measureList(context: BenchContext, target: Target, protocol: Protocol) {
  const job = { kind: 'get', target, protocol, connections: 1 } as const;
  await runLoad({ ...job, path, requests: 1 });
  const whole = await times(context.runs, () => runLoad({ ...job, path, requests: listRequests }));
  const accept = 'application/vnd.kubernetes.protobuf';
  await runLoad({ ...job, path, accept, requests: 1 });
  const protobuf = await times(context.runs, () =>
    runLoad({ ...job, path, accept, requests: listRequests }),
  );
  const none = await times(context.runs, () =>
    runLoad({ ...job, path: `${path}?labelSelector=app%3Dnothing`, requests: 20 }),
  );
  const rate: Row = {
    ...listRow(`LIST of ${listedPods} pods, ${protocol}`, whole),
    goal: { atLeast: listGoalMegabytesPerSecond },
  };
  const empty: Row = {
    what: `the same with a selector that matches none, ${protocol}`,
    unit: 'ms',
    runs: none.map(({ p50Ms }) => p50Ms),
  };
  return [rate, listRow(`the same in protobuf, ${protocol}`, protobuf), empty];
}

function listRow(what: string, results: readonly LoadResult[]): Row {
  const last = results.at(-1);
  const megabytes = (last?.bytes ?? 0) / 1e6 / listRequests;
  return {
    what,
    unit: 'MB/s',
    runs: results.map(({ bytes, seconds }) => bytes / 1e6 / seconds),
    note: `${megabytes.toFixed(1)} MB in ${(last?.p50Ms ?? 0).toFixed(0)} ms`,
    ...(last === undefined ? {} : { health: last.health }),
  };
}

/** One client GETs while ten LIST everything. */
async function measureBeside(context: BenchContext, target: Target, protocol: Protocol) {
  const { durationMs } = context;
  const results = await times(context.runs, async () => {
    const listing = runLoad({
      kind: 'get',
      target,
      protocol,
      path,
      connections: listClients,
      // The GETs begin later and end earlier.
      durationMs: durationMs + 2000,
    });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const one = { kind: 'get', target, protocol, path: `${path}/pod-0`, connections: 1 } as const;
    const got = await runLoad({ ...one, durationMs });
    return { got, lists: await listing };
  });
  const last = results.at(-1);
  const row: Row = {
    what: `GET of a pod while ${listClients} clients LIST, p99, ${protocol}`,
    unit: 'ms',
    runs: results.map(({ got }) => got.p99Ms),
    goal: { atMost: besideGoalMs },
    note:
      `p50 ${(last?.got.p50Ms ?? 0).toFixed(1)} ms, longest ${(last?.got.maxMs ?? 0).toFixed(0)} ` +
      `ms; meanwhile ${(last?.lists.requests ?? 0).toFixed(0)} LISTs`,
  };
  return row;
}

export const list: Measurement = {
  name: 'list',
  title: 'LIST of 10,000 pods',
  run: (context) =>
    inNamespace(context, 'bench-list', async (target) => {
      context.progress(`making ${listedPods} pods`);
      await createPods(target, 'bench-list', listedPods);
      const rows: Row[] = [];
      for (const protocol of context.protocols) {
        rows.push(...(await measureList(context, target, protocol)));
        rows.push(await measureBeside(context, target, protocol));
      }
      return rows;
    }),
};
