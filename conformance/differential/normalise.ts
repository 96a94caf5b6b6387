// Takes out of an answer what differs between any two servers: times, identities, addresses.
import type { ApiAnswer } from '../api.ts';

const masked: ReadonlySet<string> = new Set([
  ...['uid', 'resourceVersion', 'creationTimestamp', 'deletionTimestamp', 'time', 'continue'],
  ...['clusterIP', 'clusterIPs', 'nodePort', 'lastTransitionTime'],
]);

const patterns: readonly (readonly [RegExp, string])[] = [
  [/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<uid>'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>'],
  [/(resourceVersion\\*":\\*")\d+/g, '$1<version>'],
  [/\(\d+\)/g, '(<number>)'],
  [/"pkg\/[a-z/]+\/scheme\.go:\d+"/g, '<scheme>'],
  [/kube-api-access-\w+/g, 'kube-api-access-<random>'],
  [/\b(10|172|192|127)(\.\d{1,3}){3}\b/g, '<address>'],
  [/^\d+s$/g, '<age>'],
];

/** Status, media type, warnings and body of an answer, alike for servers that behave alike. */
export function normalised(answer: ApiAnswer): Record<string, unknown> {
  const { 'content-type': type, warning } = answer.headers;
  return { status: answer.status, type, warning: text(String(warning ?? '')), body: body(answer) };
}

/** A watch is a line of JSON for each event. */
function body({ text: given }: ApiAnswer): unknown {
  const lines = given.startsWith('{"type":') ? given.trim().split('\n') : [given];
  try {
    return lines.map((line) => value(JSON.parse(line)));
  } catch {
    return text(given);
  }
}

function value(given: unknown, name = ''): unknown {
  if (masked.has(name) && given !== '' && given !== 'None') return '<masked>';
  if (typeof given === 'string') return text(given);
  if (Array.isArray(given)) return given.map((item) => value(item));
  if (typeof given !== 'object' || given === null) return given;
  return Object.fromEntries(Object.entries(given).map(([key, child]) => [key, value(child, key)]));
}

function text(given: string): string {
  return patterns.reduce((now, [pattern, by]) => now.replace(pattern, by), given);
}

/** Where two values differ, as lines `path: this | that`. */
export function differences(ours: unknown, theirs: unknown, path = ''): string[] {
  const both = [ours, theirs];
  if (both.every((each) => typeof each === 'object' && each !== null)) {
    const [a, b] = both as [Record<string, unknown>, Record<string, unknown>];
    const names = new Set([...Object.keys(a), ...Object.keys(b)]);
    return [...names].flatMap((name) => differences(a[name], b[name], `${path}.${name}`));
  }
  return ours === theirs ? [] : [`${path}: ${JSON.stringify(ours)} | ${JSON.stringify(theirs)}`];
}
