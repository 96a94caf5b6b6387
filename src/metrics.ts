// Counters, gauges and histograms, shown as Prometheus text in the form that component-base writes.

export type Stability = 'ALPHA' | 'BETA' | 'STABLE';

export interface MetricOptions {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  /** Upstream's promise; ALPHA unless said otherwise. */
  readonly stability?: Stability;
}

/** Label sets kept of one metric; a client that makes up names must not fill memory. */
const seriesMax = 5_000;

/** One number: of a counter or a gauge. */
export class MetricValue {
  value = 0;

  add(amount = 1): void {
    this.value += amount;
  }

  set(value: number): void {
    this.value = value;
  }
}

export class Histogram {
  readonly buckets: readonly number[];
  readonly counts: number[];
  count = 0;
  sum = 0;

  constructor(buckets: readonly number[]) {
    this.buckets = buckets;
    this.counts = buckets.map(() => 0);
  }

  observe(value: number, weight = 1): void {
    this.count += weight;
    this.sum += value * weight;
    const { buckets, counts } = this;
    for (let at = 0; at < buckets.length; at++) {
      if (value > (buckets[at] ?? 0)) continue;
      counts[at] = (counts[at] ?? 0) + weight;
      return;
    }
  }
}

/** A histogram of a level over time: each nanosecond counts once, in the bucket of its value. */
export class TimingHistogram {
  readonly histogram: Histogram;
  #value = 0;
  #sinceMs: number;

  constructor(buckets: readonly number[], nowMs: number) {
    this.histogram = new Histogram(buckets);
    this.#sinceMs = nowMs;
  }

  set(value: number, nowMs: number): void {
    if (value === this.#value) return;
    this.settle(nowMs);
    this.#value = value;
  }

  /** Counts the time since the last change. */
  settle(nowMs: number): void {
    const elapsed = Math.round((nowMs - this.#sinceMs) * 1e6);
    if (elapsed <= 0) return;
    this.#sinceMs = nowMs;
    this.histogram.observe(this.#value, elapsed);
  }
}

/** All series of one metric. */
export class MetricFamily<S> {
  readonly options: MetricOptions;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly #make: () => S;
  readonly #lines: (labels: string, series: S) => readonly string[];
  readonly #series = new Map<string, { readonly labels: string; readonly series: S }>();
  #overflow: S | undefined;

  constructor(
    type: MetricFamily<S>['type'],
    options: MetricOptions,
    make: () => S,
    lines: (labels: string, series: S) => readonly string[],
  ) {
    this.type = type;
    this.options = options;
    this.#make = make;
    this.#lines = lines;
  }

  /** The series of these label values, in the order of the labels; callers may keep it. */
  with(...values: readonly string[]): S {
    const key = values.length === 1 ? (values[0] ?? '') : values.join('\0');
    const known = this.#series.get(key);
    if (known !== undefined) return known.series;
    if (this.#series.size >= seriesMax) {
      this.#overflow ??= this.#make();
      return this.#overflow;
    }
    const series = this.#make();
    this.#series.set(key, { labels: labelText(this.options.labels ?? [], values), series });
    return series;
  }

  /** Drops what there is, for gauges that are worked out anew. */
  clear(): void {
    this.#series.clear();
  }

  text(): string {
    const { name, help, stability = 'ALPHA' } = this.options;
    const lines = [`# HELP ${name} [${stability}] ${help}`, `# TYPE ${name} ${this.type}`];
    for (const { labels, series } of this.#series.values()) {
      lines.push(...this.#lines(labels, series));
    }
    return lines.length === 2 ? '' : `${lines.join('\n')}\n`;
  }
}

function labelText(names: readonly string[], values: readonly string[]): string {
  return names
    .map((name, index) => `${name}="${escaped(values[index] ?? '')}"`)
    .sort()
    .join(',');
}

function escaped(value: string): string {
  return value.replace(/[\\"\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`));
}

function valueLine(name: string): (labels: string, series: MetricValue) => readonly string[] {
  return (labels, { value }) => [`${name}${labels === '' ? '' : `{${labels}}`} ${value}`];
}

function histogramLines(name: string, labels: string, series: Histogram): readonly string[] {
  // Series are looked up before they are needed; what was never observed is not there yet.
  if (series.count === 0) return [];
  const comma = labels === '' ? '' : `${labels},`;
  const braces = labels === '' ? '' : `{${labels}}`;
  let below = 0;
  const lines = series.buckets.map((limit, at) => {
    below += series.counts[at] ?? 0;
    return `${name}_bucket{${comma}le="${limit}"} ${below}`;
  });
  lines.push(`${name}_bucket{${comma}le="+Inf"} ${series.count}`);
  lines.push(`${name}_sum${braces} ${series.sum}`, `${name}_count${braces} ${series.count}`);
  return lines;
}

/** What one component shows of itself. */
export class Metrics {
  readonly #families: MetricFamily<unknown>[] = [];
  readonly #collectors: (() => void)[] = [];

  counter(options: MetricOptions): MetricFamily<MetricValue> {
    return this.#add('counter', options, () => new MetricValue(), valueLine(options.name));
  }

  gauge(options: MetricOptions): MetricFamily<MetricValue> {
    return this.#add('gauge', options, () => new MetricValue(), valueLine(options.name));
  }

  histogram(options: MetricOptions & { buckets: readonly number[] }): MetricFamily<Histogram> {
    const { buckets, name } = options;
    return this.#add(
      'histogram',
      options,
      () => new Histogram(buckets),
      (labels, series) => histogramLines(name, labels, series),
    );
  }

  /** @param nowMs any clock that never goes back */
  timingHistogram(
    options: MetricOptions & { buckets: readonly number[] },
    nowMs: () => number,
  ): MetricFamily<TimingHistogram> {
    const { buckets, name } = options;
    return this.#add(
      'histogram',
      options,
      () => new TimingHistogram(buckets, nowMs()),
      (labels, series) => {
        series.settle(nowMs());
        return histogramLines(name, labels, series.histogram);
      },
    );
  }

  /** Runs before every showing, to set gauges that nobody keeps up to date. */
  onCollect(collector: () => void): void {
    this.#collectors.push(collector);
  }

  /** Everything, by name. */
  text(): string {
    for (const collect of this.#collectors) collect();
    const byName = [...this.#families].sort((a, b) => (a.options.name < b.options.name ? -1 : 1));
    return byName.map((family) => family.text()).join('');
  }

  #add<S>(
    type: MetricFamily<S>['type'],
    options: MetricOptions,
    make: () => S,
    lines: (labels: string, series: S) => readonly string[],
  ): MetricFamily<S> {
    const family = new MetricFamily(type, options, make, lines);
    this.#families.push(family as unknown as MetricFamily<unknown>);
    return family;
  }
}
