// The apiserver_flowcontrol_* metrics, under upstream's names and in its buckets.
import type {
  Histogram,
  MetricFamily,
  Metrics,
  MetricValue,
  Stability,
  TimingHistogram,
} from '../../metrics.ts';

const level = 'priority_level';
const schema = 'flow_schema';
const durations = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];

/** What requests of one flow schema at one priority level count; looked up once. */
export interface FlowSeries {
  readonly dispatched: MetricValue;
  readonly executing: MetricValue;
  readonly executingSeats: MetricValue;
  readonly waiting: MetricValue;
  readonly waitingSeats: MetricValue;
  readonly noAccommodation: MetricValue;
  readonly queueLength: Histogram;
  readonly waitSeconds: Histogram;
  readonly refusedWaitSeconds: Histogram;
  readonly executionSeconds: Histogram;
  readonly watchSeconds: Histogram;
  readonly estimatedSeats: Histogram;
  readonly watchCount: Histogram;
}

/** What one priority level shows of itself. */
export interface LevelSeries {
  readonly currentR: MetricValue;
  readonly dispatchR: MetricValue;
  readonly latestS: MetricValue;
  readonly nominal: MetricValue;
  readonly lower: MetricValue;
  readonly upper: MetricValue;
  readonly current: MetricValue;
  readonly demandHigh: MetricValue;
  readonly demandAverage: MetricValue;
  readonly demandDeviation: MetricValue;
  readonly demandSmoothed: MetricValue;
  readonly target: MetricValue;
  readonly seatUse: TimingHistogram;
  readonly demand: TimingHistogram;
  readonly requestsWaiting: TimingHistogram;
  readonly requestsExecuting: TimingHistogram;
}

export type RejectReason = 'queue-full' | 'concurrency-limit' | 'time-out';

export class FlowMetrics {
  /** Milliseconds of a clock that never goes back. */
  readonly nowMs: () => number;
  readonly #metrics: Metrics;
  readonly #flow: ReturnType<typeof flowFamilies>;
  readonly #level: ReturnType<typeof levelFamilies>;
  readonly #rejected: MetricFamily<MetricValue>;
  readonly #fairFraction: MetricValue;

  constructor(metrics: Metrics, nowMs: () => number) {
    this.nowMs = nowMs;
    this.#metrics = metrics;
    this.#flow = flowFamilies(metrics);
    this.#level = levelFamilies(metrics, nowMs);
    this.#rejected = metrics.counter({
      name: 'apiserver_flowcontrol_rejected_requests_total',
      help: 'Number of requests rejected by API Priority and Fairness subsystem',
      labels: [level, schema, 'reason'],
      stability: 'BETA',
    });
    this.#fairFraction = metrics
      .gauge({
        name: 'apiserver_flowcontrol_seat_fair_frac',
        help: "Fair fraction of server's concurrency to allocate to each priority level that can use it",
      })
      .with();
  }

  flow(levelName: string, schemaName: string): FlowSeries {
    const names = [levelName, schemaName] as const;
    const { waitSeconds, executionSeconds, ...plain } = this.#flow;
    return {
      dispatched: plain.dispatched.with(...names),
      executing: plain.executing.with(...names),
      executingSeats: plain.executingSeats.with(...names),
      waiting: plain.waiting.with(...names),
      waitingSeats: plain.waitingSeats.with(...names),
      noAccommodation: plain.noAccommodation.with(...names),
      queueLength: plain.queueLength.with(...names),
      estimatedSeats: plain.estimatedSeats.with(...names),
      watchCount: plain.watchCount.with(...names),
      waitSeconds: waitSeconds.with(...names, 'true'),
      refusedWaitSeconds: waitSeconds.with(...names, 'false'),
      executionSeconds: executionSeconds.with(...names, 'regular'),
      watchSeconds: executionSeconds.with(...names, 'watch'),
    };
  }

  level(name: string): LevelSeries {
    const { seatUse, demand, requests, ...gauges } = this.#level;
    const plain = Object.entries(gauges).map(([key, family]) => [key, family.with(name)]);
    return {
      ...(Object.fromEntries(plain) as Record<keyof typeof gauges, MetricValue>),
      seatUse: seatUse.with('executing', name),
      demand: demand.with(name),
      requestsWaiting: requests.with('waiting', name),
      requestsExecuting: requests.with('executing', name),
    };
  }

  rejected(levelName: string, schemaName: string, reason: RejectReason): void {
    this.#rejected.with(levelName, schemaName, reason).add();
  }

  fairFraction(fraction: number): void {
    this.#fairFraction.set(fraction);
  }

  /** Requests of one kind in one phase, as a fraction of what the server takes. */
  readVersusWrite(): (phase: string, kind: string) => TimingHistogram {
    const family = this.#metrics.timingHistogram(
      {
        name: 'apiserver_flowcontrol_read_vs_write_current_requests',
        help: 'Observations, at the end of every nanosecond, of the number of requests (as a fraction of the relevant limit) waiting or in regular stage of execution',
        labels: ['phase', 'request_kind'],
        buckets: [0, 0.001, 0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1],
      },
      this.nowMs,
    );
    return (phase, kind) => family.with(phase, kind);
  }
}

