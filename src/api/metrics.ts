// Counts and times requests under upstream's names and labels.
import type { Histogram, MetricFamily, Metrics, MetricValue } from '../metrics.ts';
import type { ApiRequest, ApiResponse } from './request.ts';
import type { RequestInfo } from './request-info.ts';

const latencyBuckets = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45,
  60,
] as const;
const sliBuckets: readonly number[] = latencyBuckets.slice(2);
const sizeBuckets = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9] as const;
const eventSizeBuckets = [1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072] as const;
const connectSubresources = ['log', 'exec', 'portforward', 'attach', 'proxy'];
const healthPath = /^\/(healthz|livez|readyz)$/;

const where = ['group', 'version', 'resource', 'subresource', 'scope', 'component'];

/** What one set of labels counts to; looked up once per request. */
interface RequestSeries {
  readonly labels: readonly string[];
  readonly duration: Histogram;
  readonly sli: Histogram;
  readonly sizes: Histogram;
  readonly byCode: Map<number, MetricValue>;
}

export class RequestMetrics {
  readonly #requests: MetricFamily<MetricValue>;
  readonly #durations: MetricFamily<Histogram>;
  readonly #sli: MetricFamily<Histogram>;
  readonly #sizes: MetricFamily<Histogram>;
  readonly #longRunning: MetricFamily<MetricValue>;
  readonly #terminations: MetricFamily<MetricValue>;
  readonly #events: MetricFamily<MetricValue>;
  readonly #eventSizes: MetricFamily<Histogram>;
  readonly #series = new Map<string, RequestSeries>();

  constructor(metrics: Metrics) {
    const stable = 'STABLE' as const;
    this.#requests = metrics.counter({
      name: 'apiserver_request_total',
      help: 'Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.',
      labels: ['verb', 'dry_run', ...where, 'code'],
      stability: stable,
    });
    this.#durations = metrics.histogram({
      name: 'apiserver_request_duration_seconds',
      help: 'Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.',
      labels: ['verb', 'dry_run', ...where],
      stability: stable,
      buckets: latencyBuckets,
    });
    this.#sli = metrics.histogram({
      name: 'apiserver_request_sli_duration_seconds',
      help: 'Response latency distribution (not counting webhook duration and priority & fairness queue wait times) in seconds for each verb, group, version, resource, subresource, scope and component.',
      labels: ['verb', ...where],
      buckets: sliBuckets,
    });
    this.#sizes = metrics.histogram({
      name: 'apiserver_response_sizes',
      help: 'Response size distribution in bytes for each group, version, verb, resource, subresource, scope and component.',
      labels: ['verb', ...where],
      stability: stable,
      buckets: sizeBuckets,
    });
    this.#longRunning = metrics.gauge({
      name: 'apiserver_longrunning_requests',
      help: 'Gauge of all active long-running apiserver requests broken out by verb, group, version, resource, scope and component. Not all requests are tracked this way.',
      labels: ['verb', ...where],
      stability: stable,
    });
    this.#terminations = metrics.counter({
      name: 'apiserver_request_terminations_total',
      help: 'Number of requests which apiserver terminated in self-defense.',
      labels: ['verb', ...where, 'code'],
    });
    const kind = ['group', 'version', 'resource'];
    this.#events = metrics.counter({
      name: 'apiserver_watch_events_total',
      help: 'Number of events sent in watch clients',
      labels: kind,
    });
    this.#eventSizes = metrics.histogram({
      name: 'apiserver_watch_events_sizes',
      help: 'Watch event size distribution in bytes',
      labels: kind,
      buckets: eventSizeBuckets,
    });
  }

  /** One request from its start; `end` it once, when the last byte is out. */
  start(request: ApiRequest, info: RequestInfo): RequestTrack {
    const verb = reportedVerb(request, info);
    return new RequestTrack(this, info, verb, dryRunOf(info));
  }

  /** Counts frames of one watch. */
  watchEvents(info: RequestInfo): (bytes: number) => void {
    const { group, version, resource } = info;
    const events = this.#events.with(group, version, resource);
    const sizes = this.#eventSizes.with(group, version, resource);
    return (bytes) => {
      events.add();
      sizes.observe(bytes);
    };
  }

  longRunning(info: RequestInfo, verb: string): MetricValue {
    return this.#longRunning.with(verb, ...whereOf(info));
  }

  terminated(info: RequestInfo, verb: string, code: number): void {
    this.#terminations.with(verb, ...whereOf(info), String(code)).add();
  }

  series(info: RequestInfo, verb: string, dryRun: string): RequestSeries {
    const { group, version, resource, subresource } = info;
    const scope = scopeOf(info);
    const key = `${verb} ${dryRun} ${group} ${version} ${resource} ${subresource} ${scope} ${
      info.isResource ? '' : info.path
    }`;
    let series = this.#series.get(key);
    if (series !== undefined) return series;
    const labels = whereOf(info);
    series = {
      labels: [verb, dryRun, ...labels],
      duration: this.#durations.with(verb, dryRun, ...labels),
      sli: this.#sli.with(verb, ...labels),
      sizes: this.#sizes.with(verb, ...labels),
      byCode: new Map(),
    };
    if (this.#series.size < seriesMax) this.#series.set(key, series);
    return series;
  }

  count(series: RequestSeries, code: number): void {
    let counter = series.byCode.get(code);
    if (counter === undefined) {
      counter = this.#requests.with(...series.labels, String(code));
      series.byCode.set(code, counter);
    }
    counter.add();
  }
}

