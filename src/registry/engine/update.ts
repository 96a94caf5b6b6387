// PUT, and the part of every update that PATCH shares: own, admit, prepare, validate, compare, swap.
import { conflict, internalError, invalid, notFound, unexplained } from '../../status.ts';
import { type FieldError, FieldPath, invalidValue } from '../field.ts';
import { validateObjectMetaUpdate } from '../metadata/object-meta.ts';
import type { ApiObject } from '../resource.ts';
import type { Afterwards } from './afterwards.ts';
import {
  attempt,
  type Current,
  type Decision,
  type SwapOutcome,
  swapLoop,
} from './compare-and-swap.ts';
import { prepareNew } from './create.ts';
import { readyToGo } from './deletion-state.ts';
import { type Door, doorOf } from './doors.ts';
import { copyJson, sameJson } from './json.ts';
import type { StoreParts } from './ports.ts';
import {
  checkName,
  checkNamespace,
  checkTypeMeta,
  dedupeOwners,
  hookContext,
  kindName,
  resourceName,
} from './request-checks.ts';
import { objectKey, upstreamKey } from './resource-key.ts';
import type { RequestContext, WriteResult } from './types.ts';
import { fromStored, presented, toStored } from './versions.ts';

/**
 * What an update makes of the object as it stands. `owned`: managedFields are already right
 * (apply), so ownership is not worked out again.
 */
export type Change = (current: ApiObject | undefined) => {
  readonly next: ApiObject;
  readonly owned: boolean;
};

/** Replaces an object with `object` (decoded and defaulted, in the request's version). */
export async function update(
  parts: StoreParts,
  context: RequestContext,
  object: ApiObject,
): Promise<WriteResult> {
  const given = copyJson(object);
  checkTypeMeta(context, given);
  checkNamespace(context, given);
  checkName(context, given);
  const uid = given.metadata.uid ?? '';
  return change(parts, context, {
    createOnUpdate: context.served.resource.createOnUpdate === true && context.subresource === '',
    ...(uid === '' ? {} : { uid }),
    change: () => ({ next: copyJson(given), owned: false }),
  });
}

export interface ChangeRequest {
  readonly createOnUpdate: boolean;
  /** The object must still be this one. */
  readonly uid?: string;
  /** How to say that there is no object; default by its resource. */
  readonly missing?: () => Error;
  /** Runs again on every conflict. */
  readonly change: Change;
}

/** The compare-and-swap loop of PUT, PATCH and apply. */
export async function change(
  parts: StoreParts,
  context: RequestContext,
  request: ChangeRequest,
): Promise<WriteResult> {
  const key = objectKey(parts.resource, context.namespace, context.name);
  const door = doorOf(parts, context);
  let created = false;
  const outcome = await swapLoop(parts, context, key, (current) => {
    created = current === undefined;
    if (current === undefined && !request.createOnUpdate) {
      throw request.missing?.() ?? notFound(resourceName(context), context.name);
    }
    if (request.uid !== undefined) checkUid(context, request.uid, current);
    return attempt((afterwards) =>
      current === undefined
        ? bringUp(parts, context, request.change, afterwards)
        : revise(parts, context, door, current, request.change, afterwards),
    );
  });
  return { stored: storedOf(outcome, key), created };
}

function storedOf(outcome: SwapOutcome, key: string) {
  if (outcome.stored === undefined) throw internalError(new Error(`nothing was written at ${key}`));
  return outcome.stored;
}

async function bringUp(
  parts: StoreParts,
  context: RequestContext,
  make: Change,
  afterwards: Afterwards,
): Promise<Decision> {
  const { next, owned } = make(undefined);
  // A PUT may carry the resourceVersion of an object that is gone since.
  delete next.metadata.resourceVersion;
  const { stored, bytes } = await prepareNew(parts, context, next, afterwards, owned);
  return { action: 'write', body: bytes, ttlMs: parts.resource.ttlMs?.(stored) };
}

async function revise(
  parts: StoreParts,
  context: RequestContext,
  door: Door,
  current: Current,
  make: Change,
  afterwards: Afterwards,
): Promise<Decision> {
  const { served, subresource, fieldManager: manager } = context;
  const old = presented(context, current);
  const { next, owned } = make(old);
  checkTypeMeta(context, next);
  checkName(context, next);
  checkNamespace(context, next);
  dedupeOwners(context, next);
  if (!owned) {
    const input = { served, subresource, manager, live: old, resetFields: door.resetFields };
    parts.ownership.update(input, next);
  }
  const { add } = afterwards;
  const attributes = { context, operation: 'UPDATE', object: next, old, afterwards: add } as const;
  await parts.admission.mutate(attributes);
  served.version.defaults?.(next);
  checkResourceVersion(context, next, current);
  const stored = toStored(context, next);
  prepareUpdate(parts, context, door, stored, current.object);
  const shown =
    served.version.fromStorage === undefined ? stored : fromStored(context, copyJson(stored));
  await parts.admission.validate({ ...attributes, object: shown });
  return decide(parts, context, stored, current);
}

