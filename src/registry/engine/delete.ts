// DELETE: preconditions, grace, finalizers, and the removal once nothing holds the object.
import { conflict, notFound, type Status, type StatusError, success } from '../../status.ts';
import type { ApiObject, Resource } from '../resource.ts';
import type { Afterwards } from './afterwards.ts';
import { attempt, type Current, type Decision, swapLoop } from './compare-and-swap.ts';
import { beginGrace, isHeld, markDeleting, setPropagation } from './deletion-state.ts';
import { copyJson, sameJson } from './json.ts';
import type { StoreParts } from './ports.ts';
import { hookContext, kindName, resourceName } from './request-checks.ts';
import { objectKey } from './resource-key.ts';
import type {
  AdmissionAttributes,
  DeletionOptions,
  DeletionResult,
  RequestContext,
} from './types.ts';
import { presented } from './versions.ts';

/**
 * Deletes the object, or starts its deletion where grace or finalizers keep it. Preconditions are
 * checked against every state that the loop sees.
 */
export async function deleteObject(
  parts: StoreParts,
  context: RequestContext,
  options: DeletionOptions,
): Promise<DeletionResult> {
  const key = objectKey(parts.resource, context.namespace, context.name);
  let deleted = false;
  let waiting = false;
  const outcome = await swapLoop(parts, context, key, async (current) => {
    if (current === undefined) throw notFound(resourceName(context), context.name);
    checkPreconditions(context, current, options);
    return attempt(async (afterwards) => {
      await admitDeletion(parts, context, presented(context, current), afterwards);
      const { decision, pending } = decide(parts, context, current, options);
      deleted = decision.action === 'delete';
      waiting = pending;
      return decision;
    });
  });
  if (outcome.stored === undefined) throw notFound(resourceName(context), context.name);
  const { returnsDeletedObject = false } = context.served.resource;
  const answersObject = returnsDeletedObject || !(deleted || waiting);
  return { stored: outcome.stored, deleted, answersObject };
}

async function admitDeletion(
  { admission }: StoreParts,
  context: RequestContext,
  old: ApiObject,
  afterwards: Afterwards,
): Promise<void> {
  const attributes: AdmissionAttributes = {
    context,
    operation: 'DELETE',
    object: undefined,
    old,
    afterwards: afterwards.add,
  };
  await admission.mutate(attributes);
  await admission.validate(attributes);
}

/** The answer to a deletion that does not answer with the object. */
export function deletionStatus(context: RequestContext, result: DeletionResult): Status {
  const { group, resource } = resourceName(context);
  const { name, uid } = result.stored.header;
  return success({ name, ...(group === '' ? {} : { group }), kind: resource, uid });
}

function decide(
  parts: StoreParts,
  context: RequestContext,
  current: Current,
  options: DeletionOptions,
): { readonly decision: Decision; readonly pending: boolean } {
  const { resource } = context.served;
  const next: ApiObject = copyJson(current.object);
  const first = next.metadata.deletionTimestamp === undefined;
  const waits = !first && resource.staysWhileDeleting?.(next) === true;
  if (waits) return { decision: { action: 'keep' }, pending: false };
  const grace = beginGrace(resource, next, options, parts.clock);
  if (grace === 'pending') return { decision: { action: 'keep' }, pending: true };
  setPropagation(resource, next, options);
  const held = isHeld(resource, next);
  const graceful = grace === 'graceful' && (next.metadata.deletionGracePeriodSeconds ?? 0) > 0;
  if (grace === 'now' && held) markDeleting(next, parts.clock);
  if (first && next.metadata.deletionTimestamp !== undefined) {
    resource.prepareDelete?.(next, hookContext(parts, context));
  }
  const done = (decision: Decision) => ({ decision, pending: false });
  if (!held && !graceful) return done({ action: 'delete', last: parts.parsed.encode(next) });
  if (sameJson(next, current.object)) return done({ action: 'keep' });
  return done({ action: 'write', body: parts.parsed.encode(next), ttlMs: resource.ttlMs?.(next) });
}

function checkPreconditions(
  context: RequestContext,
  current: Current,
  { preconditions }: DeletionOptions,
): void {
  const uid = current.object.metadata.uid ?? '';
  if (preconditions?.uid !== undefined && preconditions.uid !== uid) {
    const why =
      `the UID in the precondition (${preconditions.uid}) does not match the UID in record ` +
      `(${uid}). The object might have been deleted and then recreated`;
    throw preconditionConflict(context, why, ['UID', preconditions.uid, uid]);
  }
  const revision = String(current.stored.revision);
  const wanted = preconditions?.resourceVersion;
  if (wanted !== undefined && wanted !== revision) {
    const why =
      `the ResourceVersion in the precondition (${wanted}) does not match the ResourceVersion in ` +
      `record (${revision}). The object might have been modified`;
    throw preconditionConflict(context, why, ['ResourceVersion', wanted, revision]);
  }
}

/** Upstream's store names the kind; a kind that looks for itself names the resource. */
function preconditionConflict(
  context: RequestContext,
  why: string,
  facts: Parameters<NonNullable<Resource['preconditionFailure']>>,
): StatusError {
  const own = context.served.resource.preconditionFailure?.(...facts);
  if (own !== undefined) return conflict(resourceName(context), context.name, own);
  const { group, kind } = kindName(context);
  return conflict({ group, resource: kind }, context.name, why);
}
