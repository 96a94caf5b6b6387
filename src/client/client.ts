// What controllers, the scheduler and nodes call: typed verbs over a Transport.
import type { KubernetesObject, TokenRequest } from '../objects.ts';
import type { ResourceRef } from './resource-ref.ts';
import type { Transport } from './transport.ts';

export interface ListOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion?: string;
  readonly limit?: number;
}

export interface ListResult<T> {
  readonly resourceVersion: string;
  readonly items: readonly T[];
}

export interface WriteOptions {
  /** `status`, `scale`, `approval`, `binding`, …; default: the object itself. */
  readonly subresource?: string;
  readonly fieldManager?: string;
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
}

export interface DeleteOptions {
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  readonly signal?: AbortSignal;
}

export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly object: T; readonly initialEventsEnd: boolean };

export interface WatchOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion?: string;
  /** Watch-list: initial ADDED events, then a bookmark with `initialEventsEnd`. */
  readonly sendInitialEvents?: boolean;
  readonly timeoutSeconds?: number;
  readonly signal?: AbortSignal;
}

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

/**
 * Every method rejects with `StatusError` when the API refuses (`isReason(error, 'NotFound')`),
 * and with the transport's own error when there was no answer. Objects that come back are frozen.
 */
export interface Client {
  readonly transport: Transport;
  get<T extends KubernetesObject>(ref: ResourceRef<T>, namespace: string, name: string): Promise<T>;
  list<T extends KubernetesObject>(
    ref: ResourceRef<T>,
    options?: ListOptions,
  ): Promise<ListResult<T>>;
  create<T extends KubernetesObject>(
    ref: ResourceRef<T>,
    object: T,
    options?: WriteOptions,
  ): Promise<T>;
  update<T extends KubernetesObject>(
    ref: ResourceRef<T>,
    object: T,
    options?: WriteOptions,
  ): Promise<T>;
  patch<T extends KubernetesObject>(
    ref: ResourceRef<T>,
    namespace: string,
    name: string,
    type: PatchType,
    patch: unknown,
    options?: WriteOptions & { readonly force?: boolean },
  ): Promise<T>;
  /** Resolves also when the object is only marked for deletion. */
  delete<T extends KubernetesObject>(
    ref: ResourceRef<T>,
    namespace: string,
    name: string,
    options?: DeleteOptions,
  ): Promise<void>;
  deleteCollection<T extends KubernetesObject>(
    ref: ResourceRef<T>,
    options: ListOptions & DeleteOptions,
  ): Promise<void>;
  /** Ends when the server closes the stream; rejects with a 410 StatusError when it is too old. */
  watch<T extends KubernetesObject>(
    ref: ResourceRef<T>,
    options: WatchOptions,
  ): AsyncIterable<WatchEvent<T>>;
  /** A bound token for a service account (the `token` subresource). */
  createToken(
    namespace: string,
    serviceAccount: string,
    request: TokenRequest,
  ): Promise<TokenRequest>;
  /** Any other path; throws StatusError on an error status. */
  raw(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    url: string,
    body?: unknown,
  ): Promise<unknown>;
}
