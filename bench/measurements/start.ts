// Cold start of the API server: only servers of our own can be started.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BenchContext, type Measurement, type Row, times } from '../measurement.ts';
import { type StartOptions, startOwnServer } from '../own-server.ts';

const readyGoalMs = 1500;
const bundle = fileURLToPath(new URL('../../dist/coracle.js', import.meta.url));

async function startAndStop(options: StartOptions, directory?: string): Promise<number> {
  const server = await startOwnServer(options, directory);
  await server.stop();
  return server.readyMs;
}

function scratch<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'coracle-bench-'));
  return use(folder).finally(() => rmSync(folder, { recursive: true, force: true }));
}

async function measureStart(context: BenchContext): Promise<readonly Row[]> {
  const row = (what: string, runs: readonly number[]): Row => ({
    what: `cold start to /readyz: ${what}`,
    unit: 'ms',
    runs,
    goal: { atMost: readyGoalMs },
  });
  const first = await times(context.runs, () =>
    scratch((compileCache) => startAndStop({ ...context.start, compileCache })),
  );
  await startAndStop(context.start);
  const warm = await times(context.runs, () => startAndStop(context.start));
  const again = await scratch(async (directory) => {
    await startAndStop(context.start, directory);
    return await times(context.runs, () => startAndStop(context.start, directory));
  });
  const rows = [
    row('first run of a clone (nothing compiled yet)', first),
    row('clone, new cluster', warm),
    row('clone, existing cluster', again),
  ];
  if (!existsSync(bundle)) return rows;
  const built = { ...context.start, command: [process.execPath, bundle] };
  await startAndStop(built);
  return [...rows, row('dist/, new cluster', await times(context.runs, () => startAndStop(built)))];
}

export const start: Measurement = { name: 'start', title: 'cold start', run: measureStart };
