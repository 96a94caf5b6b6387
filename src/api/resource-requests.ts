// Answers requests for stored resources: each verb turned into a call of the engine or the cache.

import type { ChunkWriter } from '../registry/cache/chunk-buffer.ts';
import { type ListAnswer, openList, writeList } from '../registry/cache/list.ts';
import { plainRevision } from '../registry/cache/list-options.ts';
import { getBytes, type View } from '../registry/cache/representation.ts';
import { compileSelection } from '../registry/cache/selection.ts';
import type { IncludeObject } from '../registry/cache/table-view.ts';
import type { CachedObject } from '../registry/cache/types.ts';
import { deletionStatus } from '../registry/engine/delete.ts';
import type { FoundResource } from '../registry/engine/resource-registry.ts';
import type {
  DeletionOptions,
  DeletionResult,
  PatchRequest,
  RequestContext,
  WriteResult,
} from '../registry/engine/types.ts';
import type { Verb } from '../registry/resource.ts';
import { bodyMediaType, type ReadBody } from '../registry/schema/read-body.ts';
import { httpMethodNotAllowed, resourceNotFound } from '../status.ts';
import { bytesAnswer, headersFor, objectAnswer, watchHeadersFor } from './answers.ts';
import { readBytes } from './body.ts';
import { acceptsGzip, gzipped, type Produce, produceBody } from './compression.ts';
import { readDeletion } from './delete-options.ts';
import { addWarning, type Exchange } from './exchange.ts';
import { type Turns, turnUnits } from './fairness/turns.ts';
import { type Negotiated, negotiate, refusal } from './negotiation.ts';
import { patchRequest, patchType } from './patch-request.ts';
import { readBoolean, readInteger, readWriteQuery, type WriteQuery } from './query-options.ts';
import type { ApiResponse, BodyWriter } from './request.ts';
import type { ResourceViews } from './resource-views.ts';
import { asksForWebSocket } from './websocket.ts';
import { watchOverWebSocket } from './websocket-watch.ts';

const listChunkBytes = 256 * 1024;
/** Upstream ends a watch without a timeout after 30 to 60 minutes, at random. */
const watchTimeoutMinMs = 1_800_000;
const allVerbs: readonly Verb[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
];
const scaleExpected = {
  group: 'autoscaling',
  version: 'v1',
  kind: 'Scale',
  schema: 'io.k8s.api.autoscaling.v1.Scale',
};

export interface ResourceRequestParts {
  readonly views: ResourceViews;
  readonly readBody: ReadBody;
  readonly random: { next(): number };
  readonly turns: Turns;
}

/** Verbs of stored resources, their status, scale and other object subresources. */
export class ResourceRequests {
  readonly #parts: ResourceRequestParts;

  constructor(parts: ResourceRequestParts) {
    this.#parts = parts;
  }

  answer(exchange: Exchange, found: FoundResource): Promise<ApiResponse> {
    const { info } = exchange;
    if (info.subresource === 'scale') return this.#scale(exchange, found);
    checkVerb(exchange, found);
    const { deprecationWarning } = found.served.version;
    if (deprecationWarning !== undefined) addWarning(exchange, deprecationWarning);
    switch (info.verb) {
      case 'get':
        return this.#get(exchange, found);
      case 'list':
        return this.#list(exchange, found);
      case 'watch':
        return this.#watch(exchange, found);
      case 'create':
        return this.#create(exchange, found);
      case 'update':
        return this.#update(exchange, found);
      case 'patch':
        return this.#patch(exchange, found);
      case 'delete':
        return this.#delete(exchange, found);
      case 'deletecollection':
        return this.#deleteCollection(exchange, found);
      default:
        throw httpMethodNotAllowed();
    }
  }

