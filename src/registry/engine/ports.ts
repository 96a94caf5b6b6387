// What the engine needs from its neighbours: schema, cache, field ownership and typed patches.
import type { Clock } from '../../clock.ts';
import type { Random } from '../../random.ts';
import type { Driver } from '../../storage/driver.ts';
import type { CachedObject, ObjectHeader } from '../cache/types.ts';
import type { ApiObject, Resource } from '../resource.ts';
import type { Admission, FieldValidation, ServedResource } from './types.ts';

/** Turns JSON into canonical objects of a type and objects into stored bytes. */
export interface ObjectCodec {
  /**
   * The canonical object of `schema` in a JSON value; what comes back shares nothing with it.
   * `Strict` throws a StatusError for unknown fields, `Warn` reports them to `warn`.
   */
  decode(
    schema: string,
    value: unknown,
    options: { readonly validation: FieldValidation; warn(message: string): void },
  ): ApiObject;
  /** Storage JSON: starts with `{"metadata":{`, without kind, apiVersion and resourceVersion. */
  encodeStored(object: ApiObject): Uint8Array;
  /** Whether the type has this top-level field. */
  hasField(schema: string, field: string): boolean;
}

/** What an update or apply knows of the fields' owners. Objects are in the request's version. */
export interface OwnershipInput {
  readonly served: ServedResource;
  readonly subresource: string;
  readonly manager: string;
  /** The object as it stands; absent when it is about to be created. */
  readonly live: ApiObject | undefined;
  /** Field paths that this door does not own. */
  readonly resetFields: readonly (readonly string[])[];
}

/** Server-side apply and the book-keeping in metadata.managedFields that it rests on. */
export interface FieldOwnership {
  /** After a create, PUT or patch: sets `next.metadata.managedFields` in place. */
  update(input: OwnershipInput, next: ApiObject): void;
  /**
   * Applies a configuration: the merged object with its managedFields, or a StatusError with
   * FieldManagerConflict causes unless `force`.
   */
  apply(
    input: OwnershipInput,
    configuration: ApiObject,
    options: { readonly force: boolean; warn(message: string): void },
  ): ApiObject;
}

/** Patches that need the type to be understood. */
export interface PatchStrategies {
  /** Strategic merge of `patch` into `current`, which stays as it is. Throws StatusErrors. */
  strategicMerge(current: ApiObject, patch: unknown, schema: string): unknown;
}

/** The engine's view of the watch cache. */
export interface ObjectCache {
  /** What the cache holds now; may be behind the store. */
  get(key: string): CachedObject | undefined;
  /** Resolves once the cache has seen every write that was committed before the call. */
  consistent(): Promise<unknown>;
  /** The object, deep-frozen, in its stored version, without resourceVersion and type meta. */
  parse(object: CachedObject): ApiObject;
  /** The header of a body that the cache may not have seen yet. */
  header(key: string, body: Uint8Array): ObjectHeader;
}

/** Everything one resource's store is made of. */
export interface StoreParts {
  readonly resource: Resource;
  readonly driver: Driver;
  readonly cache: ObjectCache;
  readonly codec: ObjectCodec;
  readonly admission: Admission;
  readonly ownership: FieldOwnership;
  readonly patches: PatchStrategies;
  readonly clock: Clock;
  readonly random: Random;
}

/** Keeps no books: managedFields stay as the client sends them. */
export const noFieldOwnership: FieldOwnership = {
  update() {},
  apply() {
    throw new Error('cannot apply: field ownership is not set up');
  },
};

/** Admits everything. */
export const openAdmission: Admission = {
  mutate: () => Promise.resolve(),
  validate: () => Promise.resolve(),
};
