// What the engine is given: storage, schema, admission, field ownership and typed patches.
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../logger.ts';
import type { Random } from '../../random.ts';
import type { Driver } from '../../storage/driver.ts';
import type { ParsedObjects } from '../cache/parsed-objects.ts';
import type { WatchCache } from '../cache/watch-cache.ts';
import type { ApiObject, Resource } from '../resource.ts';
import type { Decode } from '../schema/decode.ts';
import type { TypeTable } from '../schema/types.ts';
import type { Admission, ServedResource } from './types.ts';

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

/** What all stores of a server share. */
export interface EngineEnvironment {
  readonly driver: Driver;
  readonly types: TypeTable;
  readonly decode: Decode;
  readonly parsed: ParsedObjects;
  readonly admission: Admission;
  readonly ownership: FieldOwnership;
  readonly patches: PatchStrategies;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Everything one resource's store is made of. */
export interface StoreParts extends EngineEnvironment {
  readonly resource: Resource;
  readonly cache: WatchCache;
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

/** Refuses strategic patches; for servers without typed patches. */
export const noPatchStrategies: PatchStrategies = {
  strategicMerge() {
    throw new Error('cannot patch: strategic merge is not set up');
  },
};