  async #get(exchange: Exchange, found: FoundResource): Promise<ApiResponse> {
    const negotiated = negotiateFor(exchange, found);
    const context = contextOf(exchange, found);
    const version = exchange.info.query.get('resourceVersion') ?? '';
    const { store } = found;
    let stored: CachedObject;
    if (version === '0') {
      await store.cache.ready();
      stored = store.peek(context);
    } else {
      if (version !== '') await store.cache.waitFor(plainRevision(version));
      stored = await store.get(context);
    }
    return this.#show(exchange, found, stored, negotiated, 200);
  }

  async #show(
    exchange: Exchange,
    found: FoundResource,
    stored: CachedObject,
    negotiated: Negotiated,
    status: number,
  ): Promise<ApiResponse> {
    const { kind } = found.served.resource;
    if (negotiated.asList) {
      throw refusal(
        'you requested PartialObjectMetadataList, but the requested object is not a list ' +
          `(*${internalPackage(found)}.${kind})`,
      );
    }
    const made = getBytes(this.#view(exchange, found, negotiated), stored);
    return bytesAnswer(status, made instanceof Promise ? await made : made, negotiated);
  }

  #view(exchange: Exchange, found: FoundResource, negotiated: Negotiated): View {
    return this.#parts.views.view(found, { ...negotiated, includeObject: includeOf(exchange) });
  }

  async #list(exchange: Exchange, found: FoundResource): Promise<ApiResponse> {
    const { query } = exchange.info;
    const negotiated = negotiateFor(exchange, found);
    if (negotiated.shape === 'partial' && !negotiated.asList) {
      throw refusal(
        'you requested PartialObjectMetadata, but the requested object is a list ' +
          `(*${internalPackage(found)}.${found.served.resource.kind}List)`,
      );
    }
    // Lists and watches have the same options: each reads what is the other's as well.
    readInteger(query, 'timeoutSeconds');
    const selection = selectionOf(exchange, found);
    const sendInitialEvents = readBoolean(query, 'sendInitialEvents');
    const opened = await openList(found.store.cache, {
      ...listQuery(query),
      selection,
      sendInitialEvents,
    });
    const answer = negotiated.shape === 'table' ? await sortedRows(opened, found) : opened;
    const view = this.#view(exchange, found, negotiated);
    const { turns } = this.#parts;
    const pause = () => turns.take(turnUnits.chunk);
    const produce: Produce = (writer) =>
      writeList(answer, view, paced(turns, writer), listChunkBytes, { pause });
    const body = await produceBody(produce);
    if (typeof body !== 'function') return bytesAnswer(200, body, negotiated);
    if (negotiated.format === 'yaml' || (negotiated.format === 'json' && negotiated.pretty)) {
      const chunks: Uint8Array[] = [];
      await body({ write: (chunk) => void chunks.push(Buffer.from(chunk)) as undefined });
      return bytesAnswer(200, Buffer.concat(chunks), negotiated);
    }
    const headers = headersFor(negotiated);
    if (!acceptsGzip(exchange.request.headers['accept-encoding'])) {
      return { status: 200, headers, body };
    }
    return {
      status: 200,
      headers: { ...headers, 'content-encoding': 'gzip', vary: 'Accept-Encoding' },
      body: gzipped(body),
    };
  }

  async #watch(exchange: Exchange, found: FoundResource): Promise<ApiResponse> {
    const { query } = exchange.info;
    const negotiated = negotiateFor(exchange, found, true);
    const seconds = readInteger(query, 'timeoutSeconds') ?? 0;
    readInteger(query, 'limit');
    const timeoutMs =
      seconds > 0 ? seconds * 1000 : watchTimeoutMinMs * (1 + this.#parts.random.next());
    const { store } = found;
    const stream = this.#parts.views.hub(store).open({
      resource: nameOf(found),
      selection: selectionOf(exchange, found),
      view: this.#view(exchange, found, negotiated),
      allowBookmarks: readBoolean(query, 'allowWatchBookmarks') ?? false,
      resourceVersion: query.get('resourceVersion') ?? '',
      resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
      continue: query.get('continue') ?? '',
      sendInitialEvents: readBoolean(query, 'sendInitialEvents'),
      timeoutMs,
      started: exchange.started,
      sent: exchange.sent,
    });
    const { signal, request } = exchange;
    const body: Produce = (writer) => {
      // What it starts with is a list; what comes later is small and must not wait for a turn.
      const { turns } = this.#parts;
      const big = paced(turns, writer);
      const write = (chunk: Uint8Array) =>
        chunk.byteLength >= listChunkBytes ? big(chunk) : writer.write(chunk);
      return stream(write, signal);
    };
    if (asksForWebSocket(request)) return watchOverWebSocket(request, body, negotiated.format);
    return { status: 200, headers: watchHeadersFor(negotiated), body };
  }

  async #create(exchange: Exchange, found: FoundResource): Promise<ApiResponse> {
    const negotiated = negotiateFor(exchange, found);
    // Only here is the media type looked at before the options.
    bodyMediaType(exchange.request.headers['content-type'] ?? '');
    const options = writeQuery(exchange, 'CreateOptions');
    const context = contextOf(exchange, found, options);
    const object = await this.#decode(exchange, found, options);
    const result = await found.store.create(context, object);
    return this.#written(exchange, found, result, negotiated);
  }

  async #update(exchange: Exchange, found: FoundResource): Promise<ApiResponse> {
    const negotiated = negotiateFor(exchange, found);
    const options = writeQuery(exchange, 'UpdateOptions');
    const context = contextOf(exchange, found, options);
    const object = await this.#decode(exchange, found, options);
    const result = await found.store.update(context, object);
    return this.#written(exchange, found, result, negotiated);
  }

  async #patch(exchange: Exchange, found: FoundResource): Promise<ApiResponse> {
    const type = patchType(exchange.request, found.served.resource);
    const negotiated = negotiateFor(exchange, found);
    const options = patchQuery(exchange, type);
    const context = contextOf(exchange, found, options);
    const body = await patchRequest(exchange.request, type, options);
    const result = await found.store.patch(context, body);
    return this.#written(exchange, found, result, negotiated);
  }

  #written(
    exchange: Exchange,
    found: FoundResource,
    result: WriteResult,
    negotiated: Negotiated,
  ): Promise<ApiResponse> {
    return this.#show(exchange, found, result.stored, negotiated, result.created ? 201 : 200);
  }

  async #delete(exchange: Exchange, found: FoundResource): Promise<ApiResponse> {
    const negotiated = negotiateFor(exchange, found);
    const deletion = await readDeletion(exchange, this.#parts.readBody);
    const context = { ...contextOf(exchange, found), dryRun: deletion.dryRun };
    warnOfPropagation(exchange, found, deletion.options);
    const result = await found.store.delete(context, deletion.options);
    return this.#deleted(exchange, found, context, result, negotiated);
  }

  #deleted(
    exchange: Exchange,
    found: FoundResource,
    context: RequestContext,
    result: DeletionResult,
    negotiated: Negotiated,
  ): Promise<ApiResponse> {
    // Upstream answers 200 also when finalizers hold the object; 202 only for orphaning clients.
    if (result.answersObject) return this.#show(exchange, found, result.stored, negotiated, 200);
    return objectAnswer(200, deletionStatus(context, result), negotiated, exchange.protobuf);
  }

  async #deleteCollection(exchange: Exchange, found: FoundResource): Promise<ApiResponse> {
    const negotiated = negotiateFor(exchange, found);
    const deletion = await readDeletion(exchange, this.#parts.readBody);
    const context = { ...contextOf(exchange, found), dryRun: deletion.dryRun };
    warnOfPropagation(exchange, found, deletion.options);
    const selection = selectionOf(exchange, found);
    const listed = await openList(found.store.cache, {
      ...listQuery(exchange.info.query),
      selection,
      sendInitialEvents: undefined,
    });
    const chosen: CachedObject[] = [];
    for await (const object of listed.objects) chosen.push(object);
    const done = await found.store.deleteCollection(context, chosen, deletion.options);
    const view = this.#view(exchange, found, { ...negotiated, shape: 'object' });
    const chunks: Uint8Array[] = [];
    await writeList(
      { ...listed, objects: done },
      view,
      (chunk) => void chunks.push(chunk) as undefined,
      listChunkBytes,
    );
    return bytesAnswer(200, Buffer.concat(chunks), negotiated);
  }

  async #scale(exchange: Exchange, found: FoundResource): Promise<ApiResponse> {
    const { info, request, protobuf } = exchange;
    if (found.served.resource.scale === undefined) throw resourceNotFound();
    const negotiated = negotiateFor(exchange, found);
    if (info.verb === 'get') {
      const scale = await found.store.getScale(contextOf(exchange, found));
      return objectAnswer(200, scale, negotiated, protobuf);
    }
    if (info.verb === 'patch') {
      const type = patchType(request, found.served.resource);
      const options = patchQuery(exchange, type);
      const patch = await patchRequest(request, type, options);
      const scale = await found.store.patchScale(contextOf(exchange, found, options), patch);
      return objectAnswer(200, scale, negotiated, protobuf);
    }
    const options = writeQuery(exchange, 'UpdateOptions');
    const context = contextOf(exchange, found, options);
    if (info.verb !== 'update') throw httpMethodNotAllowed();
    const given = await this.#parts.readBody(await readBytes(request), scaleExpected, {
      contentType: request.headers['content-type'] ?? '',
      fieldValidation: options.fieldValidation,
      warn: (message) => addWarning(exchange, message),
    });
    const scale = await found.store.updateScale(context, given);
    return objectAnswer(200, scale, negotiated, protobuf);
  }

  async #decode(exchange: Exchange, found: FoundResource, options: WriteQuery) {
    const { group, version, resource } = found.served;
    const bytes = await readBytes(exchange.request);
    const expected = {
      group,
      version: version.version,
      kind: resource.kind,
      schema: version.schema,
    };
    const object = await this.#parts.readBody(bytes, expected, {
      contentType: exchange.request.headers['content-type'] ?? '',
      fieldValidation: options.fieldValidation,
      warn: (message) => addWarning(exchange, message),
    });
    version.defaults?.(object);
    return object;
  }
}

