// What one request brings to the engine and what it gets back; the API builds these from HTTP.
import type { CachedObject } from '../cache/types.ts';
import type { ApiObject, Resource, ResourceVersion, User } from '../resource.ts';

/** A resource as one group-version serves it: what the live registry finds for a path. */
export interface ServedResource {
  readonly resource: Resource;
  readonly group: string;
  readonly version: ResourceVersion<ApiObject>;
}

/** `Strict` refuses unknown and duplicate fields, `Warn` warns of them, `Ignore` drops them. */
export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

/** Everything about a request but its body. */
export interface RequestContext {
  readonly user: User;
  readonly served: ServedResource;
  /** Empty for cluster-scoped resources and all-namespace lists. */
  readonly namespace: string;
  /** Empty for collections. */
  readonly name: string;
  readonly subresource: string;
  readonly dryRun: boolean;
  /** As given, else derived from the user agent (its part before `/`). */
  readonly fieldManager: string;
  readonly fieldValidation: FieldValidation;
  readonly signal: AbortSignal;
  /** Adds a `Warning: 299` header to the answer. */
  warn(message: string): void;
}

/** An object after a write (or would-be write under dry run), and before it is rendered. */
export interface WriteResult {
  /** In the stored version, frozen, metadata.resourceVersion absent as in storage. */
  readonly stored: CachedObject;
  readonly created: boolean;
}

/** metav1.DeleteOptions, decoded. */
export interface DeletionOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

/** The object is gone at once (`deleted`), or stays until finalizers or grace are done. */
export interface DeletionResult {
  readonly stored: CachedObject;
  readonly deleted: boolean;
  /** Answer with the object; otherwise with `deletionStatus(context, result)`. */
  readonly answersObject: boolean;
}

export type PatchRequest =
  | { readonly type: 'json' | 'merge' | 'strategic'; readonly body: Uint8Array }
  | { readonly type: 'apply'; readonly body: Uint8Array; readonly force: boolean };

/** What became of an object that was on its way into storage; under dry run always `nothing`. */
export type WriteOutcome = 'written' | 'deleted' | 'nothing';

/**
 * What admission sees, in the request's version with type meta and resourceVersion. Mutators
 * change `object` in place, validators throw StatusError; nobody changes `old`.
 */
export interface AdmissionAttributes {
  readonly context: RequestContext;
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly object: ApiObject | undefined;
  readonly old: ApiObject | undefined;
  /**
   * Has `task` run once it is known what became of this attempt; the answer waits for it. An
   * update that lost to another writer is tried again as a new attempt.
   */
  readonly afterwards?: (task: (outcome: WriteOutcome) => Promise<void>) => void;
}

/** The admission chain: plugins in a fixed order, first every `mutate`, later every `validate`. */
export interface Admission {
  mutate(attributes: AdmissionAttributes): Promise<void>;
  validate(attributes: AdmissionAttributes): Promise<void>;
}
