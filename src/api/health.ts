// /livez, /readyz and /healthz: named checks, one line each with ?verbose.
import { textAnswer } from './answers.ts';
import type { ApiResponse } from './request.ts';
import type { RequestInfo } from './request-info.ts';

/** Undefined: fine; else why not (shown only in the server's log, as upstream withholds it). */
export interface HealthCheck {
  readonly name: string;
  /** Whether a failure means that the process is beyond repair. */
  readonly live: boolean;
  check(): string | undefined | Promise<string | undefined>;
}

/** Answers the path, or undefined when it is none of the three. */
export async function healthAnswer(
  info: RequestInfo,
  checks: readonly HealthCheck[],
): Promise<ApiResponse | undefined> {
  const match = /^\/(livez|readyz|healthz)(?:\/(.+))?$/.exec(info.path);
  if (match === null) return undefined;
  const [, endpoint = '', only] = match;
  const excluded = new Set(info.query.getAll('exclude'));
  const chosen = checks.filter((each) => endpoint === 'readyz' || each.live);
  if (only !== undefined) {
    const check = chosen.find((each) => each.name === only);
    if (check === undefined) return undefined;
    const failure = await check.check();
    return failure === undefined
      ? textAnswer(200, 'ok')
      : textAnswer(500, `internal server error: ${failure}\n`);
  }
  const lines: string[] = [];
  let failed = false;
  for (const each of chosen) {
    if (excluded.has(each.name)) {
      lines.push(`[+]${each.name} excluded: ok`);
      continue;
    }
    const failure = await each.check();
    if (failure !== undefined) failed = true;
    lines.push(
      failure === undefined ? `[+]${each.name} ok` : `[-]${each.name} failed: reason withheld`,
    );
  }
  const text = lines.join('\n');
  if (failed) return textAnswer(500, `${text}\n${endpoint} check failed\n`);
  if (info.query.has('verbose')) return textAnswer(200, `${text}\n${endpoint} check passed\n`);
  return textAnswer(200, 'ok');
}
