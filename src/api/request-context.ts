// What a request for a stored resource asks of the engine: its context, options, selection and form.
import type { View } from '../registry/cache/representation.ts';
import { compileSelection } from '../registry/cache/selection.ts';
import type { IncludeObject } from '../registry/cache/table-view.ts';
import type { FoundResource } from '../registry/engine/resource-registry.ts';
import type { PatchRequest, RequestContext } from '../registry/engine/types.ts';
import { addWarning, type Exchange } from './exchange.ts';
import { type Negotiated, negotiate } from './negotiation.ts';
import { readInteger, readWriteQuery, type WriteQuery } from './query-options.ts';
import type { ResourceViews } from './resource-views.ts';

export function contextOf(
  exchange: Exchange,
  found: FoundResource,
  options?: WriteQuery,
): RequestContext {
  const { info } = exchange;
  return {
    user: exchange.user,
    served: found.served,
    namespace: found.served.resource.namespaced ? info.namespace : '',
    name: info.name,
    subresource: info.subresource,
    dryRun: options?.dryRun ?? false,
    fieldManager: options?.fieldManager ?? '',
    fieldValidation: options?.fieldValidation ?? 'Warn',
    signal: exchange.signal,
    warn: (message) => addWarning(exchange, message),
  };
}

/** @throws StatusError 406 */
export function negotiateFor(exchange: Exchange, found: FoundResource, stream = false): Negotiated {
  return negotiate(exchange.request, exchange.info.query, {
    table: true,
    partial: true,
    stream,
    protobuf: found.served.resource.custom !== true,
  });
}

export function viewOf(
  views: ResourceViews,
  exchange: Exchange,
  found: FoundResource,
  negotiated: Negotiated,
): View {
  return views.view(found, { ...negotiated, includeObject: includeOf(exchange) });
}

function includeOf(exchange: Exchange): IncludeObject {
  const include = exchange.info.query.get('includeObject');
  return include === 'None' || include === 'Object' ? include : 'Metadata';
}

/** How messages of Go name the type of an object, by upstream's internal package. */
export function goTypeOf(found: FoundResource): string {
  const { group, resource } = found.served;
  const isCore = group === '' || group === 'events.k8s.io';
  return `*${isCore ? 'core' : (group.split('.')[0] ?? group)}.${resource.kind}`;
}

/** @throws StatusError 422 */
export function writeQuery(exchange: Exchange, kind: string): WriteQuery {
  return readWriteQuery(exchange.info.query, kind, exchange.request.headers['user-agent']);
}

/** @throws StatusError 422 */
export function patchQuery(exchange: Exchange, type: PatchRequest['type']): WriteQuery {
  const agent = exchange.request.headers['user-agent'];
  const patch = type === 'apply' ? 'apply' : 'other';
  return readWriteQuery(exchange.info.query, 'PatchOptions', agent, patch);
}

/** @throws StatusError 400 */
export function listQuery(query: URLSearchParams) {
  return {
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
    continue: query.get('continue') ?? '',
    limit: readInteger(query, 'limit') ?? 0,
  };
}

/** Selectors of the query; a name in the path of a watch counts as one. */
export function selectionOf(exchange: Exchange, found: FoundResource) {
  const { query, namespace, name, verb } = exchange.info;
  let fieldSelector = query.get('fieldSelector') ?? '';
  if (verb === 'watch' && name !== '' && fieldSelector === '') {
    fieldSelector = `metadata.name=${name}`;
  }
  return compileSelection(found.served.resource, {
    namespace: found.served.resource.namespaced ? namespace : '',
    labelSelector: query.get('labelSelector') ?? '',
    fieldSelector,
  });
}
