// Arithmetic of deletion: grace periods, finalizers, and when an object may go for good.
import type { Clock } from '../../clock.ts';
import { foregroundFinalizer, orphanFinalizer } from '../metadata/object-meta.ts';
import type { ApiObject, Resource } from '../resource.ts';
import type { DeletionOptions } from './types.ts';

/**
 * Where a deletion stands. `graceful`: the object has been given (or left) a grace period;
 * `pending`: an earlier deletion already waits and this one changes nothing; `now`: no grace.
 */
export type Grace = 'graceful' | 'pending' | 'now';

/** As Go counts: in nanoseconds of 64 bits, which begin anew beyond 292 years. */
function durationMs(seconds: number): number {
  if (seconds < 2 ** 33) return seconds * 1000;
  return Number(BigInt.asIntN(64, BigInt(seconds) * 1_000_000_000n) / 1_000_000n);
}

function timestampOf(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19)}Z`;
}

/** Starts or shortens the grace period of `object` in place (upstream's BeforeDelete). */
export function beginGrace(
  resource: Resource,
  object: ApiObject,
  options: DeletionOptions,
  clock: Clock,
): Grace {
  if (resource.deletionGraceSeconds === undefined) return 'now';
  const { metadata } = object;
  // Negative values count as one second.
  const given = options.gracePeriodSeconds;
  const asked = given !== undefined && given < 0 ? 1 : given;
  const pending = metadata.deletionGracePeriodSeconds;
  if (metadata.deletionTimestamp !== undefined) {
    if (pending === undefined || pending === 0) return 'now';
    // A second deletion may only shorten what is left.
    if (asked === undefined || asked >= pending) return 'pending';
    const startMs = Date.parse(metadata.deletionTimestamp) - durationMs(pending);
    metadata.deletionTimestamp = timestampOf(startMs + durationMs(asked));
    metadata.deletionGracePeriodSeconds = asked;
    return 'graceful';
  }
  const seconds = resource.deletionGraceSeconds(object, asked);
  if (seconds === undefined) return 'now';
  metadata.deletionTimestamp = timestampOf(clock.nowMs() + durationMs(seconds));
  metadata.deletionGracePeriodSeconds = seconds;
  bumpGeneration(object);
  return 'graceful';
}

function bumpGeneration(object: ApiObject): void {
  const { generation = 0 } = object.metadata;
  if (generation > 0) object.metadata.generation = generation + 1;
}

/** Marks an object that only finalizers keep: deleted as of now, without grace. */
export function markDeleting(object: ApiObject, clock: Clock): void {
  const { metadata } = object;
  if (metadata.deletionGracePeriodSeconds === undefined) bumpGeneration(object);
  const { deletionTimestamp } = metadata;
  if (deletionTimestamp === undefined || Date.parse(deletionTimestamp) > clock.nowMs()) {
    metadata.deletionTimestamp = timestampOf(clock.nowMs());
  }
  metadata.deletionGracePeriodSeconds = 0;
}

/**
 * Puts the finalizers in place that the propagation policy asks for; a policy of the request wins
 * over finalizers that are there, and these over the kind's default.
 */
export function setPropagation(
  resource: Resource,
  object: ApiObject,
  options: DeletionOptions,
): boolean {
  const finalizers = object.metadata.finalizers ?? [];
  const policy = options.propagationPolicy ?? standing(finalizers) ?? resource.defaultPropagation;
  const next = finalizers.filter(
    (finalizer) => finalizer !== orphanFinalizer && finalizer !== foregroundFinalizer,
  );
  if (policy === 'Orphan') next.push(orphanFinalizer);
  if (policy === 'Foreground') next.push(foregroundFinalizer);
  const same =
    next.length === finalizers.length && next.every((finalizer) => finalizers.includes(finalizer));
  if (same) return false;
  if (next.length === 0) delete object.metadata.finalizers;
  else object.metadata.finalizers = next;
  return true;
}

function standing(finalizers: readonly string[]): 'Orphan' | 'Foreground' | undefined {
  if (finalizers.includes(orphanFinalizer)) return 'Orphan';
  return finalizers.includes(foregroundFinalizer) ? 'Foreground' : undefined;
}

/** Whether finalizers (or the kind's own reason) keep the object. */
export function isHeld(resource: Resource, object: ApiObject): boolean {
  if ((object.metadata.finalizers ?? []).length > 0) return true;
  return resource.staysWhileDeleting?.(object) === true;
}

/** Whether a deleting object has nothing left to wait for. */
export function readyToGo(resource: Resource, object: ApiObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = object.metadata;
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds > 0) return false;
  return !isHeld(resource, object);
}