/** Lets a big answer's next chunk be made when it is its turn. */
function paced(turns: Turns, writer: BodyWriter): ChunkWriter {
  return async (chunk) => {
    await writer.write(chunk);
    await turns.take(turnUnits.chunk);
  };
}

/** A table's rows in the order of its kind, where that has one of its own. */
async function sortedRows(answer: ListAnswer, found: FoundResource): Promise<ListAnswer> {
  const compare = found.served.resource.table?.compareRows;
  if (compare === undefined) return answer;
  const objects: CachedObject[] = [];
  for await (const object of answer.objects) objects.push(object);
  const { store } = found;
  objects.sort((a, b) => compare(store.parse(a), store.parse(b)));
  return { ...answer, objects };
}

function warnOfPropagation(
  exchange: Exchange,
  found: FoundResource,
  { propagationPolicy }: DeletionOptions,
): void {
  const { defaultPropagationWarning } = found.served.resource;
  if (propagationPolicy !== undefined || defaultPropagationWarning === undefined) return;
  addWarning(exchange, defaultPropagationWarning);
}

/** How errors name the resource of a request. */
export function nameOf(found: FoundResource): { group: string; resource: string } {
  return { group: found.served.group, resource: found.served.resource.plural };
}

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

function checkVerb(exchange: Exchange, found: FoundResource): void {
  const { verb, subresource, name, namespace } = exchange.info;
  const { resource } = found.served;
  const known: readonly string[] =
    subresource === '' ? (resource.verbs ?? allVerbs) : subresourceVerbs(found, subresource);
  if (known.length === 0) throw resourceNotFound();
  if (!known.includes(verb)) throw httpMethodNotAllowed();
  if (resource.namespaced && namespace === '' && verb !== 'list' && verb !== 'watch') {
    if (verb === 'deletecollection' || verb === 'create') throw httpMethodNotAllowed();
    throw resourceNotFound();
  }
  // A namespace's own path names it twice.
  const own = resource.plural === 'namespaces' && name === namespace;
  if (!resource.namespaced && namespace !== '' && !own) {
    throw resourceNotFound();
  }
  if (verb === 'create' && name !== '') throw httpMethodNotAllowed();
}

