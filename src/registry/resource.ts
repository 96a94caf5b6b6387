// The one shape of a kind: everything the generic engine needs to know about it, as one literal.

import type { Clock } from '../clock.ts';
import type { KubernetesObject, ObjectMeta } from '../objects.ts';
import type { Random } from '../random.ts';
import type { FieldError } from './field.ts';

/** A mutable object in the middle of a request; stored and handed-out ones are frozen. */
export interface ApiObject extends KubernetesObject {
  metadata: ObjectMeta;
  [field: string]: unknown;
}

/** Who asks. `extra` carries e.g. the pod and node that a bound token belongs to. */
export interface User {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** What hooks of a kind may know of the request they run in. */
export interface HookContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly user: User;
  readonly dryRun: boolean;
  /** `''` for the object itself, else `status`, `scale`, … */
  readonly subresource: string;
  /** The group that the request came through: a kind may be stricter in one than in another. */
  readonly group: string;
  /** Adds a `Warning: 299` header to the answer. */
  warn(message: string): void;
}

/** A printer column as it stands in Table.columnDefinitions. */
export interface TableColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly format?: string;
  readonly description: string;
  /** 0: always shown; 1: only with `-o wide`. */
  readonly priority: 0 | 1;
}

export interface TableShape<T> {
  readonly columns: readonly TableColumn[];
  /** One cell per column, in their order. `nowMs` is cluster time, for ages. */
  cells(object: T, nowMs: number): readonly (string | number | boolean | null)[];
  /** The order of a list's rows where it is not that of their keys; for kinds of few objects. */
  compareRows?(a: T, b: T): number;
}

/** One served version of a kind. */
export interface ResourceVersion<T> {
  readonly version: string;
  /** OpenAPI definition name, e.g. `io.k8s.api.apps.v1.ReplicaSet`. */
  readonly schema: string;
  /** Off until `--runtime-config` turns it on; default true. */
  readonly served?: boolean;
  /** What every request to a version on its way out is warned of. */
  readonly deprecationWarning?: string;
  /** Fills defaults in place; runs after decoding and again after mutating admission. */
  defaults?(object: T): void;
  /** To and from the stored version; identity where absent. */
  toStorage?(object: T): T;
  fromStorage?(object: T): T;
}

/** A group under which the same stored objects are served. Events have two. */
export interface ServedGroup<T> {
  readonly group: string;
  /** Preferred version first; the first entry of the first group is the stored one. */
  readonly versions: readonly ResourceVersion<T>[];
}

/** A subresource that reads and writes the same stored object through a narrower door. */
export interface ObjectSubresource<T> {
  readonly name: string; // `status`, `approval`, `finalize`, `ephemeralcontainers`, `resize`
  readonly verbs: readonly ('get' | 'update' | 'patch')[];
  /** Copies from `old` into `next` everything that this door may not change. */
  prepareUpdate(next: T, old: T, context: HookContext): void;
  validateUpdate?(next: T, old: T, context: HookContext): readonly FieldError[];
  /** Field paths (`['metadata','labels']`) that field ownership ignores through this door. */
  readonly resetFields?: readonly (readonly string[])[];
}

/** How `scale` reads and writes a workload (autoscaling/v1 Scale). */
export interface ScaleShape<T> {
  specReplicas(object: T): number;
  setSpecReplicas(object: T, replicas: number): void;
  statusReplicas(object: T): number;
  /** The selector in its string form. */
  selector(object: T): string;
}

/**
 * A kind. The engine owns uid, generation, finalizers, spec/status separation, dry run, patch,
 * apply and conflicts; the declaration says only what is particular. Hooks are synchronous and
 * pure but for mutating the object they are given; what needs other objects is admission's
 * (`src/api/admission`), which is a chain of its own.
 */
export interface Resource<T = ApiObject> {
  readonly kind: string;
  /** Default `${kind}List`. */
  readonly listKind?: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly namespaced: boolean;
  readonly groups: readonly ServedGroup<T>[];
  /** Verbs of the object itself; default: all eight. */
  readonly verbs?: readonly Verb[];

  /**
   * A kind that is never stored (TokenReview, ComponentStatus): its verbs answer and that is all.
   * Implemented in `src/api`, which registers it by this kind's plural and group.
   */
  readonly virtual?: boolean;

