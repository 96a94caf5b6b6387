// How long a refused client is asked to stay away: longer the more are refused, as TCP backs off.

const retryAfterMaxSeconds = 32;

/** The refusals of one priority level. */
export class RetryAfter {
  /** What to tell the next one refused. */
  seconds = 1;
  #history: { readonly second: number; readonly refused: number }[] = [];
  #second = 0;
  #refused = 0;
  #raisedAt = 0;

  /** Counts one refusal. */
  refuse(nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    if (second === this.#second) {
      this.#refused++;
      return;
    }
    this.#remember();
    this.#second = second;
    this.#refused = 1;
    this.#adjust(second);
  }

  #remember(): void {
    this.#history.push({ second: this.#second, refused: this.#refused });
    const age = Math.min(2 * this.seconds, retryAfterMaxSeconds);
    this.#history = this.#history.filter(({ second }) => this.#second - second <= age);
  }

  /** Doubles it when many were refused since it was last raised, lowers it by one when few were. */
  #adjust(second: number): void {
    let refused = 0;
    for (const each of this.#history) {
      if (second - each.second <= this.seconds && each.second < second) refused += each.refused;
    }
    if (second - this.#raisedAt >= this.seconds && refused >= 3 * this.seconds) {
      this.seconds = Math.min(this.seconds * 2, retryAfterMaxSeconds);
      this.#raisedAt = second;
    } else if (refused < this.seconds && this.seconds > 1) {
      this.seconds--;
    }
  }
}
