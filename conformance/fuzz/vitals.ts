// What a server says of itself in /metrics: memory, and requests and watches that it still holds.
import type { Wire } from './wire.ts';

export interface Vitals {
  readonly residentBytes: number;
  /** Watches, logs and streams by kind of request, those at 0 left out. */
  readonly longRunning: Readonly<Record<string, number>>;
  /** Requests that hold or wait for a seat, this one not counted. */
  readonly inFlight: number;
}

const sample = /^(\w+)(?:\{([^}]*)\})? (\S+)/;

export async function readVitals(wire: Wire): Promise<Vitals> {
  const answer = await wire.send({ method: 'GET', path: '/metrics', headers: {} });
  if (answer.status !== 200) throw new Error(`GET /metrics: ${answer.problem ?? answer.status}`);
  let residentBytes = 0;
  let inFlight = 0;
  const longRunning: Record<string, number> = {};
  for (const line of answer.body.toString().split('\n')) {
    const [, name = '', labels = '', text = ''] = sample.exec(line) ?? [];
    const value = Number(text);
    if (name === 'process_resident_memory_bytes') residentBytes = value;
    else if (name === 'apiserver_longrunning_requests' && value !== 0) longRunning[labels] = value;
    else if (name === 'apiserver_current_inflight_requests') inFlight += value;
    else if (name === 'apiserver_flowcontrol_current_inqueue_requests') inFlight += value;
  }
  return { residentBytes, longRunning, inFlight };
}

const settleMs = 100;

/**
 * Waits until the server holds no more watches than before; what it still holds is a leak.
 * @param tries how often to look, a tenth of a second apart
 */
export async function stillHeld(wire: Wire, before: Vitals, tries: number): Promise<string[]> {
  let held: string[] = [];
  for (let left = tries; left > 0; left--) {
    held = compare(before, await readVitals(wire));
    if (held.length === 0) return [];
    await new Promise((resolve) => setTimeout(resolve, settleMs));
  }
  return held;
}

function compare(before: Vitals, now: Vitals): string[] {
  const held = Object.entries(now.longRunning)
    .filter(([labels, count]) => count > (before.longRunning[labels] ?? 0))
    .map(([labels, count]) => `${count} of ${labels}, ${before.longRunning[labels] ?? 0} before`);
  // Others may use the server too: a handful is theirs, and the metrics may be a second old.
  if (now.inFlight > before.inFlight + 3) held.push(`${now.inFlight} requests in flight`);
  return held;
}