/** Sets of labels that are looked up fast; a client that makes up resources must not fill memory. */
const seriesMax = 2_000;

export class RequestTrack {
  /** Milliseconds spent in a queue: no part of what the server is measured by. */
  waitedMs = 0;
  /** Bytes of a streamed body so far. */
  bytes = 0;
  readonly #metrics: RequestMetrics;
  readonly #info: RequestInfo;
  readonly #verb: string;
  readonly #dryRun: string;
  readonly #startMs = performance.now();
  #longRunning: MetricValue | undefined;

  constructor(metrics: RequestMetrics, info: RequestInfo, verb: string, dryRun: string) {
    this.#metrics = metrics;
    this.#info = info;
    this.#verb = verb;
    this.#dryRun = dryRun;
  }

  /** It may go on for hours. */
  goesOn(): void {
    this.#longRunning = this.#metrics.longRunning(this.#info, this.#verb);
    this.#longRunning.add(1);
  }

  watchEvents(): (bytes: number) => void {
    return this.#metrics.watchEvents(this.#info);
  }

  end({ status, body }: ApiResponse): void {
    const info = this.#info;
    this.#longRunning?.add(-1);
    if (status === 429) this.#metrics.terminated(info, this.#verb, status);
    // Resources that nobody serves, and paths that are no API, have no series.
    if (!info.isResource ? !healthPath.test(info.path) : status === 404 && info.name === '') return;
    const series = this.#metrics.series(info, this.#verb, this.#dryRun);
    this.#metrics.count(series, status);
    const elapsedMs = performance.now() - this.#startMs;
    series.duration.observe(elapsedMs / 1000);
    if (this.#dryRun === '') series.sli.observe((elapsedMs - this.waitedMs) / 1000);
    if (this.#verb !== 'GET' && this.#verb !== 'LIST') return;
    const whole = typeof body === 'function' ? this.bytes : (body?.length ?? 0);
    series.sizes.observe(whole);
  }
}

function whereOf(info: RequestInfo): readonly string[] {
  const { group, version, resource, subresource } = info;
  if (!info.isResource) return ['', '', '', info.path, '', ''];
  return [group, version, resource, subresource, scopeOf(info), 'apiserver'];
}

function scopeOf(info: RequestInfo): string {
  if (!info.isResource) return '';
  if (info.name !== '' || info.verb === 'create') return 'resource';
  return info.namespace === '' ? 'cluster' : 'namespace';
}

/** GET of a collection is LIST, an apply patch APPLY, streams are CONNECT. */
function reportedVerb(request: ApiRequest, info: RequestInfo): string {
  if (info.isResource && connectSubresources.includes(info.subresource)) return 'CONNECT';
  if (info.verb === 'watch') return 'WATCH';
  switch (request.method) {
    case 'GET':
    case 'HEAD':
      return info.isResource && scopeOf(info) !== 'resource' ? 'LIST' : 'GET';
    case 'PATCH':
      return /^application\/apply-patch\+/.test(request.headers['content-type'] ?? '')
        ? 'APPLY'
        : 'PATCH';
    case 'POST':
    case 'PUT':
    case 'DELETE':
      return request.method;
    default:
      return 'other';
  }
}

function dryRunOf({ rawQuery, query }: RequestInfo): string {
  if (!rawQuery.includes('dryRun')) return '';
  const values = [...new Set(query.getAll('dryRun'))].sort();
  return values.every((each) => each === 'All') ? values.join(',') : 'invalid';
}
