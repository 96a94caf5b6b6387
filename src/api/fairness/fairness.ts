// API priority and fairness: who may start now, who waits for a seat, and who comes too much.
import { createHash } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { Metrics } from '../../metrics.ts';
import type { FlowSchema, PriorityLevelConfiguration } from '../../objects.ts';
import {
  catchAllLevel,
  catchAllSchema,
  exemptLevel,
  exemptSchema,
} from '../../registry/flowcontrol/bootstrap.ts';
import { compareFlowSchemas } from '../../registry/flowcontrol/flow-schema.ts';
import type { User } from '../../registry/resource.ts';
import type { RequestInfo } from '../request-info.ts';
import { adjustSeats, borrowingPeriodMs } from './borrowing.ts';
import { FlowMetrics, type FlowSeries } from './flow-metrics.ts';
import { matchesSchema } from './flow-rules.ts';
import { InFlight } from './in-flight.ts';
import { modeOf, PriorityLevel } from './priority-level.ts';
import { queueWaitMaxMs, Seat } from './seat.ts';
import { Turns } from './turns.ts';
import { WatchCounts } from './watch-counts.ts';
import { estimateWork, type StoredStats } from './work-estimate.ts';

/** Upstream's --max-requests-inflight and --max-mutating-requests-inflight; seats are their sum. */
export const defaultInFlight = { requests: 400, mutatingRequests: 200 } as const;

export interface FairnessOptions {
  readonly metrics: Metrics;
  /** Wall time: what is shared out is this machine's. */
  readonly clock: Clock;
  /** The same in fractions of milliseconds; never goes back. */
  readonly nowMs?: () => number;
  readonly maxRequestsInFlight?: number;
  readonly maxMutatingRequestsInFlight?: number;
  /** What is stored of a request's resource; undefined when it is not stored here. */
  readonly stats?: (info: RequestInfo) => StoredStats | undefined;
}

/** A schema in use, with the level it leads to. */
interface Flow {
  readonly schema: FlowSchema;
  readonly level: PriorityLevel;
  readonly series: FlowSeries;
}

export class Fairness {
  readonly turns = new Turns();
  readonly watches = new WatchCounts();
  readonly inFlightCounts: InFlight;
  readonly #options: FairnessOptions;
  readonly #metrics: FlowMetrics;
  readonly #serverSeats: number;
  readonly #levels = new Map<string, PriorityLevel>();
  #flows: readonly Flow[] = [];
  #timer: { cancel(): void } | undefined;

  constructor(options: FairnessOptions) {
    this.#options = options;
    this.#metrics = new FlowMetrics(options.metrics, options.nowMs ?? (() => performance.now()));
    const { maxRequestsInFlight = defaultInFlight.requests } = options;
    const { maxMutatingRequestsInFlight = defaultInFlight.mutatingRequests } = options;
    this.#serverSeats = maxRequestsInFlight + maxMutatingRequestsInFlight;
    this.inFlightCounts = new InFlight(
      options.metrics,
      this.#metrics.readVersusWrite(),
      this.#metrics.nowMs,
    );
    this.configure([], []);
  }

  get levels(): ReadonlyMap<string, PriorityLevel> {
    return this.#levels;
  }

