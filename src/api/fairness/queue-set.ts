// Fair queuing for one priority level: shuffle-sharded queues that share its seats by virtual time.
import type { Clock } from '../../clock.ts';
import { dealHand } from '../../registry/flowcontrol/shuffle-sharding.ts';
import type { Queuing } from '../../registry/flowcontrol/types.ts';
import type { FlowMetrics, LevelSeries, RejectReason } from './flow-metrics.ts';
import { SeatDemand } from './seat-demand.ts';
import {
  countWaiting,
  isEmpty,
  newQueue,
  type RequestQueue,
  type SeatRequest,
  type SeatRequestOptions,
} from './seat-request.ts';

/** What a request is thought to take until it is over and known: upstream's guess. */
const estimatedServiceSeconds = 0.003;
/** Hands remembered; a client that makes up users must not fill memory. */
const handsMax = 10_000;

/** `exempt`: no limit; `reject`: a limit and no queue; else how to queue. */
export type QueuingMode = 'exempt' | 'reject' | QueueSizes;
export type QueueSizes = Readonly<Required<Queuing>>;

export interface QueueSetParts {
  readonly name: string;
  /** Wall time: what is shared out is this machine's. */
  readonly clock: Clock;
  readonly nowMs: () => number;
  readonly metrics: FlowMetrics;
  /** A hash of a flow's name, up to 2^64. */
  readonly hashFlow: (schema: string, distinguisher: string) => bigint;
}

/**
 * Upstream's queueset (KEP-1040): `currentR` is how many seat-seconds each busy queue was due so
 * far; a queue's `nextDispatchR` is how many it has used. The next to go is the request that would
 * be over first if every busy queue got its seats at once, all of them alike.
 */
export class QueueSet {
  readonly demand: SeatDemand;
  readonly series: LevelSeries;
  readonly #parts: QueueSetParts;
  #mode: QueuingMode;
  #limit = 0;
  #denominator = 1;
  readonly #queues = new Map<number, RequestQueue>();
  readonly #hands = new Map<string, readonly number[]>();
  /** Executing requests that went through no queue. */
  readonly #queueless = new Set<SeatRequest>();
  #currentR = 0;
  #lastMs: number;
  #robin = -1;
  #enqueued = 0;
  /** Queues with a request that waits or executes. */
  readonly #active = new Set<RequestQueue>();
  #executing = 0;
  #waiting = 0;
  #seatsInUse = 0;
  #seatsWaiting = 0;
  readonly counts = { dispatched: 0, rejected: 0, cancelled: 0 };

