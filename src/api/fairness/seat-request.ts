// One request on its way through a priority level: waiting, in its seats, or gone.
import type { User } from '../../registry/resource.ts';
import type { RequestInfo } from '../request-info.ts';
import type { FlowSeries } from './flow-metrics.ts';
import type { WorkEstimate } from './work-estimate.ts';

/** What a request is counted under, and what it will take. */
export interface SeatRequestOptions {
  readonly schema: string;
  readonly distinguisher: string;
  readonly user: User;
  readonly info: RequestInfo;
  readonly estimate: WorkEstimate;
  readonly series: FlowSeries;
}

export interface SeatRequest extends SeatRequestOptions {
  /** The most it holds at any time, and holds all the time. */
  readonly seats: number;
  /** Seat-seconds that it is thought to take. */
  readonly work: number;
  readonly queue: RequestQueue | undefined;
  readonly arrivalMs: number;
  readonly arrivalR: number;
  state: 'waiting' | 'executing' | 'finished';
  startMs: number;
  /** Called once when a waiting request gets its seats. */
  start: (() => void) | undefined;
}

/** Requests of some flows, served in the order they came. Exists only while it has any. */
export interface RequestQueue {
  readonly index: number;
  readonly waiting: SeatRequest[];
  readonly executing: Set<SeatRequest>;
  /** Progress meter reading at which its next request starts in the virtual world. */
  nextDispatchR: number;
  seatsInUse: number;
  /** Sums over those who wait. */
  initialSeatsWaiting: number;
  seatsWaiting: number;
  workWaiting: number;
}

export function newQueue(index: number, nextDispatchR: number): RequestQueue {
  return {
    index,
    waiting: [],
    executing: new Set(),
    nextDispatchR,
    seatsInUse: 0,
    initialSeatsWaiting: 0,
    seatsWaiting: 0,
    workWaiting: 0,
  };
}

export function isEmpty(queue: RequestQueue): boolean {
  return queue.waiting.length === 0 && queue.executing.size === 0 && queue.seatsInUse === 0;
}

/** Adds (or takes off) a waiting request's sums. */
export function countWaiting(queue: RequestQueue, request: SeatRequest, sign: 1 | -1): void {
  queue.initialSeatsWaiting += sign * request.estimate.initialSeats;
  queue.seatsWaiting += sign * request.seats;
  queue.workWaiting += sign * request.work;
}
