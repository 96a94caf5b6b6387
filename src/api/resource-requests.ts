// Answers requests for stored resources: each verb turned into a call of the engine or the cache.

import { plainRevision } from '../registry/cache/list-options.ts';
import { getBytes } from '../registry/cache/representation.ts';
import type { CachedObject } from '../registry/cache/types.ts';
import { deletionStatus } from '../registry/engine/delete.ts';
import type { FoundResource } from '../registry/engine/resource-registry.ts';
import type { DeletionResult, RequestContext, WriteResult } from '../registry/engine/types.ts';
import type { ApiObject } from '../registry/resource.ts';
import { bodyMediaType, type ReadBody } from '../registry/schema/read-body.ts';
import { httpMethodNotAllowed } from '../status.ts';
import { bytesAnswer, objectAnswer } from './answers.ts';
import { readBytes } from './body.ts';
import { type CollectionRequestParts, CollectionRequests } from './collection-requests.ts';
import { readDeletion } from './delete-options.ts';
import { addWarning, type Exchange } from './exchange.ts';
import { type Negotiated, refusal } from './negotiation.ts';
import { patchRequest, patchType } from './patch-request.ts';
import type { WriteQuery } from './query-options.ts';
import type { ApiResponse } from './request.ts';
import {
  contextOf,
  goTypeOf,
  negotiateFor,
  patchQuery,
  viewOf,
  writeQuery,
} from './request-context.ts';
import type { ResourceViews } from './resource-views.ts';
import { scaleAnswer } from './scale-answer.ts';
import { expectedOf, readObject } from './special-body.ts';

/** Verbs of stored resources, their status, scale and other object subresources. */
export class ResourceRequests {
  readonly #views: ResourceViews;
  readonly #readBody: ReadBody;
  readonly #collections: CollectionRequests;

  constructor(parts: CollectionRequestParts) {
    this.#views = parts.views;
    this.#readBody = parts.readBody;
    this.#collections = new CollectionRequests(parts);
  }

  answer(exchange: Exchange, found: FoundResource): Promise<ApiResponse> {
    const { info } = exchange;
    const { deprecationWarning } = found.served.version;
    if (deprecationWarning !== undefined) addWarning(exchange, deprecationWarning);
    if (info.subresource === 'scale') return scaleAnswer(exchange, found, this.#readBody);
    switch (info.verb) {
      case 'get':
        return this.#get(exchange, found);
      case 'list':
        return this.#collections.list(exchange, found);
      case 'watch':
        return this.#collections.watch(exchange, found);
      case 'create':
        return this.#create(exchange, found);
      case 'update':
        return this.#update(exchange, found);
      case 'patch':
        return this.#patch(exchange, found);
      case 'delete':
        return this.#delete(exchange, found);
      case 'deletecollection':
        return this.#collections.deleteAll(exchange, found);
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
    if (negotiated.asList) {
      throw refusal(
        'you requested PartialObjectMetadataList, but the requested object is not a list ' +
          `(${goTypeOf(found)})`,
      );
    }
    const made = getBytes(viewOf(this.#views, exchange, found, negotiated), stored);
    return bytesAnswer(status, made instanceof Promise ? await made : made, negotiated);
  }

  async #create(exchange: Exchange, found: FoundResource): Promise<ApiResponse> {
    const negotiated = negotiateFor(exchange, found);
    // Only here is the media type looked at before the options.
    bodyMediaType(exchange.request.headers['content-type'] ?? '');
    const bytes = await readBytes(exchange.request);
    const options = writeQuery(exchange, 'CreateOptions');
    const context = contextOf(exchange, found, options);
    const object = await this.#decode(exchange, found, bytes, options);
    const result = await found.store.create(context, object);
    return this.#written(exchange, found, result, negotiated);
  }

  async #update(exchange: Exchange, found: FoundResource): Promise<ApiResponse> {
    const negotiated = negotiateFor(exchange, found);
    const bytes = await readBytes(exchange.request);
    const options = writeQuery(exchange, 'UpdateOptions');
    const context = contextOf(exchange, found, options);
    const object = await this.#decode(exchange, found, bytes, options);
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
    const deletion = await readDeletion(exchange, found, this.#readBody);
    const context = { ...contextOf(exchange, found), dryRun: deletion.dryRun };
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

  async #decode(
    exchange: Exchange,
    found: FoundResource,
    bytes: Uint8Array,
    options: WriteQuery,
  ): Promise<ApiObject> {
    const object = await readObject(exchange, this.#readBody, bytes, expectedOf(found), options);
    found.served.version.defaults?.(object);
    return object;
  }
}
