// Judges answers: what no request may bring out of a server, and what is allowed with its reason.
import type { WireAnswer, WireRequest } from './wire.ts';

/** The codes from 500 on that a healthy server gives, and when. */
export const permitted: Readonly<Record<number, string>> = {
  500: 'where kube-apiserver says 500 itself, in its words; others are findings',
  501: 'a method or media type that the server says it does not implement',
  502: 'a proxied node, pod or Service that does not answer',
  503: 'a proxied Service without endpoints, a node that cannot be reached',
  504: 'a resourceVersion that is still to come: the server waits, then gives up',
};

/** What kube-apiserver v1.36 itself answers with 500: its handlers return plain errors there. */
const permittedWords: readonly RegExp[] = [
  // A create with a resourceVersion.
  /resourceVersion should not be set on objects to be created/,
  // Server-side apply of a configuration that does not fit its type.
  /failed to create typed patch object/,
  /failed to convert new (typed )?object/,
  // Strategic merge patches with fields, lists or directives that do not fit the type.
  /unable to find api field in struct/,
  /unknown patch type: /,
  /unrecognized type: /,
  /The order in patch list:/,
  /list element types are not identical: /,
  /expected a \[\]interface \{\}, but received a/,
  /merging lists cannot yet be specified in the patch/,
  /cannot restore slice from|cannot merge|precise merge|map: map\[.*\] does not contain declared merge key/,
  // A get of a resourceVersion that is no number; a binding to nothing; a node without addresses.
  /resourceVersion: Invalid value: /,
  // A write of an object whose resourceVersion is no number.
  /^[^:]*strconv\.ParseUint: parsing |"message": ?"strconv\.ParseUint: parsing |message: 'strconv\.ParseUint/,
  /target\.(name|kind): /,
  /no preferred addresses found/,
  // A path under /watch that names no resource.
  /failed to create RequestInfo/,
  // An eviction that several budgets are about.
  /This pod has more than one PodDisruptionBudget/,
];

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
  if (status >= 500 && !isPermitted(request, status, text)) return `status ${status}`;
  // Headers that are too long are refused before anybody knows that this is an API.
  if (status < 400 || status === 431 || request.method === 'HEAD') return undefined;
  if (!contentType.startsWith('application/json')) return undefined;
  return statusFault(status, text, request.body);
}

function isPermitted({ method, path }: WireRequest, status: number, text: string): boolean {
  if (status !== 500 && permitted[status] !== undefined) return true;
  if (permittedWords.some((words) => words.test(text))) return true;
  // Without a body nobody can say why.
  return method === 'HEAD' && path.includes('/proxy');
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
