// Creations and deletions that were asked for and have not been seen yet by the informer.
import type { Clock } from '../clock.ts';

/** A lost notice must not stop a controller for ever. */
const expectationMs = 300_000;

interface Expected {
  creations: number;
  readonly deletions: Set<string>;
  readonly atMs: number;
}

/** Keeps a controller from acting twice while its informer lags behind its own writes. */
export interface Expectations {
  /** Whether all was seen, or too long ago. */
  satisfied(owner: string): boolean;
  expect(owner: string, creations: number, deletions: readonly string[]): void;
  /** One creation was seen, or failed. */
  created(owner: string): void;
  /** The deletion of `uid` was seen, or failed. */
  deleted(owner: string, uid: string): void;
  forget(owner: string): void;
}

export function createExpectations(clock: Clock): Expectations {
  const expected = new Map<string, Expected>();
  return {
    satisfied(owner) {
      const entry = expected.get(owner);
      if (entry === undefined) return true;
      if (entry.creations <= 0 && entry.deletions.size === 0) return true;
      return clock.nowMs() - entry.atMs > expectationMs;
    },
    expect(owner, creations, deletions) {
      expected.set(owner, { creations, deletions: new Set(deletions), atMs: clock.nowMs() });
    },
    created(owner) {
      const entry = expected.get(owner);
      if (entry !== undefined) entry.creations--;
    },
    deleted: (owner, uid) => void expected.get(owner)?.deletions.delete(uid),
    forget: (owner) => void expected.delete(owner),
  };
}

/**
 * Calls `work` `count` times in batches of 1, 2, 4, … so that a failure that all would share
 * (quota, admission) costs few calls; stops after a batch with a failure.
 *
 * @returns how many succeeded, and the first error
 */
export async function slowStart(
  count: number,
  work: () => Promise<void>,
): Promise<{ readonly succeeded: number; readonly error: unknown }> {
  let succeeded = 0;
  let error: unknown;
  for (let batch = 1; succeeded < count && error === undefined; batch *= 2) {
    const size = Math.min(batch, count - succeeded);
    const results = await Promise.allSettled(Array.from({ length: size }, work));
    for (const result of results) {
      if (result.status === 'fulfilled') succeeded++;
      else error ??= result.reason;
    }
  }
  return { succeeded, error };
}
