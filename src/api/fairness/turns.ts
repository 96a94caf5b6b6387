// Shares out the turns of the event loop: so much work that can wait, and no more, in each of them.

/** What a turn holds, and what is taken of it. A big answer's chunk is up to 256 KB. */
export const turnUnits = { budget: 16, chunk: 4, request: 1 } as const;

/**
 * Everything that makes a turn long asks here first: writers of big answers before each chunk,
 * requests that waited for a seat before they start. Who asks is served in order, so answers
 * alternate; what is over the budget waits for the next turn. Between two turns the loop reads
 * its sockets: a small request waits for one turn's budget at most, however many lists there are.
 */
export class Turns {
  readonly #budget: number;
  #waiting: { readonly units: number; readonly go: () => void }[] = [];
  #scheduled = false;

  constructor(budget: number = turnUnits.budget) {
    this.#budget = budget;
  }

  /** How many wait for a turn. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Resolves in a later turn that has room for `units`. */
  take(units: number): Promise<void> {
    return new Promise((go) => {
      this.#waiting.push({ units, go });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#serve();
    });
  }

  #serve(): void {
    let left = this.#budget;
    let served = 0;
    for (const { units, go } of this.#waiting) {
      if (left <= 0) break;
      left -= units;
      served++;
      go();
    }
    this.#waiting = this.#waiting.slice(served);
    if (this.#waiting.length > 0) this.#schedule();
  }
}