  constructor(parts: QueueSetParts, mode: QueuingMode) {
    this.#parts = parts;
    this.#mode = mode;
    this.#lastMs = parts.nowMs();
    this.demand = new SeatDemand(this.#lastMs);
    this.series = parts.metrics.level(parts.name);
  }

  get idle(): boolean {
    return this.#waiting === 0 && this.#executing === 0;
  }

  get waiting(): number {
    return this.#waiting;
  }

  get executing(): number {
    return this.#executing;
  }

  get seatsInUse(): number {
    return this.#seatsInUse;
  }

  get queues(): Iterable<RequestQueue> {
    return this.#queues.values();
  }

  get queueless(): Iterable<SeatRequest> {
    return this.#queueless;
  }

  /** How many queues there are by configuration, or because some still drain. */
  get size(): number {
    const wanted = typeof this.#mode === 'string' ? 0 : this.#mode.queues;
    return [...this.#queues.keys()].reduce((most, index) => Math.max(most, index + 1), wanted);
  }

  /** Queues above the new number drain; the hands are dealt anew. */
  configure(mode: QueuingMode): void {
    this.#mode = mode;
    this.#hands.clear();
  }

  /** @param denominator what utilisation is shown as a fraction of */
  setLimit(limit: number, denominator: number): void {
    this.#syncTime();
    this.#limit = limit;
    this.#denominator = denominator;
    this.#dispatchAll();
  }

  /** Executing, waiting (its `start` is still to be set), or undefined when it is refused. */
  enter(options: SeatRequestOptions): SeatRequest | undefined {
    this.#syncTime();
    const mode = this.#mode;
    if (typeof mode === 'string') {
      const seats = widthOf(options);
      if (mode === 'reject' && !this.#fits(seats))
        return this.#refuse(options, 'concurrency-limit');
      const request = this.#request(options, undefined);
      this.#execute(request);
      return request;
    }
    const index = this.#shard(options, mode);
    const length = this.#queues.get(index)?.waiting.length ?? 0;
    if (this.#seatsInUse >= this.#limit && length >= mode.queueLengthLimit) {
      return this.#refuse(options, 'queue-full');
    }
    const queue = this.#open(index);
    const request = this.#request(options, queue);
    options.series.queueLength.observe(length + 1);
    // With nobody before it, it is next; it need not be put in line to be taken out again.
    if (this.#waiting === 0 && this.#seatsInUse < this.#limit && this.#fits(request.seats)) {
      this.#robin = index;
      this.#bound(queue, request);
      this.#execute(request);
      return request;
    }
    this.#enqueue(request, queue);
    this.#bound(queue);
    this.#dispatchAll();
    return request;
  }

  /** Takes a request that waits out of its queue, because its time or its client is gone. */
  cancel(request: SeatRequest): void {
    const { queue } = request;
    if (request.state !== 'waiting' || queue === undefined) return;
    this.#syncTime();
    request.state = 'finished';
    queue.waiting.splice(queue.waiting.indexOf(request), 1);
    this.#uncount(request, queue);
    this.#bound(queue);
    this.#close(queue);
    this.counts.cancelled++;
    this.#refuse(request, 'time-out');
    this.#noteDemand();
  }

  /** The request is over; its seats are free at once, or when its watchers have had their event. */
  finish(request: SeatRequest): void {
    if (request.state !== 'executing') return;
    request.state = 'finished';
    this.#syncTime();
    const nowMs = this.#lastMs;
    this.#executing--;
    request.series.executing.add(-1);
    this.series.requestsExecuting.set(this.#executing / this.#denominator, nowMs);
    const { queue } = request;
    if (queue === undefined) this.#queueless.delete(request);
    else {
      queue.executing.delete(request);
      const seconds = (nowMs - request.startMs) / 1000;
      // It was charged a guess when it started; now its true length is known.
      queue.nextDispatchR -= request.estimate.initialSeats * (estimatedServiceSeconds - seconds);
      this.#bound(queue);
      this.#countActive(queue);
    }
    const lingerMs = request.estimate.additionalLatencyMs;
    if (lingerMs <= 0) this.#release(request);
    else {
      this.#parts.clock.setTimeout(() => {
        this.#syncTime();
        this.#release(request);
        this.#dispatchAll();
      }, lingerMs);
    }
    this.#dispatchAll();
  }

  #syncTime(): void {
    const nowMs = this.#parts.nowMs();
    const elapsed = nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    if (this.#active.size === 0 || elapsed <= 0) return;
    const wanted = Math.min(this.#seatsInUse + this.#seatsWaiting, this.#limit);
    this.#currentR += ((wanted / this.#active.size) * elapsed) / 1000;
  }

  #request(options: SeatRequestOptions, queue: RequestQueue | undefined): SeatRequest {
    const { estimate } = options;
    const { finalSeats, additionalLatencyMs } = estimate;
    return {
      ...options,
      seats: widthOf(options),
      work:
        estimate.initialSeats * estimatedServiceSeconds + (finalSeats * additionalLatencyMs) / 1000,
      queue,
      arrivalMs: this.#lastMs,
      arrivalR: this.#currentR,
      state: 'waiting',
      startMs: 0,
      start: undefined,
    };
  }

  #refuse(options: SeatRequestOptions, reason: RejectReason): undefined {
    this.counts.rejected++;
    this.#parts.metrics.rejected(this.#parts.name, options.schema, reason);
  }

  /** The queue of the flow's hand with the least work in it; ties go round. */
  #shard({ schema, distinguisher }: SeatRequestOptions, mode: QueueSizes): number {
    const { queues, handSize } = mode;
    if (queues <= 1) return 0;
    const flow = `${schema}\0${distinguisher}`;
    let hand = this.#hands.get(flow);
    if (hand === undefined) {
      if (this.#hands.size >= handsMax) this.#hands.clear();
      hand = dealHand(this.#parts.hashFlow(schema, distinguisher), queues, handSize);
      this.#hands.set(flow, hand);
    }
    const offset = this.#enqueued++ % hand.length;
    let best = hand[offset] ?? 0;
    let least = Number.POSITIVE_INFINITY;
    for (let at = 0; at < hand.length; at++) {
      const index = hand[(offset + at) % hand.length] ?? 0;
      const work = this.#queues.get(index)?.workWaiting ?? 0;
      if (work >= least) continue;
      least = work;
      best = index;
    }
    return best;
  }

  #open(index: number): RequestQueue {
    let queue = this.#queues.get(index);
    if (queue === undefined) {
      queue = newQueue(index, this.#currentR);
      this.#queues.set(index, queue);
    } else if (queue.waiting.length === 0 && queue.executing.size === 0) {
      // One that only lingers on seats starts afresh, as an empty one does.
      queue.nextDispatchR = this.#currentR;
    }
    return queue;
  }

  #close(queue: RequestQueue): void {
    this.#countActive(queue);
    if (isEmpty(queue)) this.#queues.delete(queue.index);
  }

  #enqueue(request: SeatRequest, queue: RequestQueue): void {
    queue.waiting.push(request);
    countWaiting(queue, request, 1);
    this.#waiting++;
    this.#seatsWaiting += request.seats;
    request.series.waiting.add(1);
    request.series.waitingSeats.add(request.seats);
    this.#countActive(queue);
    this.#noteDemand();
  }

