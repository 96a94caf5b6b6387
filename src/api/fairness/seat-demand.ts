// How many seats a priority level could have used lately: peak, average, and a slow envelope of both.

/** Per adjustment period; half of a peak is forgotten in five minutes. */
const smoothing = 0.977;

export class SeatDemand {
  highWatermark = 0;
  average = 0;
  deviation = 0;
  smoothed = 0;
  #value = 0;
  #max = 0;
  #sinceMs: number;
  #elapsedMs = 0;
  #integral = 0;
  #squares = 0;

  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  /** The demand from now on: seats in use and seats waited for. */
  set(value: number, nowMs: number): void {
    this.#integrate(nowMs);
    this.#value = value;
    if (value > this.#max) this.#max = value;
  }

  /** Ends a period: takes its figures over and starts the next. */
  endPeriod(nowMs: number): void {
    this.#integrate(nowMs);
    this.highWatermark = this.#max;
    this.#max = this.#value;
    if (this.#elapsedMs <= 0) return;
    const average = this.#integral / this.#elapsedMs;
    const variance = this.#squares / this.#elapsedMs - average * average;
    this.average = average;
    this.deviation = variance > 0 ? Math.sqrt(variance) : 0;
    const envelope = this.average + this.deviation;
    const slow = smoothing * this.smoothed + (1 - smoothing) * envelope;
    this.smoothed = Math.max(envelope, slow);
    this.#elapsedMs = 0;
    this.#integral = 0;
    this.#squares = 0;
  }

  #integrate(nowMs: number): void {
    const elapsed = nowMs - this.#sinceMs;
    if (elapsed <= 0) return;
    this.#sinceMs = nowMs;
    this.#elapsedMs += elapsed;
    this.#integral += this.#value * elapsed;
    this.#squares += this.#value * this.#value * elapsed;
  }
}