/** Fills what an update may not change, runs the kind's hooks and collects every failure. */
function prepareUpdate(
  parts: StoreParts,
  context: RequestContext,
  door: Door,
  next: ApiObject,
  old: ApiObject,
): void {
  const hooks = hookContext(parts, context);
  const { metadata } = next;
  const before = old.metadata;
  keep(metadata, before, 'generation');
  keep(metadata, before, 'creationTimestamp');
  delete metadata.selfLink;
  if ((metadata.uid ?? '') === '') keep(metadata, before, 'uid');
  if (before.deletionTimestamp !== undefined) keep(metadata, before, 'deletionTimestamp');
  if (metadata.deletionGracePeriodSeconds === undefined) {
    keep(metadata, before, 'deletionGracePeriodSeconds');
  }
  door.prepare(next, old, hooks);
  const isCustom = context.served.resource.custom === true;
  const wrong = validateObjectMetaUpdate(metadata, before, FieldPath.of('metadata'), isCustom);
  // Upstream checks metadata for every kind, and then again, with finalizers, by the kind's rules.
  const general = wrong.filter(({ field }) => !field.startsWith('metadata.finalizers['));
  const errors: readonly FieldError[] = [...general, ...wrong, ...door.validate(next, old, hooks)];
  if (errors.length > 0) throw invalid(kindName(context), metadata.name ?? '', errors);
  const { resource } = context.served;
  const warnings = resource.warnings?.(next, old, context.subresource) ?? [];
  for (const warning of warnings) context.warn(warning);
}

function keep<T extends object, K extends keyof T>(next: T, old: Readonly<T>, name: K): void {
  if (old[name] === undefined) delete next[name];
  else next[name] = old[name];
}

/** Deletes what waited only for this update, keeps what did not change, writes the rest. */
function decide(
  parts: StoreParts,
  context: RequestContext,
  next: ApiObject,
  current: Current,
): Decision {
  const { resource } = context.served;
  if (readyToGo(resource, next)) return { action: 'delete', last: parts.parsed.encode(next) };
  if (isUnchanged(next, current.object)) return { action: 'keep' };
  return { action: 'write', body: parts.parsed.encode(next), ttlMs: resource.ttlMs?.(next) };
}

/** Whether nothing differs but, perhaps, the times in managedFields. */
function isUnchanged(next: ApiObject, old: ApiObject): boolean {
  const { kind: _kind, apiVersion: _apiVersion, metadata, ...rest } = next;
  const { metadata: before, ...others } = old;
  if (!sameJson(rest, others)) return false;
  const { resourceVersion: _resourceVersion, managedFields, ...meta } = metadata;
  const { managedFields: managedBefore, ...metaBefore } = before;
  return sameJson(meta, metaBefore) && sameJson(timeless(managedFields), timeless(managedBefore));
}

function timeless(entries: ApiObject['metadata']['managedFields']): unknown {
  return (entries ?? []).map(({ time: _, ...entry }) => entry);
}

function checkResourceVersion(context: RequestContext, next: ApiObject, current: Current): void {
  const given = next.metadata.resourceVersion ?? '';
  if (given === '' || given === '0') {
    if (context.served.resource.unconditionalUpdate !== false) return;
    const path = FieldPath.of('metadata', 'resourceVersion');
    // Upstream takes the resource for the kind here.
    const { group, resource } = resourceName(context);
    throw invalid({ group, kind: resource }, context.name, [
      invalidValue(path, 0, 'must be specified for an update'),
    ]);
  }
  if (!/^[0-9]+$/.test(given)) {
    throw unexplained(`strconv.ParseUint: parsing ${JSON.stringify(given)}: invalid syntax`);
  }
  if (BigInt(given) !== BigInt(current.stored.revision)) {
    throw conflict(resourceName(context), context.name);
  }
}

function checkUid(context: RequestContext, uid: string, current: Current | undefined): void {
  const found = current?.object.metadata.uid ?? '';
  if (found === uid) return;
  const key = upstreamKey(context.served.resource, context.namespace, context.name);
  throw conflict(resourceName(context), context.name, storagePrecondition(key, 'UID', uid, found));
}

/** Upstream's storage error, which reaches clients as it is. */
function storagePrecondition(key: string, what: string, wanted: string, found: string): string {
  return (
    `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, ` +
    `AdditionalErrorMsg: Precondition failed: ${what} in precondition: ${wanted}, ` +
    `${what} in object meta: ${found}`
  );
}
