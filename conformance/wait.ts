// Waiting for what a cluster does in its own time: asks again until it holds or time is over.

export interface WaitOptions {
  readonly timeoutMs?: number;
  readonly intervalMs?: number;
}

/**
 * Asks `probe` until it gives something but undefined or false, and gives that.
 *
 * @throws with `what` and the last error when `timeoutMs` (default 60 s) is over
 */
export async function waitFor<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  options: WaitOptions = {},
): Promise<T> {
  const deadlineMs = performance.now() + (options.timeoutMs ?? 60_000);
  let lastError: unknown;
  for (;;) {
    try {
      const found = await probe();
      if (found !== undefined && found !== false) return found;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() > deadlineMs) {
      throw new Error(`waited in vain for ${what}`, { cause: lastError });
    }
    await pause(options.intervalMs ?? 100);
  }
}

/** For a time in which something must not happen; never for something that should. */
export function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
