// Watch fan-out: how soon one event is with every one of 1,000 watchers, and how many go out.
import { type Connection, openConnections } from '../connection.ts';
import type { Protocol } from '../load-job.ts';
import { type BenchContext, type Measurement, type Row, times } from '../measurement.ts';
import { createNamespace, deleteNamespace, must } from '../objects.ts';
import { runWatchers } from '../processes.ts';
import { median } from '../statistics.ts';
import type { Target } from '../target.ts';

const watchers = 1000;
const singleEvents = 10;
const burstEvents = 100;
const pauseMs = 150;
/** How long the last watcher may take after the last write. */
const drainMs = 1500;
const goalMs = 20;
const collection = '/api/v1/namespaces/bench-watch/configmaps';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function touch(connection: Connection): Promise<void> {
  const sent = String(process.hrtime.bigint());
  const { status } = await connection.ask({
    method: 'PATCH',
    path: `${collection}/watched`,
    body: JSON.stringify({ data: { sent } }),
    contentType: 'application/merge-patch+json',
  });
  if (status !== 200) throw new Error(`the watched object's change was answered ${status}`);
}

/** The connection is fresh: servers cut those that are idle while the watches are opened. */
async function withWriter(target: Target, write: (writer: Connection) => Promise<void>) {
  const [writer] = await openConnections(target, 'http/1.1', 1);
  if (writer === undefined) throw new Error('no connection to write with');
  try {
    await write(writer);
  } finally {
    writer.close();
  }
}

async function measure(
  context: BenchContext,
  target: Target,
  protocol: Protocol,
): Promise<readonly Row[]> {
  const watch = { kind: 'watch', target, protocol, connections: watchers } as const;
  const path = `${collection}?watch=1&fieldSelector=metadata.name%3Dwatched`;
  const fresh = async () => {
    await must(target, { method: 'DELETE', path: `${collection}/watched` }, [404]);
    const body = JSON.stringify({ metadata: { name: 'watched' } });
    await must(target, { method: 'POST', path: collection, body });
  };
  const single = await times(context.runs, async () => {
    await fresh();
    return await runWatchers({ ...watch, path }, () =>
      withWriter(target, async (writer) => {
        for (let event = 0; event < singleEvents; event++) {
          await touch(writer);
          await pause(pauseMs);
        }
      }),
    );
  });
  const burst = await times(context.runs, async () => {
    await fresh();
    return await runWatchers({ ...watch, path }, () =>
      withWriter(target, async (writer) => {
        for (let event = 0; event < burstEvents; event++) await touch(writer);
        await pause(drainMs);
      }),
    );
  });
  const health = single.at(-1)?.health;
  const who = `${watchers} watchers, ${protocol}`;
  return [
    {
      what: `one event to ${who}, until half have it`,
      unit: 'ms',
      runs: single.map(({ events }) => median(events.map(({ p50Ms }) => p50Ms))),
      goal: { atMost: goalMs },
      ...(health === undefined ? {} : { health }),
    },
    {
      what: `one event to ${who}, until the last has it`,
      unit: 'ms',
      runs: single.map(({ events }) => median(events.map(({ lastMs }) => lastMs))),
    },
    {
      what: `${burstEvents} events at once to ${who}`,
      unit: '/s',
      runs: burst.map(({ rate }) => rate),
      note: `${burst.at(-1)?.received ?? 0} of ${watchers * burstEvents} received`,
    },
  ];
}

export const watch: Measurement = {
  name: 'watch',
  title: 'watch fan-out',
  async run(context) {
    const target = await context.target();
    await createNamespace(target, 'bench-watch');
    try {
      const rows = await times(context.protocols.length, (index) =>
        measure(context, target, context.protocols[index] ?? 'http/1.1'),
      );
      return rows.flat();
    } finally {
      await deleteNamespace(target, 'bench-watch');
    }
  },
};
