// What each exit status of `coracle` means; README's table is checked against this one.

export const exitCodes = {
  ok: 0,
  /** Something failed that is no other code's matter; the message says what. */
  failure: 1,
  /** The command line is wrong: nothing was done. */
  usage: 2,
  /** No cluster of that name. */
  noCluster: 3,
  /** The machine lacks something (root, a package, a kernel feature); `coracle doctor` names it. */
  machine: 4,
  /** A port, a data directory or a name is taken by something else. */
  inUse: 5,
  /** What was waited for did not come in time; the cluster is left as it is. */
  timeout: 6,
  /** A file given on the command line cannot be used (no image, unreadable). */
  badInput: 7,
} as const;

/** An error for the user: one sentence with the fix, and the exit status to end with. */
export class CliError extends Error {
  readonly exitCode: number;
  constructor(code: keyof typeof exitCodes, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCodes[code];
  }
}
