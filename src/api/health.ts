// /livez, /readyz and /healthz: named checks, one line each with ?verbose, each with a path of its own.
import { textAnswer } from './answers.ts';
import type { ApiResponse } from './request.ts';
import type { RequestInfo } from './request-info.ts';

export type HealthEndpoint = 'healthz' | 'livez' | 'readyz';

/** Undefined: fine; else why not (shown only at its own path, as upstream withholds it). */
export interface HealthCheck {
  readonly name: string;
  /** Where it counts. */
  readonly endpoints: readonly HealthEndpoint[];
  check(): string | undefined | Promise<string | undefined>;
}

/** Hears how the checks of a whole endpoint went; upstream does not count a check's own path. */
export type HealthObserver = (endpoint: HealthEndpoint, check: string, passed: boolean) => void;

/** Answers the path, or undefined when it is none of the three or names no check. */
export async function healthAnswer(
  info: RequestInfo,
  checks: readonly HealthCheck[],
  observe: HealthObserver = () => undefined,
): Promise<ApiResponse | undefined> {
  const match = /^\/(livez|readyz|healthz)(?:\/(.*))?$/.exec(info.path);
  if (match === null) return undefined;
  const endpoint = match[1] as HealthEndpoint;
  const only = match[2] ?? '';
  const chosen = checks.filter((each) => each.endpoints.includes(endpoint));
  if (only === '') return allOf(endpoint, chosen, info.query, observe);
  const check = chosen.find((each) => each.name === only);
  if (check === undefined) return undefined;
  const failure = await check.check();
  return failure === undefined
    ? textAnswer(200, 'ok')
    : textAnswer(500, `internal server error: ${failure}\n`);
}

async function allOf(
  endpoint: HealthEndpoint,
  checks: readonly HealthCheck[],
  query: URLSearchParams,
  observe: HealthObserver,
): Promise<ApiResponse> {
  const excluded = new Set(query.getAll('exclude'));
  const unknown = new Set(excluded);
  let text = '';
  let failed = false;
  for (const each of checks) {
    if (unknown.delete(each.name) || excluded.has(each.name)) {
      text += `[+]${each.name} excluded: ok\n`;
      continue;
    }
    const failure = await each.check();
    if (failure !== undefined) failed = true;
    observe(endpoint, each.name, failure === undefined);
    text +=
      failure === undefined ? `[+]${each.name} ok\n` : `[-]${each.name} failed: reason withheld\n`;
  }
  if (unknown.size > 0) {
    const names = [...unknown].sort().map((name) => JSON.stringify(name));
    text += `warn: some health checks cannot be excluded: no matches for ${names.join(',')}\n`;
  }
  if (failed) return textAnswer(500, `${text}${endpoint} check failed\n`);
  return textAnswer(200, query.has('verbose') ? `${text}${endpoint} check passed\n` : 'ok');
}
