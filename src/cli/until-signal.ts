// Keeps a foreground process alive until it is told to end.

/** Resolves at the first SIGTERM or SIGINT; until then the process does not run out of work. */
export function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    // Component timers never keep a process; this one does.
    const stay = setInterval(() => undefined, 2 ** 30);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        clearInterval(stay);
        resolve();
      });
    }
  });
}
