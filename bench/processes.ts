// Starts load processes and waits for their results; each is a Node.js process of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { CreateJob, GetJob, LoadResult, WatchJob, WatchResult } from './load-job.ts';

const loadFile = fileURLToPath(new URL('./load.ts', import.meta.url));

function start(job: object): { child: ChildProcess; lines: AsyncIterableIterator<string> } {
  const child = spawn(process.execPath, [loadFile, JSON.stringify(job)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  if (child.stdout === null) throw new Error('the load process has no output');
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

async function nextLine(lines: AsyncIterableIterator<string>): Promise<string> {
  const { value, done } = await lines.next();
  if (done === true) throw new Error('the load process ended without a result');
  return value as string;
}

/** Runs one job to its end. */
export async function runLoad(job: GetJob | CreateJob): Promise<LoadResult> {
  const { lines } = start(job);
  return JSON.parse(await nextLine(lines)) as LoadResult;
}

/** Opens all watches, then does `meanwhile`, then collects what the watchers saw. */
export async function runWatchers(
  job: WatchJob,
  meanwhile: () => Promise<void>,
): Promise<WatchResult> {
  const { child, lines } = start(job);
  await nextLine(lines);
  await meanwhile();
  child.stdin?.end();
  return JSON.parse(await nextLine(lines)) as WatchResult;
}