  /** Lends and borrows seats from now on, until `close`. */
  start(): void {
    this.#timer = this.#options.clock.setTimeout(() => {
      this.adjust();
      this.start();
    }, borrowingPeriodMs);
  }

  close(): void {
    this.#timer?.cancel();
  }

  /** Ends a period of demand now; `start` does so by itself. */
  adjust(): void {
    adjustSeats(this.#levels.values(), this.#serverSeats, this.#metrics);
  }

  /** Whether a level of that name takes requests; schemas that lead to another are left out. */
  hasLevel(name: string): boolean {
    const level = this.#levels.get(name);
    return level !== undefined && !level.quiescing;
  }

  /** Takes over the objects as they stand. The mandatory ones need not be among them. */
  configure(
    configurations: readonly PriorityLevelConfiguration[],
    schemas: readonly FlowSchema[],
  ): void {
    const good = configurations.filter((each) => modeOf(each) !== undefined);
    const named = new Map(good.map((each) => [each.metadata?.name ?? '', each]));
    for (const fixed of [exemptLevel, catchAllLevel]) {
      const name = fixed.metadata?.name ?? '';
      if (!named.has(name)) named.set(name, this.#levels.get(name)?.configuration ?? fixed);
    }
    for (const [name, level] of this.#levels) {
      if (named.has(name)) continue;
      if (level.queues.idle) this.#levels.delete(name);
      else level.quiescing = true;
    }
    for (const [name, configuration] of named) {
      const level = this.#levels.get(name);
      if (level !== undefined) level.configure(configuration);
      else this.#levels.set(name, this.#newLevel(configuration));
    }
    this.#share();
    this.#flows = this.#flowsOf(schemas);
  }

  /** Divides the seats anew among the levels that there are now. */
  #share(): void {
    let sharesSum = 0;
    for (const { shares } of this.#levels.values()) sharesSum += shares;
    let seats = 0;
    let places = 0;
    for (const level of this.#levels.values()) {
      level.share(this.#serverSeats, sharesSum);
      seats += level.nominal;
      places += level.places;
    }
    this.inFlightCounts.limit(seats, places);
    this.adjust();
  }

  #newLevel(configuration: PriorityLevelConfiguration): PriorityLevel {
    return new PriorityLevel(configuration, {
      clock: this.#options.clock,
      nowMs: this.#metrics.nowMs,
      metrics: this.#metrics,
      hashFlow,
    });
  }

  #flowsOf(schemas: readonly FlowSchema[]): readonly Flow[] {
    const good = schemas.filter((each) =>
      this.hasLevel(each.spec?.priorityLevelConfiguration?.name ?? ''),
    );
    const has = (name: string) => good.some((each) => each.metadata?.name === name);
    const sorted = [...good].sort(compareFlowSchemas);
    if (!has('exempt')) sorted.unshift(exemptSchema);
    if (!has('catch-all')) sorted.push(catchAllSchema);
    return sorted.flatMap((schema) => {
      const level = this.#levels.get(schema.spec?.priorityLevelConfiguration?.name ?? '');
      if (level === undefined) return [];
      const series = this.#metrics.flow(level.name, schema.metadata?.name ?? '');
      return [{ schema, level, series }];
    });
  }

  /** Finds the request's flow and a seat, a place in a queue, or neither; see `Seat`. */
  enter(
    user: User,
    info: RequestInfo,
    signal: AbortSignal | (() => AbortSignal),
    waitMaxMs: number = queueWaitMaxMs,
  ): Seat {
    const flow = this.#flowOf(user, info);
    const { schema, level, series } = flow;
    const estimate = estimateWork(info, this.#inputs(series), level.seatsMax);
    series.estimatedSeats.observe(Math.max(estimate.initialSeats, estimate.finalSeats));
    const request = level.queues.enter({
      schema: schema.metadata?.name ?? '',
      distinguisher: level.shards ? distinguisherOf(schema, user, info) : '',
      user,
      info,
      estimate,
      series,
    });
    if (request === undefined) {
      level.retryAfter.refuse(this.#options.clock.nowMs());
      if (!level.exempt) series.refusedWaitSeconds.observe(0);
    }
    const seat = new Seat({
      request,
      level,
      schemaUid: schema.metadata?.uid ?? '',
      inFlight: this.inFlightCounts,
      nowMs: this.#metrics.nowMs,
      turns: this.turns,
      onIdle: () => this.#reap(level),
    });
    if (request?.state === 'waiting') {
      const gone = typeof signal === 'function' ? signal() : signal;
      seat.wait(this.#options.clock, gone, waitMaxMs);
    }
    return seat;
  }

  #flowOf(user: User, info: RequestInfo): Flow {
    for (const flow of this.#flows) if (matchesSchema(flow.schema, user, info)) return flow;
    const last = this.#flows.find(({ schema }) => schema.metadata?.name === 'catch-all');
    if (last === undefined) throw new Error('there is no flow schema to fall back to');
    return last;
  }

  #inputs(series: FlowSeries) {
    return {
      stats: (info: RequestInfo) => this.#options.stats?.(info),
      watches: (info: RequestInfo) => {
        const count = this.watches.interested(info);
        series.watchCount.observe(count);
        return count;
      },
    };
  }

  /** The last request of a level that is no more takes the level with it, and leaves its seats. */
  #reap(level: PriorityLevel): void {
    if (!level.quiescing || !level.queues.idle) return;
    this.#levels.delete(level.name);
    this.#share();
  }

  /** Requests that hold a seat. */
  inFlight(): number {
    let count = 0;
    for (const { queues } of this.#levels.values()) count += queues.executing;
    return count;
  }
}

function distinguisherOf(schema: FlowSchema, user: User, info: RequestInfo): string {
  switch (schema.spec?.distinguisherMethod?.type) {
    case 'ByUser':
      return user.name;
    case 'ByNamespace':
      return info.namespace;
    default:
      return '';
  }
}

/** The first eight bytes of a SHA-256, as upstream takes them. */
function hashFlow(schema: string, distinguisher: string): bigint {
  const sum = createHash('sha256').update(schema).update('\0').update(distinguisher).digest();
  return sum.readBigUInt64LE(0);
}
