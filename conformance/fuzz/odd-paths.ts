// Paths and methods that no client sends: encoded slashes, empty segments, unknown everything.
import type { Dice } from './dice.ts';
import { acceptHeader } from './headers.ts';
import { oddText } from './odd-values.ts';
import { makeQuery, percentEncoded } from './queries.ts';
import type { Territory } from './territory.ts';
import type { WireRequest } from './wire.ts';

const oddNames = [
  '%2f',
  'a%2fb',
  '%2e%2e',
  '..',
  '.',
  '%00',
  '%ff',
  '%zz',
  '%',
  'A_B',
  '__proto__',
  'constructor',
  'status',
  'a'.repeat(254),
  'a'.repeat(2000),
  '%F0%9F%98%80',
  'a;b=c',
  '@',
  ':',
  '~',
  '*',
] as const;

/** Mostly the name; what is deleted is never an empty name, which would be the collection. */
export function oddName(dice: Dice, name: string, verb: string): string {
  if (dice.chance(0.96)) return name;
  if (verb === 'delete') return `fuzz-${dice.pick(['a%2fb', '%00', '%ff', '__proto__'])}`;
  return dice.pick(oddNames);
}

/** One of the fuzzer's own; at times one that there cannot be. */
export function oddNamespace(dice: Dice, { namespaces }: Territory): string {
  if (dice.chance(0.98)) return dice.pick(namespaces);
  return `fuzz-${dice.pick(['absent', '%2f', '%00', 'A_B', '__proto__', 'a'.repeat(254)])}`;
}

const paths = [
  '/',
  '//',
  '/api',
  '/api/',
  '/api/v1',
  '/api/v1/',
  '/api/v9',
  '/apis',
  '/apis/apps',
  '/apis/apps/v1',
  '/apis/apps/v9/deployments',
  '/apis/no.such.group/v1/things',
  '/api/v1/pods/x/y/z/w',
  '/api/v1/namespaces//pods',
  '/api/v1/namespaces/default/pods/',
  '/api/v1//pods',
  '/api/v1/watch/pods',
  '/api/v1/watch/namespaces/default/pods/x',
  '/api/v1/watch',
  '/api/v1/proxy/x',
  '/api/v1/../v1/pods',
  '/api/v1/%2e%2e/pods',
  '/api/v1/constructor',
  '/api/v1/__proto__',
  '/version',
  '/version/',
  '/healthz',
  '/healthz/ping',
  '/healthz/no-such',
  '/livez?verbose',
  '/readyz?exclude=ping&exclude=x',
  '/metrics',
  '/metrics/slis',
  '/openapi/v2',
  '/openapi/v3',
  '/openapi/v3/api/v1',
  '/openapi/v3/apis/apps/v1?hash=X',
  '/openapi/v3/apis/x',
  '/.well-known/openid-configuration',
  '/openid/v1/jwks',
  '/logs/',
  '/debug/pprof/',
  '/debug/flags/v',
  '/debug/api_priority_and_fairness/dump_requests',
  '/swagger.json',
  '/index.html',
  '/favicon.ico',
  '/%',
  '/%ff',
  '/api/v1/pods%3fwatch=1',
  '*',
] as const;

const accepts = [
  'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
  'application/com.github.proto-openapi.spec.v3@v1.0+protobuf',
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
  'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList',
  'application/vnd.kubernetes.protobuf;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
] as const;

/** Never DELETE: what such a path means is the server's to say. */
const methods = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'TRACE', 'PROPFIND', 'LINK'];

export function oddRequest(dice: Dice, { namespaces }: Territory): WireRequest {
  const own = `/api/v1/namespaces/${dice.pick(namespaces)}`;
  const path = dice.weigh<() => string>(
    [6, () => dice.pick(paths)],
    [1, () => `${own}/${dice.pick(['pods', 'x', '', 'secrets/', 'pods//log', 'status'])}`],
    [1, () => `/api/v1/${percentEncoded(oddText(dice)).slice(0, 4000)}`],
    [1, () => `/apis/${percentEncoded(oddText(dice)).slice(0, 4000)}/v1`],
    [0.3, () => `/${'a/'.repeat(dice.below(2000))}`],
    [0.3, () => `/${'x'.repeat(dice.below(7000))}`],
  )();
  const method = dice.chance(0.7) ? 'GET' : dice.pick(methods);
  const writes = method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS';
  const query = path.includes('?') || dice.chance(0.7) ? '' : makeQuery(dice, 'list');
  return {
    method,
    path: `${path}${query}`,
    headers: {
      ...(dice.chance(0.3) ? { accept: dice.pick(accepts) } : acceptHeader(dice)),
      ...(writes ? { 'content-type': 'application/json' } : {}),
    },
    ...(writes ? { body: Buffer.from(dice.pick(['', '{}', '[', 'null'])) } : {}),
    ...(path.includes('watch') || query.includes('watch=') ? { cutAfterMs: 300 } : {}),
  };
}
