// Tests whose steps stand on one another: after the first that fails the others are skipped.
import t, { type Test } from 'tap';

export type Step = (name: string, run: (t: Test) => Promise<void>) => void;

/** Gives `step`, to be used in place of `t.test` at the top of a file. */
export function inSteps(): Step {
  let broken = false;
  return (name, run) => {
    void t.test(name, async (t) => {
      if (broken) {
        t.plan(0, 'a step before this one failed');
        return;
      }
      broken = true;
      await run(t);
      broken = !t.passing();
    });
  };
}
