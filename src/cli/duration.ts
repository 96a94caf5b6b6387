// Durations on the command line, as Go and kubectl write them: `90s`, `2m30s`, `500ms`, `0`.
import { CliError } from './exit-codes.ts';

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of `text`; a CliError names `flag` when it is no duration. */
export function parseDuration(flag: string, text: string): number {
  if (text === '0') return 0;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  const whole = parts.map((part) => part[0]).join('');
  if (text === '' || whole !== text) {
    throw new CliError('usage', `${flag}: "${text}" is no duration; write it as 30s, 2m or 1h30m`);
  }
  return parts.reduce((sum, part) => sum + Number(part[1]) * (unitsMs[part[2] ?? ''] ?? 0), 0);
}
