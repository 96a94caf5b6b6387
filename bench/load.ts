// One load process: does the job that it is given as its argument and prints the result as JSON.
import { type Connection, openConnections } from './connection.ts';
import { observeHealth } from './health.ts';
import type { CreateJob, GetJob, LoadJob, LoadResult, WatchJob, WatchResult } from './load-job.ts';
import { ascending, median, percentile } from './statistics.ts';

/** Every client asks the next as soon as it has the answer to the last. */
async function repeat(job: GetJob | CreateJob): Promise<LoadResult> {
  const connections = await openConnections(job.target, job.protocol, job.connections);
  const health = observeHealth();
  const tookMs: number[] = [];
  let number = job.kind === 'create' ? job.firstNumber : 0;
  let left = job.requests ?? Number.POSITIVE_INFINITY;
  let [bytes, failed] = [0, 0];
  const startMs = performance.now();
  const endMs = startMs + (job.durationMs ?? Number.POSITIVE_INFINITY);
  const client = async (connection: Connection) => {
    while (left > 0 && performance.now() < endMs) {
      left--;
      const askedMs = performance.now();
      const answer = await connection.ask(
        job.kind === 'get'
          ? { method: 'GET', path: job.path, accept: job.accept }
          : { method: 'POST', path: job.path, body: job.body.replace('%d', String(number++)) },
      );
      tookMs.push(performance.now() - askedMs);
      bytes += answer.bytes;
      if (answer.status >= 300) failed++;
    }
  };
  await Promise.all(connections.map(client));
  const seconds = (performance.now() - startMs) / 1000;
  for (const connection of connections) connection.close();
  const sorted = ascending(tookMs);
  return {
    rate: sorted.length / seconds,
    requests: sorted.length,
    failed,
    bytes,
    seconds,
    p50Ms: percentile(sorted, 50),
    p99Ms: percentile(sorted, 99),
    maxMs: percentile(sorted, 100),
    health: health.stop(),
  };
}

/** Stamps are of the machine's monotonic clock, which all processes share. */
const stamp = /"sent":"(\d+)"/;

async function watch(job: WatchJob): Promise<WatchResult> {
  const connections = await openConnections(job.target, job.protocol, job.connections);
  const health = observeHealth();
  const delaysMs = new Map<string, number[]>();
  let open = 0;
  let [received, firstNs, lastNs] = [0, Number.POSITIVE_INFINITY, 0];
  const seen = (line: string) => {
    const sent = stamp.exec(line)?.[1];
    // The bookmark or object that every watch starts with says that it is open.
    if (sent === undefined) {
      if (++open === connections.length) process.stdout.write('{"open":true}\n');
      return;
    }
    const nowNs = Number(process.hrtime.bigint());
    const delays = delaysMs.get(sent) ?? [];
    delays.push((nowNs - Number(sent)) / 1e6);
    delaysMs.set(sent, delays);
    received++;
    firstNs = Math.min(firstNs, Number(sent));
    lastNs = nowNs;
  };
  for (const connection of connections) {
    let rest = '';
    const onData = (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) seen(line);
    };
    connection.ask({ method: 'GET', path: job.path, onData }).catch(() => undefined);
  }
  await new Promise((resolve) => process.stdin.resume().once('end', resolve));
  for (const connection of connections) connection.close();
  return {
    events: [...delaysMs.values()].map((delays) => ({
      p50Ms: median(delays),
      lastMs: Math.max(...delays),
    })),
    received,
    rate: received / ((lastNs - firstNs) / 1e9),
    health: health.stop(),
  };
}

const job = JSON.parse(process.argv[2] ?? '') as LoadJob;
const result = job.kind === 'watch' ? await watch(job) : await repeat(job);
process.stdout.write(`${JSON.stringify(result)}\n`);
