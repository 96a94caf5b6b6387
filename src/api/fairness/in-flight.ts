// Requests in work and in queues by kind, and the most of them in the last second.
import type { Metrics, TimingHistogram } from '../../metrics.ts';

type Kind = 'readOnly' | 'mutating';
type Phase = 'executing' | 'waiting';

const nonMutatingVerbs = ['get', 'list', 'watch'];

/** The largest value of this second and of the one before. */
class Watermark {
  value = 0;
  #second = 0;
  #max = 0;
  #before = 0;

  record(value: number, nowMs: number): void {
    this.#turn(nowMs);
    this.value = value;
    if (value > this.#max) this.#max = value;
  }

  read(nowMs: number): number {
    this.#turn(nowMs);
    return Math.max(this.#max, this.#before);
  }

  #turn(nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    if (second === this.#second) return;
    this.#before = second === this.#second + 1 ? this.#max : this.value;
    this.#max = this.value;
    this.#second = second;
  }
}

export class InFlight {
  readonly #nowMs: () => number;
  readonly #most: Record<Phase, number> = { executing: 1, waiting: 1 };
  readonly #marks: Readonly<Record<Phase, Readonly<Record<Kind, Watermark>>>> = {
    executing: { readOnly: new Watermark(), mutating: new Watermark() },
    waiting: { readOnly: new Watermark(), mutating: new Watermark() },
  };
  readonly #use: Readonly<Record<Phase, Readonly<Record<Kind, TimingHistogram>>>>;

  constructor(
    metrics: Metrics,
    use: (phase: string, kind: string) => TimingHistogram,
    nowMs: () => number,
  ) {
    this.#nowMs = nowMs;
    const both = (phase: Phase) => ({
      readOnly: use(phase, 'readOnly'),
      mutating: use(phase, 'mutating'),
    });
    this.#use = { executing: both('executing'), waiting: both('waiting') };
    const inFlight = metrics.gauge({
      name: 'apiserver_current_inflight_requests',
      help: 'Maximal number of currently used inflight request limit of this apiserver per request kind in last second.',
      labels: ['request_kind'],
      stability: 'STABLE',
    });
    const inQueue = metrics.gauge({
      name: 'apiserver_current_inqueue_requests',
      help: 'Maximal number of queued requests in this apiserver per request kind in last second.',
      labels: ['request_kind'],
    });
    metrics.onCollect(() => {
      const now = nowMs();
      for (const kind of ['readOnly', 'mutating'] as const) {
        inFlight.with(kind).set(this.#marks.executing[kind].read(now));
        inQueue.with(kind).set(this.#marks.waiting[kind].read(now));
      }
    });
  }

  /** Takes what use is shown as a fraction of: seats and places in queues, of all levels. */
  limit(seats: number, places: number): void {
    this.#most.executing = Math.max(1, seats);
    this.#most.waiting = Math.max(1, places);
    const now = this.#nowMs();
    for (const phase of ['executing', 'waiting'] as const) {
      for (const kind of ['readOnly', 'mutating'] as const) this.#show(phase, kind, now);
    }
  }

  count(phase: Phase, verb: string, change: 1 | -1): void {
    const kind = nonMutatingVerbs.includes(verb) ? 'readOnly' : 'mutating';
    const mark = this.#marks[phase][kind];
    const now = this.#nowMs();
    mark.record(mark.value + change, now);
    this.#show(phase, kind, now);
  }

  #show(phase: Phase, kind: Kind, nowMs: number): void {
    this.#use[phase][kind].set(this.#marks[phase][kind].value / this.#most[phase], nowMs);
  }
}
