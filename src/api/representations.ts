// The first look at an Accept header, by path: what upstream's router refuses before any handler.
// https://github.com/emicklei/go-restful (Route.matchesAccept)
import { StatusError } from '../status.ts';
import type { Exchange } from './exchange.ts';
import { contentTypes } from './negotiation.ts';

const whole: readonly string[] = Object.values(contentTypes);
const streams: readonly string[] = [contentTypes.json, contentTypes.protobuf].map(
  (type) => `${type};stream=watch`,
);
const lists: readonly string[] = [...whole, ...streams];
const logs: readonly string[] = ['text/plain', ...whole];
const plain: readonly string[] = [contentTypes.json];
/** What these give is their own affair. */
const connected: readonly string[] = ['exec', 'attach', 'portforward', 'proxy'];

/** The media types of a path; undefined where anything goes or somebody else looks. */
function representations({ info }: Exchange): readonly string[] | undefined {
  if (!info.isResource) {
    if (/^\/version\/?$/.test(info.path)) return plain;
    return /^\/(?:api|apis\/[^/]+)(?:\/|$)/.test(info.path) ? whole : undefined;
  }
  if (connected.includes(info.subresource)) return undefined;
  if (info.subresource === 'log') return logs;
  return info.verb === 'list' || info.verb === 'watch' ? lists : whole;
}

/**
 * Type ranges but `*\/*` are no match here, and parameters do not count.
 *
 * @throws StatusError 406
 */
export function checkRepresentation(exchange: Exchange): void {
  const { accept = '' } = exchange.request.headers;
  if (accept === '' || accept === '*/*' || accept === contentTypes.json) return;
  const available = representations(exchange);
  if (available === undefined) return;
  for (const part of accept.split(',')) {
    const [type = ''] = part.split(';');
    if (type.trim() === '*/*' || available.includes(type.trim())) return;
  }
  throw new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `406: Not Acceptable\n\nAvailable representations: ${available.join(', ')}`,
    reason: 'NotAcceptable',
    details: {},
    code: 406,
  });
}