  /** Fields besides metadata.name/namespace that a fieldSelector may name, by their path. */
  readonly selectableFields?: Readonly<Record<string, (object: T) => string>>;
  /** What is said of a field that cannot be selected; default `field label not supported: …`. */
  unknownFieldMessage?(field: string): string;
  /** The selectable field that watchers are indexed by (pods: `spec.nodeName`). */
  readonly triggerField?: string;
  readonly table?: TableShape<T>;
  /** Metadata as tables and PartialObjectMetadata show it; default: as stored. */
  partialMetadata?(metadata: ObjectMeta): ObjectMeta;

  /** Whether spec changes bump metadata.generation; default true when the schema has a `spec`. */
  readonly hasGeneration?: boolean;
  /** Has the `status` subresource: the main door ignores status, the status door all but it. */
  readonly hasStatus?: boolean;
  /** A create through the main door may bring its status (nodes register with theirs). */
  readonly keepsStatusOnCreate?: boolean;
  /** More fields that the main door does not own (besides status). */
  readonly resetFields?: readonly (readonly string[])[];
  readonly scale?: ScaleShape<T>;
  readonly subresources?: readonly ObjectSubresource<T>[];

  /** How `metadata.name` is checked; default DNS subdomain. Returns upstream's messages. */
  validateName?(name: string, isPrefix: boolean): readonly string[];
  /** After defaulting, before validation, on create. Status is already reset where hasStatus. */
  prepareCreate?(object: T, context: HookContext): void;
  /** The same on update through the main door. */
  prepareUpdate?(next: T, old: T, context: HookContext): void;
  /**
   * Validates an object on its own; metadata is the engine's. On update `old` is what it replaces,
   * for rules that what is stored already need not keep.
   */
  validate?(object: T, context: HookContext, old?: T): readonly FieldError[];
  /** Validates a change through the main door, in addition to `validate(next)`. */
  validateUpdate?(next: T, old: T, context: HookContext): readonly FieldError[];
  /** After everything but status is copied from `old` at the status door. */
  prepareStatusUpdate?(next: T, old: T, context: HookContext): void;
  /** The status door leaves labels, annotations, owners and finalizers alone; default false. */
  readonly statusKeepsMetadata?: boolean;
  /** More fields that the status door does not own (besides spec). */
  readonly statusResetFields?: readonly (readonly string[])[];
  /** The same through the status door; `validate` does not run there. */
  validateStatusUpdate?(next: T, old: T, context: HookContext): readonly FieldError[];
  /** `subresource`: the door of an update, `''` for the object itself. */
  warnings?(object: T, old: T | undefined, subresource?: string): readonly string[];

  /**
   * Grace period in seconds for a deletion, or undefined to delete at once. `asked` is the
   * client's wish. Pods: spec's terminationGracePeriodSeconds, 0 when never bound or finished.
   */
  deletionGraceSeconds?(object: T, asked: number | undefined): number | undefined;
  /** Changes the object when its deletion starts (namespaces: phase Terminating). */
  prepareDelete?(object: T, context: HookContext): void;
  /** How a precondition that does not hold is told of, where that is not the engine's way. */
  preconditionFailure?(what: 'UID' | 'ResourceVersion', wanted: string, is: string): string;
  /** What a deletion without any propagation of its own is warned of. */
  readonly defaultPropagationWarning?: string;
  /** Keeps a deleting object although metadata.finalizers is empty (namespaces' spec.finalizers). */
  staysWhileDeleting?(object: T): boolean;
  /** A deletion answers with the last object instead of a Status (pods, services, PVCs). */
  readonly returnsDeletedObject?: boolean;
  /** Propagation when the client names none; default background. */
  readonly defaultPropagation?: 'Background' | 'Foreground' | 'Orphan';
  /** A PUT may leave the resourceVersion out; default true (custom resources: false). */
  readonly unconditionalUpdate?: boolean;
  /**
   * Under which name upstream stores the kind, as errors of its storage show; default: its plural
   * (custom resources: behind their group).
   */
  readonly storagePrefix?: string;
  /** Defined by a CustomResourceDefinition, not built in. */
  readonly custom?: boolean;
  /** PUT of a name that does not exist creates it; default false. */
  readonly createOnUpdate?: boolean;
  /** Lifetime after each write, in milliseconds of cluster time (events: one hour). */
  ttlMs?(object: T): number | undefined;
}

export type Verb =
  | 'create'
  | 'delete'
  | 'deletecollection'
  | 'get'
  | 'list'
  | 'patch'
  | 'update'
  | 'watch';

/** Types the literal; gives it back unchanged. */
export function defineResource<T extends KubernetesObject>(resource: Resource<T>): Resource {
  // The engine treats every kind alike; T exists for the author of the declaration.
  return resource as unknown as Resource;
}
