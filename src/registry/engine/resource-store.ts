// One resource's store: the verbs of the generic engine over its driver and watch cache.
import { notFound } from '../../status.ts';
import { objectHeaders } from '../cache/object-header.ts';
import type { CachedObject } from '../cache/types.ts';
import { WatchCache } from '../cache/watch-cache.ts';
import type { ApiObject, Resource } from '../resource.ts';
import { create } from './create.ts';
import { deleteObject } from './delete.ts';
import { deleteCollection } from './delete-collection.ts';
import { copyJson } from './json.ts';
import { patch } from './patch.ts';
import type { EngineEnvironment, StoreParts } from './ports.ts';
import { resourceName } from './request-checks.ts';
import { objectKey, resourcePrefix } from './resource-key.ts';
import { getScale, patchScale, type Scale, updateScale } from './scale.ts';
import type {
  DeletionOptions,
  DeletionResult,
  PatchRequest,
  RequestContext,
  WriteResult,
} from './types.ts';
import { update } from './update.ts';
import { fromStored } from './versions.ts';

/** Reads and writes the objects of one resource, whatever group-version a request speaks. */
export class ResourceStore {
  readonly resource: Resource;
  /** Ends with `/`. */
  readonly prefix: string;
  readonly #environment: EngineEnvironment;
  #opened: StoreParts | undefined;

  constructor(environment: EngineEnvironment, resource: Resource) {
    this.#environment = environment;
    this.resource = resource;
    this.prefix = resourcePrefix(resource);
    // Kinds that are never stored have nothing to cache.
    if (resource.virtual !== true) this.#open();
  }

  /** For lists and watches, which read it without the engine. */
  get cache(): WatchCache {
    return this.#parts.cache;
  }

  get #parts(): StoreParts {
    return this.#opened ?? this.#open();
  }

  #open(): StoreParts {
    const { resource, prefix } = this;
    const { driver, parsed, clock, logger } = this.#environment;
    const header = objectHeaders(resource, parsed);
    const cache = new WatchCache({ driver, prefix, header, clock, logger });
    this.#opened = { ...this.#environment, resource, cache };
    return this.#opened;
  }

  key(namespace: string, name: string): string {
    return objectKey(this.resource, namespace, name);
  }

  /** The newest object as any read after it would see it; 404 when there is none. */
  async get(context: RequestContext): Promise<CachedObject> {
    await this.cache.consistent();
    return this.peek(context);
  }

  /** What the cache holds (a GET with resourceVersion 0); 404 when that is nothing. */
  peek(context: RequestContext): CachedObject {
    const found = this.cache.get(this.key(context.namespace, context.name));
    if (found === undefined) throw notFound(resourceName(context), context.name);
    return found;
  }

  /** A mutable copy in the request's version, with type meta and (once stored) resourceVersion. */
  present(context: RequestContext, stored: CachedObject): ApiObject {
    const shown = fromStored(context, copyJson(this.#parts.parsed.parse(stored)));
    if (stored.revision > 0) shown.metadata.resourceVersion = String(stored.revision);
    return shown;
  }

  /** The parsed object in the stored version, deep-frozen, without type meta. */
  parse(stored: CachedObject): ApiObject {
    return this.#parts.parsed.parse(stored);
  }

  /** `object`: decoded and defaulted, in the request's version. */
  create(context: RequestContext, object: ApiObject): Promise<WriteResult> {
    return create(this.#parts, context, object);
  }

  /** The same, for the object or, by `context.subresource`, one of its narrower doors. */
  update(context: RequestContext, object: ApiObject): Promise<WriteResult> {
    return update(this.#parts, context, object);
  }

  patch(context: RequestContext, request: PatchRequest): Promise<WriteResult> {
    return patch(this.#parts, context, request);
  }

  delete(context: RequestContext, options: DeletionOptions): Promise<DeletionResult> {
    return deleteObject(this.#parts, context, options);
  }

  deleteCollection(
    context: RequestContext,
    items: Iterable<CachedObject>,
    options: DeletionOptions,
  ): Promise<readonly CachedObject[]> {
    return deleteCollection(this.#parts, context, items, options);
  }

  async getScale(context: RequestContext): Promise<Scale> {
    return getScale(this.#parts, context, await this.get(context));
  }

  updateScale(context: RequestContext, scale: ApiObject): Promise<Scale> {
    return updateScale(this.#parts, context, scale);
  }

  patchScale(context: RequestContext, request: PatchRequest): Promise<Scale> {
    return patchScale(this.#parts, context, request);
  }

  /** Resolves once the cache has its first state. */
  async ready(): Promise<void> {
    await this.#opened?.cache.ready();
  }

  close(): void {
    this.#opened?.cache.close();
  }
}
