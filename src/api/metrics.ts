// Counts and times requests, and shows them as Prometheus text under upstream's names.
import type { RequestInfo } from './request-info.ts';

const buckets = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45,
  60,
] as const;

/** Label sets kept at most; a client that makes up resources must not fill memory. */
const seriesMax = 2_000;

interface Series {
  readonly labels: string;
  count: number;
  sumSeconds: number;
  readonly counts: number[];
}

export class RequestMetrics {
  readonly #requests = new Map<string, { readonly labels: string; count: number }>();
  readonly #durations = new Map<string, Series>();

  observe(info: RequestInfo, code: number, durationMs: number): void {
    const verb = info.verb.toUpperCase();
    const key = `${verb} ${info.group} ${info.version} ${info.resource} ${info.subresource}`;
    const counted = `${key} ${code}`;
    const known = this.#requests.get(counted);
    if (known !== undefined) {
      known.count++;
    } else if (this.#requests.size < seriesMax && (info.isResource || code !== 404)) {
      this.#requests.set(counted, { labels: labelsOf(info, verb, code), count: 1 });
    }
    if (info.verb === 'watch') return;
    let series = this.#durations.get(key);
    if (series === undefined) {
      if (this.#durations.size >= seriesMax) return;
      const counts = buckets.map(() => 0);
      series = { labels: labelsOf(info, verb), count: 0, sumSeconds: 0, counts };
      this.#durations.set(key, series);
    }
    const seconds = durationMs / 1000;
    series.count++;
    series.sumSeconds += seconds;
    const bucket = buckets.findIndex((limit) => seconds <= limit);
    if (bucket !== -1) series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
  }

  /** Prometheus text, with gauges of the caller's. */
  text(gauges: Readonly<Record<string, number>> = {}): string {
    const lines = [
      '# HELP apiserver_request_total Counter of apiserver requests broken out for each verb, group, version, resource and code.',
      '# TYPE apiserver_request_total counter',
    ];
    for (const { labels, count } of this.#requests.values()) {
      lines.push(`apiserver_request_total{${labels}} ${count}`);
    }
    const name = 'apiserver_request_duration_seconds';
    lines.push(
      `# HELP ${name} Response latency distribution in seconds for each verb, group, version and resource.`,
      `# TYPE ${name} histogram`,
    );
    for (const series of this.#durations.values()) {
      let sum = 0;
      buckets.forEach((limit, index) => {
        sum += series.counts[index] ?? 0;
        lines.push(`${name}_bucket{${series.labels},le="${limit}"} ${sum}`);
      });
      lines.push(`${name}_bucket{${series.labels},le="+Inf"} ${series.count}`);
      lines.push(`${name}_sum{${series.labels}} ${series.sumSeconds}`);
      lines.push(`${name}_count{${series.labels}} ${series.count}`);
    }
    for (const [gauge, value] of Object.entries(gauges)) {
      lines.push(`# TYPE ${gauge.replace(/\{.*$/, '')} gauge`, `${gauge} ${value}`);
    }
    return `${lines.join('\n')}\n`;
  }
}

function labelsOf(info: RequestInfo, verb: string, code?: number): string {
  const scope = !info.isResource
    ? ''
    : info.name !== ''
      ? 'resource'
      : info.namespace !== ''
        ? 'namespace'
        : 'cluster';
  const labels: Record<string, string> = {
    ...(code === undefined ? {} : { code: String(code) }),
    component: 'apiserver',
    group: info.group,
    resource: info.resource,
    scope,
    subresource: info.isResource ? info.subresource : '',
    verb,
    version: info.version,
  };
  return Object.entries(labels)
    .map(([label, value]) => `${label}=${JSON.stringify(value)}`)
    .join(',');
}
