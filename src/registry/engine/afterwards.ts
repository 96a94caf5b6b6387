// What admission wants done once it is known what became of a write: give back, or release for good.
import type { WriteOutcome } from './types.ts';

/** The tasks of one attempt at one write. Tasks do not throw: what they cannot do is repaired. */
export class Afterwards {
  readonly #tasks: ((outcome: WriteOutcome) => Promise<void>)[] = [];

  readonly add = (task: (outcome: WriteOutcome) => Promise<void>): void => {
    this.#tasks.push(task);
  };

  /** Runs all tasks, once. */
  async settle(outcome: WriteOutcome): Promise<void> {
    for (const task of this.#tasks.splice(0)) await task(outcome);
  }
}
