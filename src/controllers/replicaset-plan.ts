// Decides what a ReplicaSet needs: how many pods to make, which to delete, what status to show.
import type { Pod, ReplicaSet } from '../objects.ts';
import { rankForDeletion } from './pod-ranking.ts';
import { isPodAvailable, isPodReady } from './pod-state.ts';

/** Pods made or deleted in one go. */
export const burstReplicas = 500;

export interface ReplicaSetPlan {
  readonly create: number;
  readonly delete: readonly Pod[];
}

/**
 * @param active the pods it controls that are neither terminal nor going away
 * @param related active pods of all ReplicaSets with the same owner (a Deployment's)
 */
export function planReplicaSet(
  replicaSet: ReplicaSet,
  active: readonly Pod[],
  related: readonly Pod[],
  nowMs: number,
): ReplicaSetPlan {
  const surplus = active.length - (replicaSet.spec?.replicas ?? 1);
  if (surplus === 0) return { create: 0, delete: [] };
  if (surplus < 0) return { create: Math.min(-surplus, burstReplicas), delete: [] };
  const count = Math.min(surplus, burstReplicas);
  if (count === active.length) return { create: 0, delete: active };
  return { create: 0, delete: rankForDeletion(active, related, nowMs).slice(0, count) };
}

export type ReplicaSetStatus = NonNullable<ReplicaSet['status']>;
type Condition = NonNullable<ReplicaSetStatus['conditions']>[number];

/** Why the last try to make or delete pods failed. */
export interface ReplicaFailure {
  readonly reason: 'FailedCreate' | 'FailedDelete';
  readonly message: string;
}

export function replicaSetStatus(
  replicaSet: ReplicaSet,
  active: readonly Pod[],
  terminating: number,
  failure: ReplicaFailure | undefined,
  nowMs: number,
): ReplicaSetStatus {
  const templateLabels = Object.entries(replicaSet.spec?.template?.metadata?.labels ?? {});
  const minReadySeconds = replicaSet.spec?.minReadySeconds ?? 0;
  let fullyLabeledReplicas = 0;
  let readyReplicas = 0;
  let availableReplicas = 0;
  for (const pod of active) {
    const labels = pod.metadata?.labels ?? {};
    if (templateLabels.every(([key, value]) => labels[key] === value)) fullyLabeledReplicas++;
    if (isPodReady(pod)) readyReplicas++;
    if (isPodAvailable(pod, minReadySeconds, nowMs)) availableReplicas++;
  }
  const conditions = conditionsOf(replicaSet, failure, nowMs);
  return {
    replicas: active.length,
    fullyLabeledReplicas,
    readyReplicas,
    availableReplicas,
    terminatingReplicas: terminating,
    observedGeneration: replicaSet.metadata?.generation ?? 0,
    ...(conditions.length === 0 ? {} : { conditions }),
  };
}

function conditionsOf(
  replicaSet: ReplicaSet,
  failure: ReplicaFailure | undefined,
  nowMs: number,
): Condition[] {
  const all = replicaSet.status?.conditions ?? [];
  const known = all.find((condition) => condition.type === 'ReplicaFailure');
  const others = all.filter((condition) => condition.type !== 'ReplicaFailure');
  if (failure === undefined) return others;
  if (known?.reason === failure.reason && known.status === 'True') return [...all];
  const lastTransitionTime = `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
  return [...others, { type: 'ReplicaFailure', status: 'True', ...failure, lastTransitionTime }];
}

/** Whether writing `next` would change anything that clients see. */
export function sameStatus(status: ReplicaSetStatus | undefined, next: ReplicaSetStatus): boolean {
  const seen = status ?? { replicas: 0 };
  return (
    seen.replicas === next.replicas &&
    (seen.fullyLabeledReplicas ?? 0) === next.fullyLabeledReplicas &&
    (seen.readyReplicas ?? 0) === next.readyReplicas &&
    (seen.availableReplicas ?? 0) === next.availableReplicas &&
    seen.terminatingReplicas === next.terminatingReplicas &&
    (seen.observedGeneration ?? 0) === next.observedGeneration &&
    JSON.stringify(seen.conditions ?? []) === JSON.stringify(next.conditions ?? [])
  );
}
