// Judges answers: what no request may bring out of a server, and what is allowed with its reason.
import type { WireAnswer, WireRequest } from './wire.ts';

/** The codes from 500 on that a healthy server gives, and when. */
export const permitted: Readonly<Record<number, string>> = {
  501: 'a method or media type that the server says it does not implement',
  502: 'a proxied node, pod or Service that does not answer',
  503: 'a proxied Service without endpoints, a node that cannot be reached',
  504: 'a resourceVersion that is still to come: the server waits, then gives up',
};

/** Words that come from inside the program, not from Kubernetes. */
const leaks =
  /\bundefined\b|\[object \w+\]|\bNaN\b|TypeError|RangeError|ReferenceError|Cannot read propert|is not a function|is not iterable|node:internal|\.ts:\d+/;

/** Why the answer is a finding; undefined if it is as it should be. */
export function faultOf(request: WireRequest, answer: WireAnswer): string | undefined {
  const { status, problem, cut, body, contentType } = answer;
  if (problem !== undefined) return `no answer: ${problem}`;
  if (cut) return undefined;
  const text = body.toString();
  if (status === 0) return 'no answer';
  if (status >= 500 && permitted[status] === undefined) return `status ${status}`;
  if (status < 400 || request.method === 'HEAD') return undefined;
  if (!contentType.startsWith('application/json')) return undefined;
  return statusFault(status, text, request.body);
}

function statusFault(status: number, text: string, sent: Buffer | undefined): string | undefined {
  let answer: { readonly kind?: string; readonly code?: number; readonly message?: string };
  try {
    answer = JSON.parse(text) as typeof answer;
  } catch {
    return 'an error that is no JSON although it says so';
  }
  if (answer.kind !== 'Status') return 'an error that is no Status';
  if (answer.code !== status) return `a Status of ${answer.code} in an answer of ${status}`;
  if (answer.message === undefined || answer.message === '') return 'an error without a message';
  const leaked = leaks.exec(answer.message)?.[0];
  // Words that were sent may come back.
  if (leaked === undefined || sent?.includes(leaked) === true) return undefined;
  return `words from inside the program: ${leaked}`;
}

/** One line of what was asked. */
export function describe({ method, path, headers }: WireRequest): string {
  const type = headers['content-type'];
  return `${method} ${path}${type === undefined ? '' : ` (${type})`}`;
}