  /** Undoes what `#enqueue` counted; the request is out of the list already. */
  #uncount(request: SeatRequest, queue: RequestQueue): void {
    countWaiting(queue, request, -1);
    this.#waiting--;
    this.#seatsWaiting -= request.seats;
    request.series.waiting.add(-1);
    request.series.waitingSeats.add(-request.seats);
  }

  #countActive(queue: RequestQueue): void {
    if (queue.waiting.length > 0 || queue.executing.size > 0) this.#active.add(queue);
    else this.#active.delete(queue);
  }

  #execute(request: SeatRequest): void {
    const { queue, seats, series } = request;
    request.state = 'executing';
    request.startMs = this.#lastMs;
    this.#executing++;
    this.#seatsInUse += seats;
    this.counts.dispatched++;
    if (queue === undefined) this.#queueless.add(request);
    else {
      this.series.dispatchR.set(this.#currentR);
      this.series.latestS.set(queue.nextDispatchR);
      queue.executing.add(request);
      queue.seatsInUse += seats;
      queue.nextDispatchR += request.work;
      this.#countActive(queue);
    }
    series.dispatched.add();
    series.executing.add(1);
    series.executingSeats.add(seats);
    this.series.requestsExecuting.set(this.#executing / this.#denominator, this.#lastMs);
    this.series.seatUse.set(this.#seatsInUse / this.#denominator, this.#lastMs);
    this.#noteDemand();
  }

  #release(request: SeatRequest): void {
    const { queue, seats } = request;
    this.#seatsInUse -= seats;
    request.series.executingSeats.add(-seats);
    this.series.seatUse.set(this.#seatsInUse / this.#denominator, this.#lastMs);
    if (queue !== undefined) {
      queue.seatsInUse -= seats;
      this.#close(queue);
    }
    this.#noteDemand();
  }

  #noteDemand(): void {
    const seats = this.#seatsInUse + this.#seatsWaiting;
    const nowMs = this.#lastMs;
    this.demand.set(seats, nowMs);
    this.series.demand.set(seats / this.#denominator, nowMs);
    this.series.requestsWaiting.set(this.#waiting / this.#capacity(), nowMs);
    this.series.currentR.set(this.#currentR);
  }

  #capacity(): number {
    const mode = this.#mode;
    return typeof mode === 'string' ? 1 : Math.max(1, mode.queues * mode.queueLengthLimit);
  }

  /** Whether so many more seats can be taken. A request wider than the limit runs alone. */
  #fits(seats: number): boolean {
    if (this.#mode === 'exempt') return true;
    if (seats > this.#limit) return this.#executing === 0;
    return this.#seatsInUse + seats <= this.#limit;
  }

  #dispatchAll(): void {
    while (this.#waiting > 0 && this.#seatsInUse < this.#limit && this.#dispatchNext());
  }

  #dispatchNext(): boolean {
    const queue = this.#nextQueue();
    const request = queue?.waiting[0];
    if (queue === undefined || request === undefined) return false;
    if (!this.#fits(request.seats)) {
      request.series.noAccommodation.add();
      return false;
    }
    queue.waiting.shift();
    this.#uncount(request, queue);
    this.#robin = queue.index;
    this.#execute(request);
    this.#bound(queue);
    request.start?.();
    return true;
  }

  /** The queue whose oldest request would be over first; of several, the next one round. */
  #nextQueue(): RequestQueue | undefined {
    const size = this.size;
    let next: RequestQueue | undefined;
    let soonest = Number.POSITIVE_INFINITY;
    let nearest = 0;
    for (const queue of this.#active) {
      const oldest = queue.waiting[0];
      if (oldest === undefined) continue;
      const finish = queue.nextDispatchR + oldest.work;
      const distance = (queue.index - this.#robin - 1 + 2 * size) % size;
      if (finish > soonest || (finish === soonest && distance >= nearest)) continue;
      next = queue;
      soonest = finish;
      nearest = distance;
    }
    return next;
  }

  /** Nothing starts in the virtual world before it has arrived: unused time is not saved up. */
  #bound(queue: RequestQueue, oldest = queue.waiting[0]): void {
    if (oldest !== undefined && queue.nextDispatchR < oldest.arrivalR) {
      queue.nextDispatchR = oldest.arrivalR;
    }
  }
}

function widthOf({ estimate }: SeatRequestOptions): number {
  return Math.max(estimate.initialSeats, estimate.finalSeats);
}
