// What a request gets of priority and fairness: seats at once, seats after a wait, or a refusal.
import type { Clock } from '../../clock.ts';
import type { ApiResponse } from '../request.ts';
import type { InFlight } from './in-flight.ts';
import type { PriorityLevel } from './priority-level.ts';
import type { SeatRequest } from './seat-request.ts';
import { type Turns, turnUnits } from './turns.ts';

/** A request may wait for a quarter of the time it may take; this is for those without a limit. */
export const queueWaitMaxMs = 15_000;

interface SeatParts {
  /** Undefined: refused. */
  readonly request: SeatRequest | undefined;
  readonly level: PriorityLevel;
  readonly schemaUid: string;
  readonly inFlight: InFlight;
  readonly nowMs: () => number;
  readonly turns: Turns;
  /** The request is over, which may make its level so. */
  onIdle(): void;
}

export class Seat {
  readonly #parts: SeatParts;
  /** Resolves when the wait is over, one way or the other; undefined when there was none. */
  waiting: Promise<void> | undefined;
  #state: 'waiting' | 'taken' | 'refused' | 'left' = 'refused';
  #startMs = 0;

  constructor(parts: SeatParts) {
    this.#parts = parts;
    if (parts.request?.state === 'executing') this.#take();
  }

  /** Neither seat nor place in a queue, or waited too long. */
  get refused(): boolean {
    return this.#state === 'refused';
  }

  /** What it asks for is big. */
  get wide(): boolean {
    return this.#parts.request?.estimate.wide === true;
  }

  /** Tells clients how they were classified, without names that might give something away. */
  get headers(): Readonly<Record<string, string>> {
    return {
      'x-kubernetes-pf-flowschema-uid': this.#parts.schemaUid,
      'x-kubernetes-pf-prioritylevel-uid': this.#parts.level.uid,
    };
  }

  /** Waits in the queue until there is a seat, the client goes or the time is over. */
  wait(clock: Clock, signal: AbortSignal, waitMaxMs: number): void {
    const { request, inFlight, level, turns, onIdle } = this.#parts;
    if (request === undefined) return;
    const { verb } = request.info;
    this.#state = 'waiting';
    inFlight.count('waiting', verb, 1);
    this.waiting = new Promise((resolve) => {
      const over = () => {
        timer.cancel();
        signal.removeEventListener('abort', giveUp);
        inFlight.count('waiting', verb, -1);
      };
      const giveUp = () => {
        over();
        level.queues.cancel(request);
        level.retryAfter.refuse(clock.nowMs());
        request.series.refusedWaitSeconds.observe(this.#waitedSeconds());
        this.#state = 'refused';
        onIdle();
        resolve();
      };
      request.start = () => {
        over();
        this.#take();
        // Many may start at once: not all of them in one turn of the loop.
        void turns.take(turnUnits.request).then(resolve);
      };
      const timer = clock.setTimeout(giveUp, waitMaxMs);
      if (signal.aborted) giveUp();
      else signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  /** Gives the seats back, once; calls after the first do nothing. */
  leave(): void {
    const { request, inFlight, level, nowMs, onIdle } = this.#parts;
    if (this.#state !== 'taken' || request === undefined) return;
    this.#state = 'left';
    const { series, info } = request;
    const seconds = (nowMs() - this.#startMs) / 1000;
    (info.verb === 'watch' ? series.watchSeconds : series.executionSeconds).observe(seconds);
    inFlight.count('executing', info.verb, -1);
    level.queues.finish(request);
    onIdle();
  }

  /** The answer to one who was refused, in upstream's plain words. */
  refusal(): ApiResponse {
    return {
      status: 429,
      headers: {
        ...this.headers,
        'content-type': 'text/plain; charset=utf-8',
        'x-content-type-options': 'nosniff',
        'retry-after': String(this.#parts.level.retryAfter.seconds),
      },
      body: 'Too many requests, please try again later.\n',
    };
  }

  #take(): void {
    const { request, inFlight, nowMs, level } = this.#parts;
    if (request === undefined) return;
    this.#state = 'taken';
    this.#startMs = nowMs();
    inFlight.count('executing', request.info.verb, 1);
    if (!level.exempt) request.series.waitSeconds.observe(this.#waitedSeconds());
  }

  #waitedSeconds(): number {
    const { request, nowMs } = this.#parts;
    return request === undefined ? 0 : (nowMs() - request.arrivalMs) / 1000;
  }
}
