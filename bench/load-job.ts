// What a load process is told to do and what it says when it is done.
import type { Health } from './health.ts';
import type { Target } from './target.ts';

export type Protocol = 'http/1.1' | 'http/2';

interface LoadBase {
  readonly target: Target;
  readonly protocol: Protocol;
  /** `http/1.1`: that many sockets; `http/2`: that many streams over a few sessions. */
  readonly connections: number;
}

/** Asks for the same path again and again for a time, or so many times. */
export interface GetJob extends LoadBase {
  readonly kind: 'get';
  readonly path: string;
  /** Media type of the answers; default: JSON. */
  readonly accept?: string;
  readonly durationMs?: number;
  readonly requests?: number;
}

/** Creates objects from one body, in which `%d` becomes a running number. */
export interface CreateJob extends LoadBase {
  readonly kind: 'create';
  readonly path: string;
  readonly body: string;
  readonly firstNumber: number;
  readonly durationMs?: number;
  readonly requests?: number;
}

/** Opens watches on one path and times each event by the `sent` stamp in it, until stdin ends. */
export interface WatchJob extends LoadBase {
  readonly kind: 'watch';
  readonly path: string;
}

export type LoadJob = GetJob | CreateJob | WatchJob;

export interface LoadResult {
  /** Per second, over all connections. */
  readonly rate: number;
  readonly requests: number;
  readonly failed: number;
  /** Body bytes of all answers. */
  readonly bytes: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly health: Health;
}

/** Per event: how long until half, and until all, of the watchers had it. */
export interface WatchResult {
  readonly events: readonly { readonly p50Ms: number; readonly lastMs: number }[];
  readonly received: number;
  /** From the first stamp to the last receipt, over everything received. */
  readonly rate: number;
  readonly health: Health;
}
