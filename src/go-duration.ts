// Reads durations as Go's time.ParseDuration does, with its words for what it cannot read.

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** What time.ParseDuration would say, `time: …`. */
export class GoDurationError extends Error {}

/**
 * Milliseconds of a text such as `1h30m` or `-1.5s`.
 *
 * @throws GoDurationError
 */
export function parseGoDuration(text: string): number {
  const shown = JSON.stringify(text);
  const refuse = (why: string) => new GoDurationError(`time: ${why}`);
  const body = text.replace(/^[-+]/, '');
  const sign = text.startsWith('-') ? -1 : 1;
  if (body === '') throw refuse(`invalid duration ${shown}`);
  if (body === '0') return 0;
  let totalMs = 0;
  const part = /(\d+\.?\d*|\.\d+)([^\d.]*)/y;
  while (part.lastIndex < body.length) {
    const [, amount, unit = ''] = part.exec(body) ?? [];
    if (amount === undefined) throw refuse(`invalid duration ${shown}`);
    if (unit === '') throw refuse(`missing unit in duration ${shown}`);
    const ms = unitMs[unit];
    if (ms === undefined) {
      throw refuse(`unknown unit ${JSON.stringify(unit)} in duration ${shown}`);
    }
    totalMs += Number(amount) * ms;
  }
  return sign * totalMs;
}
