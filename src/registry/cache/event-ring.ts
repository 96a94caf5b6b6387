// The latest events of one resource, numbered without gaps, in a ring that grows with traffic.
import type { CacheLimits } from './limits.ts';
import type { CacheEvent } from './types.ts';

interface Slot {
  readonly event: CacheEvent;
  readonly atMs: number;
}

/**
 * Holds events by sequence number. A full ring doubles while its oldest event is still fresh, so
 * that clients who reconnect after a minute can resume however busy the resource is.
 */
export class EventRing {
  readonly #limits: CacheLimits;
  #slots: (Slot | undefined)[];
  #first = 0;
  #next = 0;
  #bytes = 0;
  #floor: number;

  /** @param floor the revision after which the ring will know every event */
  constructor(limits: CacheLimits, floor: number) {
    this.#limits = limits;
    this.#slots = new Array<Slot | undefined>(limits.ringEventsMin);
    this.#floor = floor;
  }

  /** Sequence number of the oldest event held. */
  get first(): number {
    return this.#first;
  }
  /** Sequence number that the next event will get. */
  get next(): number {
    return this.#next;
  }
  /** Every event after this revision is held. */
  get floor(): number {
    return this.#floor;
  }

  at(sequence: number): CacheEvent | undefined {
    if (sequence < this.#first || sequence >= this.#next) return undefined;
    return this.#slots[sequence % this.#slots.length]?.event;
  }

  push(event: CacheEvent, nowMs: number): void {
    const { ringBytesMax } = this.#limits;
    if (this.#next - this.#first === this.#slots.length) {
      if (!this.#grow(nowMs)) this.#drop();
    }
    this.#slots[this.#next % this.#slots.length] = { event, atMs: nowMs };
    this.#next++;
    this.#bytes += event.object.body.byteLength;
    while (this.#bytes > ringBytesMax && this.#next - this.#first > 1) this.#drop();
  }

  /** Sequence number of the first event after `revision`; undefined when some may be gone. */
  after(revision: number): number | undefined {
    if (revision < this.#floor) return undefined;
    let low = this.#first;
    let high = this.#next;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.at(middle)?.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #drop(): void {
    const at = this.#first % this.#slots.length;
    const event = this.#slots[at]?.event;
    this.#slots[at] = undefined;
    this.#first++;
    if (event === undefined) return;
    this.#floor = event.revision;
    this.#bytes -= event.object.body.byteLength;
  }

  #grow(nowMs: number): boolean {
    const { ringEventsMax, ringFreshMs } = this.#limits;
    const oldest = this.#slots[this.#first % this.#slots.length];
    const size = this.#slots.length;
    if (size >= ringEventsMax || oldest === undefined) return false;
    if (nowMs - oldest.atMs >= ringFreshMs) return false;
    const grown = new Array<Slot | undefined>(Math.min(size * 2, ringEventsMax));
    for (let sequence = this.#first; sequence < this.#next; sequence++) {
      grown[sequence % grown.length] = this.#slots[sequence % size];
    }
    this.#slots = grown;
    return true;
  }
}
