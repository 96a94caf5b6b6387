// Lifecycle as data: what a simulated container does, from an annotation of its pod.

/** `simulated.coracle.dev/<container>`: a Behaviour as JSON, or a list of them, one per run. */
export const behaviourPrefix = 'simulated.coracle.dev/';

/** What one run of a simulated container does; all optional, and by default it runs until told. */
export interface Behaviour {
  /** Ends by itself with this code, `afterMs` from its start. */
  readonly exitCode?: number;
  readonly afterMs?: number;
  /** How long `startContainer` takes. */
  readonly startDelayMs?: number;
  /** Rejects `startContainer` with this message. */
  readonly startError?: string;
  /** What it would have written to its termination message path. */
  readonly terminationMessage?: string;
  readonly oomKilled?: boolean;
  /** How long it goes on after TERM; KILL ends it when the grace period is over. */
  readonly stopDelayMs?: number;
  /** Exit code of commands run in it by probes and hooks; 0 unless said. */
  readonly execExitCode?: number;
  /** Outcome of HTTP, TCP and gRPC probes by kind; success unless said. */
  readonly probes?: Readonly<Record<string, boolean>>;
  /** How long after its start HTTP, TCP and gRPC probes begin to succeed. */
  readonly readyAfterMs?: number;
}

const none: Behaviour = {};

/**
 * The behaviour of run number `attempt`. A list's last entry goes on for good. Malformed
 * annotations count as absent: a typing error must not take a node down.
 */
export function behaviourOf(
  annotations: Readonly<Record<string, string>>,
  container: string,
  attempt: number,
): Behaviour {
  const text = annotations[behaviourPrefix + container];
  if (text === undefined) return none;
  try {
    const parsed: unknown = JSON.parse(text);
    const one: unknown = Array.isArray(parsed)
      ? parsed[Math.min(attempt, parsed.length - 1)]
      : parsed;
    return typeof one === 'object' && one !== null ? (one as Behaviour) : none;
  } catch {
    return none;
  }
}
