// Priority and fairness, the simple form: a share of seats per level, short queues, then 429.
import type { User } from '../registry/resource.ts';
import { tooManyRequests } from '../status.ts';
import type { RequestInfo } from './request-info.ts';

export interface FairnessLimits {
  /** Requests of one level that run at the same time, and that wait for a seat. */
  readonly seats: number;
  readonly queued: number;
}

/** Upstream's 600 seats, shared as its default levels share them. */
export const levelLimits: Readonly<Record<Level, FairnessLimits>> = {
  'node-high': { seats: 200, queued: 3200 },
  system: { seats: 150, queued: 3200 },
  'leader-election': { seats: 50, queued: 800 },
  'workload-high': { seats: 200, queued: 6400 },
  'workload-low': { seats: 400, queued: 6400 },
};

export type Level = 'node-high' | 'system' | 'leader-election' | 'workload-high' | 'workload-low';

interface Waiting {
  readonly start: () => void;
  readonly flow: string;
}

/** One level: seats, and per-user queues served in turn so that no user starves another. */
class SeatQueue {
  readonly #limits: FairnessLimits;
  readonly #flows = new Map<string, Waiting[]>();
  #used = 0;
  #queued = 0;

  constructor(limits: FairnessLimits) {
    this.#limits = limits;
  }

  get used(): number {
    return this.#used;
  }

  /** Undefined: a seat was free. */
  enter(flow: string): Promise<void> | undefined {
    if (this.#used < this.#limits.seats) {
      this.#used++;
      return undefined;
    }
    if (this.#queued >= this.#limits.queued) {
      throw tooManyRequests('too many requests, please try again later', 1);
    }
    this.#queued++;
    return new Promise((start) => {
      const queue = this.#flows.get(flow);
      if (queue === undefined) this.#flows.set(flow, [{ start, flow }]);
      else queue.push({ start, flow });
    });
  }

  leave(): void {
    const next = this.#flows.entries().next().value;
    if (next === undefined) {
      this.#used--;
      return;
    }
    const [flow, queue] = next;
    const waiting = queue.shift();
    // To the back of the turn order, so that flows alternate.
    this.#flows.delete(flow);
    if (queue.length > 0) this.#flows.set(flow, queue);
    this.#queued--;
    waiting?.start();
  }
}

/** A seat taken; `leave` exactly once. */
export interface Seat {
  readonly waiting: Promise<void> | undefined;
  leave(): void;
}

const exempt: Seat = { waiting: undefined, leave() {} };

export class Fairness {
  readonly #queues: Readonly<Record<Level, SeatQueue>>;

  constructor(limits: Readonly<Record<Level, FairnessLimits>> = levelLimits) {
    this.#queues = {
      'node-high': new SeatQueue(limits['node-high']),
      system: new SeatQueue(limits.system),
      'leader-election': new SeatQueue(limits['leader-election']),
      'workload-high': new SeatQueue(limits['workload-high']),
      'workload-low': new SeatQueue(limits['workload-low']),
    };
  }

  /** @throws StatusError 429 when the level's queues are full */
  enter(user: User, info: RequestInfo): Seat {
    const level = levelOf(user, info);
    if (level === undefined) return exempt;
    const queue = this.#queues[level];
    const waiting = queue.enter(user.name);
    return { waiting, leave: () => queue.leave() };
  }

  /** Requests that hold a seat. */
  inFlight(): number {
    return Object.values(this.#queues).reduce((sum, queue) => sum + queue.used, 0);
  }
}

/** Upstream's default flow schemas; undefined is the exempt level. */
function levelOf(user: User, info: RequestInfo): Level | undefined {
  if (user.groups.includes('system:masters')) return undefined;
  if (!info.isResource) return info.path.endsWith('z') ? undefined : 'workload-low';
  // A watch holds its seat upstream only while it starts; it may go on for an hour.
  if (user.groups.includes('system:nodes')) {
    const heartbeat =
      info.resource === 'leases' || (info.resource === 'nodes' && info.subresource === 'status');
    return heartbeat ? 'node-high' : 'system';
  }
  if (info.resource === 'leases' && user.name.startsWith('system:')) return 'leader-election';
  if (user.name.startsWith('system:serviceaccount:kube-system:')) return 'workload-high';
  return user.name.startsWith('system:kube-') ? 'workload-high' : 'workload-low';
}
