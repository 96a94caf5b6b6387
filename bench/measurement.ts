// The shape of a measurement and of the rows that it yields.
import type { Health } from './health.ts';
import type { Protocol } from './load-job.ts';
import type { OwnServer, StartOptions } from './own-server.ts';
import type { Target } from './target.ts';

/** One line of the table: the median of several runs, and each run. */
export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly runs: readonly number[];
  /** What the project wants to reach; `atMost` for times and memory, `atLeast` for rates. */
  readonly goal?: { readonly atMost: number } | { readonly atLeast: number };
  readonly note?: string;
  /** Of the load process of the last run. */
  readonly health?: Health;
}

export interface BenchContext {
  /** The server that is measured: the one in the kubeconfig, or one of our own. */
  target(): Promise<Target>;
  /** Our own server, where there is no kubeconfig: only of that one can memory be read. */
  ownServer(): Promise<OwnServer | undefined>;
  /** The resident bytes of the measured server's process, where it is known. */
  weigh(): Promise<(() => number) | undefined>;
  /** How servers of our own are started, for those who start several. */
  readonly start: StartOptions;
  readonly kubeconfig?: string;
  readonly protocols: readonly Protocol[];
  readonly runs: number;
  /** How long each run of a rate lasts. */
  readonly durationMs: number;
  readonly podImage: string;
  readonly nodes: number;
  readonly pods: number;
  progress(text: string): void;
}

export interface Measurement {
  readonly name: string;
  readonly title: string;
  run(context: BenchContext): Promise<readonly Row[]>;
}

/** Does it so many times, one after the other. */
export async function times<T>(count: number, run: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let index = 0; index < count; index++) results.push(await run(index));
  return results;
}
