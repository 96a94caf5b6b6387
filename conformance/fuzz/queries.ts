// Query strings: every option of the API with values that fit, that nearly fit and that do not.
import type { Dice } from './dice.ts';
import { oddText } from './odd-values.ts';

/** The kinds of requests that take different options. */
export type QueryUse = 'get' | 'list' | 'watch' | 'write' | 'delete' | 'deleteMany' | 'connect';

const booleans = ['true', 'false', '1', '0', '', 'yes', 'TRUE', 'x'] as const;
const numbers = ['0', '1', '2', '500', '-1', '9223372036854775807', '9223372036854775808', 'x', ''];
const versions = ['', '0', '1', '5', '-1', 'x', '999999999', '99999999999999999999', '1.5', '01'];
const selectors = [
  '',
  'app=fuzz',
  'app==fuzz',
  'app!=fuzz',
  'app in (fuzz, b)',
  'app notin (fuzz)',
  'app',
  '!app',
  'app=fuzz,!b',
  'app>1',
  'app<x',
  ',',
  '=',
  'a in ()',
  'a in (',
  'a in (b,,c)',
  '!',
  '!!a',
  'a=b=c',
  'a b',
  '/x=1',
  'a/b/c',
  `${'a'.repeat(300)}=b`,
  `${'a,'.repeat(2000)}a`,
  'ünï=cödé',
] as const;
const fieldSelectors = [
  '',
  'metadata.name=x',
  'metadata.name!=x',
  'metadata.namespace=default',
  'metadata.name=x,metadata.name=y',
  'spec.nodeName=',
  'status.phase!=Running',
  'type=Opaque',
  'involvedObject.name=a',
  'spec.unschedulable=true',
  'no.such=1',
  'metadata.name',
  'metadata.name=a\\,b',
  'metadata.name=a\\',
  '=',
  ',',
] as const;
const continues = [
  '',
  'x',
  '!!!',
  token('{"v":"meta.k8s.io/v1","rv":1,"start":"a\\u0000"}'),
  token('{"v":"meta.k8s.io/v1","rv":-1,"start":"a"}'),
  token('{"v":"meta.k8s.io/v1","rv":99999999,"start":"a"}'),
  token('{"v":"meta.k8s.io/v1","rv":"x","start":1}'),
  token('{"v":"meta.k8s.io/v2","rv":1,"start":"a"}'),
  token('{"v":"meta.k8s.io/v1","rv":1,"start":"../../x"}'),
  token('{"v":"meta.k8s.io/v1","rv":0,"start":""}'),
  token('[]'),
  token('null'),
  token('{'),
] as const;

/** A URL that is too long is refused whatever it says. */
const textMax = 4_000;

type Values = (dice: Dice) => string;
const from =
  (...lists: readonly (readonly string[])[]): Values =>
  (dice) =>
    dice.chance(0.05) ? oddText(dice).slice(0, textMax) : dice.pick(dice.pick(lists));

const list: Readonly<Record<string, Values>> = {
  limit: from(numbers),
  continue: from(continues),
  resourceVersion: from(versions),
  resourceVersionMatch: from(['', 'Exact', 'NotOlderThan', 'exact', 'x']),
  labelSelector: from(selectors),
  fieldSelector: from(fieldSelectors),
  allowWatchBookmarks: from(booleans),
  sendInitialEvents: from(booleans),
  timeoutSeconds: from(numbers),
  pretty: from(booleans),
  watch: from(['false', '0', '']),
  includeObject: from(['None', 'Metadata', 'Object', 'x', '']),
};
const write: Readonly<Record<string, Values>> = {
  dryRun: from(['All', 'All', 'None', '', 'all']),
  fieldValidation: from(['Strict', 'Strict', 'Warn', 'Ignore', '', 'strict']),
  fieldManager: from(['fuzz', 'b', '', 'a'.repeat(128), 'a'.repeat(129), 'a\u0007b', 'ünï']),
  force: from(booleans),
  pretty: from(booleans),
};
const remove: Readonly<Record<string, Values>> = {
  gracePeriodSeconds: from(numbers),
  propagationPolicy: from(['Foreground', 'Background', 'Orphan', '', 'x']),
  orphanDependents: from(booleans),
  dryRun: from(['All', '', 'x']),
  ignoreStoreReadErrorWithClusterBreakingPotential: from(booleans),
  pretty: from(booleans),
};
const connect: Readonly<Record<string, Values>> = {
  container: from(['c', 'x', '']),
  command: from(['ls', '']),
  stdin: from(booleans),
  stdout: from(booleans),
  stderr: from(booleans),
  tty: from(booleans),
  follow: from(booleans),
  previous: from(booleans),
  timestamps: from(booleans),
  tailLines: from(numbers),
  limitBytes: from(numbers),
  sinceSeconds: from(numbers),
  sinceTime: from(['2026-01-01T00:00:00Z', 'x', '']),
  insecureSkipTLSVerifyBackend: from(booleans),
  stream: from(['All', 'Stdout', 'Stderr', 'x']),
  ports: from(numbers),
  path: from(['/', 'x', '..']),
};
const options: Readonly<Record<QueryUse, Readonly<Record<string, Values>>>> = {
  get: { pretty: from(booleans), resourceVersion: from(versions), includeObject: from(['x']) },
  list,
  watch: { ...list, watch: from(['true', '1', 'x']) },
  write,
  delete: remove,
  // Without the selector that keeps it to what the fuzzer made: `requests.ts` puts that first.
  deleteMany: { ...remove, limit: from(numbers), continue: from(continues) },
  connect,
};

/** @param fixed what must be said, whatever else is; nothing contradicts it */
export function makeQuery(
  dice: Dice,
  use: QueryUse,
  fixed: Readonly<Record<string, string>> = {},
): string {
  const parts = Object.entries(fixed).map(([key, value]) => `${key}=${percentEncoded(value)}`);
  const names = Object.keys(options[use]).filter((name) => !Object.hasOwn(fixed, name));
  const count = dice.weigh<number>([5, 0], [3, 1], [3, 2], [1, 4]);
  for (let at = 0; at < count; at++) {
    const name = dice.pick(names);
    const value = options[use][name]?.(dice) ?? '';
    parts.push(
      dice.chance(0.03) ? `${name}=${dice.pick(badEscapes)}` : `${name}=${percentEncoded(value)}`,
    );
  }
  if (dice.chance(0.02))
    parts.push(dice.pick(['&', '=', 'x', '%', '?', 'a=b=c', ';', '__proto__=1']));
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}

const badEscapes = ['%', '%z', '%zz', '%ff', '%00', '%c0%af', '+', '%u0041'];

/** Percent-encodes also what is no valid text. */
export function percentEncoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

function token(text: string): string {
  return Buffer.from(text).toString('base64url');
}