function flowFamilies(metrics: Metrics) {
  const options = (name: string, help: string, stability: Stability = 'ALPHA') => ({
    name: `apiserver_flowcontrol_${name}`,
    help,
    labels: [level, schema],
    stability,
  });
  const executed = 'in initial (for a WATCH) or any (for a non-WATCH)';
  return {
    dispatched: metrics.counter(
      options(
        'dispatched_requests_total',
        'Number of requests executed by API Priority and Fairness subsystem',
        'BETA',
      ),
    ),
    executing: metrics.gauge(
      options(
        'current_executing_requests',
        `Number of requests ${executed} execution stage in the API Priority and Fairness subsystem`,
        'BETA',
      ),
    ),
    executingSeats: metrics.gauge(
      options(
        'current_executing_seats',
        'Concurrency (number of seats) occupied by the currently executing (initial stage for a WATCH, any stage otherwise) requests in the API Priority and Fairness subsystem',
        'BETA',
      ),
    ),
    waiting: metrics.gauge(
      options(
        'current_inqueue_requests',
        'Number of requests currently pending in queues of the API Priority and Fairness subsystem',
        'BETA',
      ),
    ),
    waitingSeats: metrics.gauge(
      options(
        'current_inqueue_seats',
        'Number of seats currently pending in queues of the API Priority and Fairness subsystem',
      ),
    ),
    noAccommodation: metrics.counter(
      options(
        'request_dispatch_no_accommodation_total',
        'Number of times a dispatch attempt resulted in a non accommodation due to lack of available seats',
      ),
    ),
    queueLength: metrics.histogram({
      ...options(
        'request_queue_length_after_enqueue',
        'Length of queue in the API Priority and Fairness subsystem, as seen by each request after it is enqueued',
      ),
      buckets: [0, 10, 25, 50, 100, 250, 500, 1000],
    }),
    waitSeconds: metrics.histogram({
      ...options(
        'request_wait_duration_seconds',
        'Length of time a request spent waiting in its queue',
        'BETA',
      ),
      labels: [level, schema, 'execute'],
      buckets: durations,
    }),
    executionSeconds: metrics.histogram({
      ...options(
        'request_execution_seconds',
        'Duration of initial stage (for a WATCH) or any (for a non-WATCH) stage of request execution in the API Priority and Fairness subsystem',
      ),
      labels: [level, schema, 'type'],
      buckets: durations,
    }),
    estimatedSeats: metrics.histogram({
      ...options(
        'work_estimated_seats',
        'Number of estimated seats (maximum of initial and final seats) associated with requests in API Priority and Fairness',
      ),
      buckets: [1, 2, 4, 8, 16, 32, 64, 100],
    }),
    watchCount: metrics.histogram({
      ...options(
        'watch_count_samples',
        'count of watchers for mutating requests in API Priority and Fairness',
      ),
      buckets: [0, 1, 10, 100, 1000, 10000],
    }),
  };
}

function levelFamilies(metrics: Metrics, nowMs: () => number) {
  const gauge = (name: string, help: string, stability: Stability = 'ALPHA') =>
    metrics.gauge({ name: `apiserver_flowcontrol_${name}`, help, labels: [level], stability });
  const over = 'over last adjustment period, of demand_seats';
  const observed = 'Observations, at the end of every nanosecond, of';
  return {
    currentR: gauge('current_r', 'R(time of last change)'),
    dispatchR: gauge('dispatch_r', 'R(time of last dispatch)'),
    latestS: gauge('latest_s', 'S(most recently dispatched request)'),
    nominal: gauge(
      'nominal_limit_seats',
      'Nominal number of execution seats configured for each priority level',
      'BETA',
    ),
    lower: gauge(
      'lower_limit_seats',
      'Configured lower bound on number of execution seats available to each priority level',
    ),
    upper: gauge(
      'upper_limit_seats',
      'Configured upper bound on number of execution seats available to each priority level',
    ),
    current: gauge(
      'current_limit_seats',
      'current derived number of execution seats available to each priority level',
    ),
    demandHigh: gauge('demand_seats_high_watermark', `High watermark, ${over}`),
    demandAverage: gauge('demand_seats_average', `Time-weighted average, ${over}`),
    demandDeviation: gauge('demand_seats_stdev', `Time-weighted standard deviation, ${over}`),
    demandSmoothed: gauge('demand_seats_smoothed', 'Smoothed seat demands'),
    target: gauge('target_seats', 'Seat allocation targets'),
    seatUse: metrics.timingHistogram(
      {
        name: 'apiserver_flowcontrol_priority_level_seat_utilization',
        help: `${observed} utilization of seats for any stage of execution (but only initial stage for WATCHes)`,
        labels: ['phase', level],
        buckets: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1],
      },
      nowMs,
    ),
    requests: metrics.timingHistogram(
      {
        name: 'apiserver_flowcontrol_priority_level_request_utilization',
        help: `${observed} number of requests (as a fraction of the relevant limit) waiting or in any stage of execution (but only initial stage for WATCHes)`,
        labels: ['phase', level],
        buckets: [0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.25, 0.5, 0.75, 1],
      },
      nowMs,
    ),
    demand: metrics.timingHistogram(
      {
        name: 'apiserver_flowcontrol_demand_seats',
        help: `${observed} (the number of seats each priority level could use) / (nominal number of seats for that level)`,
        labels: [level],
        buckets: [0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.7, 2, 2.8, 4, 6],
      },
      nowMs,
    ),
  };
}
