// Field ownership: keeps metadata.managedFields through updates, and merges applied configurations.
// https://github.com/kubernetes/enhancements/tree/master/keps/sig-api-machinery/555-server-side-apply
import { type Clock, timestamp } from '../../clock.ts';
import type { FieldOwnership, OwnershipInput } from '../engine/ports.ts';
import type { ApiObject } from '../resource.ts';
import type { Decode } from '../schema/decode.ts';
import { createForgetEmptyLists } from '../schema/empty-lists.ts';
import type { TypeTable } from '../schema/types.ts';
import { type Apply, applyConfiguration } from './apply.ts';
import { isSame, sameValue } from './compare.ts';
import { type CreatedFields, createdFieldsOf } from './created-fields.ts';
import { emptySet, type FieldSet, isEmptySet, union } from './field-set.ts';
import { FieldsV1Error } from './fields-v1.ts';
import {
  capUpdateOwners,
  identityOf,
  ManagedFieldsError,
  type Owner,
  readOwners,
  resetsOwners,
  writeOwners,
} from './managed-fields.ts';
import { settleOwners, withoutIdentity } from './settle.ts';
import { createShapes, type Shapes } from './shape.ts';
import { ignoredSet, servedView, VersionedComparison } from './versions.ts';

/** What field ownership is made of. */
export interface OwnershipParts {
  readonly types: TypeTable;
  readonly decode: Decode;
  readonly clock: Clock;
}

/** The engine's `FieldOwnership` as upstream keeps it. */
export function createFieldOwnership(parts: OwnershipParts): FieldOwnership {
  const shapes = createShapes(parts.types);
  const empty = (schema: string) => parts.decode(schema, { value: {} }).object;
  const created = createdFieldsOf(shapes, empty);
  const forgetEmptyLists = createForgetEmptyLists(parts.types);
  return {
    update(input, next) {
      update(parts, shapes, created, empty, input, next);
      forgetEmptyLists(input.served.version.schema, next);
    },
    apply(input, configuration, { force }) {
      const { served } = input;
      const live = input.live ?? empty(served.version.schema);
      const request: Apply = {
        shapes,
        served,
        view: servedView(shapes, served),
        decode: parts.decode,
        ignored: ignoredSet(input.resetFields),
        owner: newOwner(input, true, emptySet, undefined),
        live: withoutManagedFields(live),
        configuration,
        force,
        now: timestamp(parts.clock),
      };
      const stored = ownersOf(live, true) ?? new Map<string, Owner>();
      const owners =
        stored.size > 0 || input.live === undefined
          ? stored
          : ownersBeforeApply(request, input, empty(served.version.schema));
      const applied = applyConfiguration(request, owners);
      setManagedFields(applied.object, applied.owners, owners);
      forgetEmptyLists(served.version.schema, applied.object);
      return applied.object;
    },
  };
}

function newOwner(
  { served, subresource, manager }: OwnershipInput,
  applies: boolean,
  fields: FieldSet,
  time: string | undefined,
): Owner {
  const { group, version } = served;
  const apiVersion = group === '' ? version.version : `${group}/${version.version}`;
  return {
    manager: manager === '' ? 'unknown' : manager,
    applies,
    apiVersion,
    subresource,
    time,
    fields,
  };
}

/** The object with the book-keeping left out, which nobody owns. */
function withoutManagedFields(object: ApiObject): ApiObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

function setManagedFields(
  object: ApiObject,
  owners: ReadonlyMap<string, Owner>,
  before: ReadonlyMap<string, Owner>,
): void {
  if (owners.size === 0) delete object.metadata.managedFields;
  else object.metadata.managedFields = writeOwners(owners, before);
}

/** The owners that an object names; undefined when its entries cannot be understood. */
function ownersOf(object: ApiObject, trusted: boolean): Map<string, Owner> | undefined {
  try {
    return readOwners(object.metadata.managedFields, trusted);
  } catch (error) {
    if (error instanceof ManagedFieldsError || error instanceof FieldsV1Error) return undefined;
    throw error;
  }
}

/**
 * A request may set managedFields itself; clients that do not know of them, entries that make no
 * sense, and requests through subresources leave the live object's.
 */
function ownersToStartFrom(
  { live, subresource }: OwnershipInput,
  next: ApiObject,
): { readonly owners: Map<string, Owner>; readonly canonical: boolean } {
  const stored = () => (live === undefined ? undefined : ownersOf(live, true)) ?? new Map();
  if (subresource !== '') return { owners: stored(), canonical: true };
  const { managedFields } = next.metadata;
  if (managedFields === undefined) return { owners: stored(), canonical: true };
  // Most clients send back what they read.
  if (sameValue(managedFields, live?.metadata.managedFields)) {
    return { owners: stored(), canonical: true };
  }
  if (resetsOwners(managedFields)) return { owners: new Map(), canonical: true };
  const given = ownersOf(next, false);
  if (given === undefined || given.size === 0) return { owners: stored(), canonical: true };
  return { owners: given, canonical: false };
}

/** A new object's fields belong to who makes it. */
function ownAll(
  parts: OwnershipParts,
  created: CreatedFields,
  input: OwnershipInput,
  next: ApiObject,
): void {
  const { schema } = input.served.version;
  const fields = created(schema, next, ignoredSet(input.resetFields));
  if (isEmptySet(fields)) return;
  const owner = newOwner(input, false, fields, timestamp(parts.clock));
  const owners = new Map([[identityOf(owner), owner]]);
  // Its fields are in order already.
  setManagedFields(next, owners, owners);
}

function update(
  parts: OwnershipParts,
  shapes: Shapes,
  created: CreatedFields,
  empty: (schema: string) => ApiObject,
  input: OwnershipInput,
  next: ApiObject,
): void {
  const { live, served } = input;
  const { owners, canonical } = ownersToStartFrom(input, next);
  delete next.metadata.managedFields;
  if (live === undefined && owners.size === 0) {
    ownAll(parts, created, input, next);
    return;
  }
  // An object without owners, once made, stays without: nobody asked for the books to be kept.
  if (owners.size === 0 && live !== undefined) return;
  const before = withoutManagedFields(live ?? empty(served.version.schema));
  const view = servedView(shapes, served);
  const changes = new VersionedComparison(view, before, next, ignoredSet(input.resetFields));
  const own = changes.in(view);
  const after = settleOwners(shapes, served, changes, owners);
  if (!isSame(own)) {
    const fields = withoutIdentity(union(own.modified, own.added));
    if (!isEmptySet(fields))
      addUpdate(after, newOwner(input, false, fields, timestamp(parts.clock)));
  }
  capUpdateOwners(after);
  setManagedFields(next, after, canonical ? owners : new Map());
}

function addUpdate(owners: Map<string, Owner>, owner: Owner): void {
  const identity = identityOf(owner);
  const fields = union(owner.fields, owners.get(identity)?.fields ?? emptySet);
  owners.set(identity, { ...owner, fields });
}

/** Everything in an object that nobody owned belongs to `before-first-apply`. */
function ownersBeforeApply(
  request: Apply,
  input: OwnershipInput,
  empty: ApiObject,
): Map<string, Owner> {
  const { view, live, ignored, now } = request;
  const { added, modified } = new VersionedComparison(view, empty, live, ignored).in(view);
  const fields = withoutIdentity(union(added, modified));
  if (isEmptySet(fields)) return new Map();
  const owner = newOwner({ ...input, manager: 'before-first-apply' }, false, fields, now);
  return new Map([[identityOf(owner), owner]]);
}