function subresourceVerbs(found: FoundResource, subresource: string): readonly string[] {
  const { resource } = found.served;
  if (subresource === 'status' && resource.hasStatus === true) return ['get', 'update', 'patch'];
  return resource.subresources?.find((each) => each.name === subresource)?.verbs ?? [];
}

function negotiateFor(exchange: Exchange, found: FoundResource, stream = false): Negotiated {
  return negotiate(exchange.request, exchange.info.query, {
    table: true,
    partial: true,
    stream,
    protobuf: found.served.resource.custom !== true,
  });
}

/** The package of upstream's internal types, as messages of Go name it. */
function internalPackage(found: FoundResource): string {
  const { group } = found.served;
  return group === '' || group === 'events.k8s.io' ? 'core' : (group.split('.')[0] ?? group);
}

function writeQuery(exchange: Exchange, kind: string): WriteQuery {
  return readWriteQuery(exchange.info.query, kind, exchange.request.headers['user-agent']);
}

function listQuery(query: URLSearchParams) {
  return {
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
    continue: query.get('continue') ?? '',
    limit: readInteger(query, 'limit') ?? 0,
  };
}

function patchQuery(exchange: Exchange, type: PatchRequest['type']): WriteQuery {
  const agent = exchange.request.headers['user-agent'];
  const patch = type === 'apply' ? 'apply' : 'other';
  return readWriteQuery(exchange.info.query, 'PatchOptions', agent, patch);
}

function includeOf(exchange: Exchange): IncludeObject {
  const include = exchange.info.query.get('includeObject');
  return include === 'None' || include === 'Object' ? include : 'Metadata';
}

/** Selectors of the query; a name in the path of a watch counts as one. */
function selectionOf(exchange: Exchange, found: FoundResource) {
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
