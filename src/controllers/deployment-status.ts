// What a deployment's status says: counts, availability, and how its rollout comes along.
import type { Deployment, ReplicaSet } from '../objects.ts';
import { desiredOf, fenceposts, totalSize } from './deployment-plan.ts';
import { timeMs } from './pod-state.ts';

export type DeploymentStatus = NonNullable<Deployment['status']>;
export type DeploymentCondition = NonNullable<DeploymentStatus['conditions']>[number];
type ConditionStatus = 'True' | 'False' | 'Unknown';

export function deploymentCondition(
  status: DeploymentStatus | undefined,
  type: string,
): DeploymentCondition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

export function newCondition(
  type: string,
  status: ConditionStatus,
  reason: string,
  message: string,
  nowMs: number,
): DeploymentCondition {
  const now = `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
  return { type, status, reason, message, lastUpdateTime: now, lastTransitionTime: now };
}

/** With `condition` in its place; unchanged where status and reason are what they were. */
export function withCondition(
  status: DeploymentStatus,
  condition: DeploymentCondition,
): DeploymentStatus {
  const known = deploymentCondition(status, condition.type);
  if (known?.status === condition.status && known.reason === condition.reason) return status;
  const kept =
    known?.status === condition.status && known.lastTransitionTime !== undefined
      ? { ...condition, lastTransitionTime: known.lastTransitionTime }
      : condition;
  return replaceCondition(status, kept);
}

function replaceCondition(status: DeploymentStatus, condition: DeploymentCondition) {
  return { ...status, conditions: [...othersThan(status, condition.type), condition] };
}

function othersThan(status: DeploymentStatus, type: string): DeploymentCondition[] {
  return (status.conditions ?? []).filter((condition) => condition.type !== type);
}

export function hasProgressDeadline(deployment: Deployment): boolean {
  const seconds = deployment.spec?.progressDeadlineSeconds;
  return seconds !== undefined && seconds !== 2 ** 31 - 1;
}

const sum = (sets: readonly ReplicaSet[], of: (status: ReplicaSet['status']) => number) =>
  sets.reduce((total, set) => total + of(set.status), 0);

/** Counts and the Available condition; other conditions are carried over. */
export function countStatus(
  deployment: Deployment,
  newSet: ReplicaSet | undefined,
  sets: readonly ReplicaSet[],
  nowMs: number,
): DeploymentStatus {
  const availableReplicas = sum(sets, (status) => status?.availableReplicas ?? 0);
  const collisionCount = deployment.status?.collisionCount;
  const status: DeploymentStatus = {
    observedGeneration: deployment.metadata?.generation ?? 0,
    replicas: sum(sets, (each) => each?.replicas ?? 0),
    updatedReplicas: newSet?.status?.replicas ?? 0,
    readyReplicas: sum(sets, (each) => each?.readyReplicas ?? 0),
    availableReplicas,
    unavailableReplicas: Math.max(0, totalSize(sets) - availableReplicas),
    terminatingReplicas: sum(sets, (each) => each?.terminatingReplicas ?? 0),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    conditions: deployment.status?.conditions ?? [],
  };
  const enough = availableReplicas >= desiredOf(deployment) - fenceposts(deployment).unavailable;
  const [value, reason, words] = enough
    ? (['True', 'MinimumReplicasAvailable', 'has'] as const)
    : (['False', 'MinimumReplicasUnavailable', 'does not have'] as const);
  const message = `Deployment ${words} minimum availability.`;
  return withCondition(status, newCondition('Available', value, reason, message, nowMs));
}

/** Every pod is new, there are as many as asked for, and all are available. */
export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const desired = desiredOf(deployment);
  return (
    (status.updatedReplicas ?? 0) === desired &&
    (status.replicas ?? 0) === desired &&
    (status.availableReplicas ?? 0) === desired &&
    (status.observedGeneration ?? 0) >= (deployment.metadata?.generation ?? 0)
  );
}

function isProgressing(deployment: Deployment, next: DeploymentStatus): boolean {
  const old = deployment.status ?? {};
  const count = (status: DeploymentStatus, field: keyof DeploymentStatus) =>
    Number(status[field] ?? 0);
  const oldPods = (status: DeploymentStatus) =>
    count(status, 'replicas') - count(status, 'updatedReplicas');
  return (
    count(next, 'updatedReplicas') > count(old, 'updatedReplicas') ||
    oldPods(next) < oldPods(old) ||
    count(next, 'readyReplicas') > count(old, 'readyReplicas') ||
    count(next, 'availableReplicas') > count(old, 'availableReplicas')
  );
}

function isTimedOut(deployment: Deployment, next: DeploymentStatus, nowMs: number): boolean {
  const condition = deploymentCondition(next, 'Progressing');
  if (condition === undefined || condition.reason === 'NewReplicaSetAvailable') return false;
  if (condition.reason === 'ProgressDeadlineExceeded') return true;
  const deadlineMs = (deployment.spec?.progressDeadlineSeconds ?? 600) * 1000;
  return (timeMs(condition.lastUpdateTime) ?? nowMs) + deadlineMs < nowMs;
}

/** The whole status during a rollout, with Progressing and ReplicaFailure. */
export function rolloutStatus(
  deployment: Deployment,
  newSet: ReplicaSet | undefined,
  sets: readonly ReplicaSet[],
  nowMs: number,
): DeploymentStatus {
  let status = countStatus(deployment, newSet, sets, nowMs);
  if (!hasProgressDeadline(deployment)) {
    status = { ...status, conditions: othersThan(status, 'Progressing') };
  }
  const current = deploymentCondition(deployment.status, 'Progressing');
  const settled =
    status.replicas === status.updatedReplicas && current?.reason === 'NewReplicaSetAvailable';
  if (hasProgressDeadline(deployment) && !settled) {
    status = progress(deployment, newSet, status, nowMs);
  }
  const failing = [newSet, ...sets]
    .flatMap((set) => set?.status?.conditions ?? [])
    .find((condition) => condition.type === 'ReplicaFailure');
  if (failing === undefined) return { ...status, conditions: othersThan(status, 'ReplicaFailure') };
  const { reason = '', message = '' } = failing;
  const value = failing.status as ConditionStatus;
  return withCondition(status, newCondition('ReplicaFailure', value, reason, message, nowMs));
}

function progress(
  deployment: Deployment,
  newSet: ReplicaSet | undefined,
  status: DeploymentStatus,
  nowMs: number,
): DeploymentStatus {
  const current = deploymentCondition(deployment.status, 'Progressing');
  const subject =
    newSet === undefined
      ? `Deployment ${JSON.stringify(deployment.metadata?.name)}`
      : `ReplicaSet ${JSON.stringify(newSet.metadata?.name)}`;
  const condition = (value: ConditionStatus, reason: string, words: string) =>
    newCondition('Progressing', value, reason, `${subject} ${words}`, nowMs);
  if (isComplete(deployment, status)) {
    const words = 'has successfully progressed.';
    return withCondition(status, condition('True', 'NewReplicaSetAvailable', words));
  }
  if (isProgressing(deployment, status)) {
    const next = condition('True', 'ReplicaSetUpdated', 'is progressing.');
    if (current?.status !== 'True') return replaceCondition(status, next);
    // lastUpdateTime moves on, which is what the deadline counts from.
    const { lastTransitionTime } = current;
    return replaceCondition(status, {
      ...next,
      ...(lastTransitionTime === undefined ? {} : { lastTransitionTime }),
    });
  }
  if (isTimedOut(deployment, status, nowMs)) {
    const words = 'has timed out progressing.';
    return withCondition(status, condition('False', 'ProgressDeadlineExceeded', words));
  }
  return status;
}

/** When to look again for a missed deadline; undefined when there is none to miss. */
export function progressCheckMs(
  deployment: Deployment,
  status: DeploymentStatus,
  nowMs: number,
): number | undefined {
  const condition = deploymentCondition(status, 'Progressing');
  if (!hasProgressDeadline(deployment) || condition === undefined) return undefined;
  const over = condition.reason === 'ProgressDeadlineExceeded';
  if (over || isComplete(deployment, status)) return undefined;
  const deadlineMs = (deployment.spec?.progressDeadlineSeconds ?? 600) * 1000;
  const afterMs = (timeMs(condition.lastUpdateTime) ?? nowMs) + deadlineMs - nowMs;
  return Math.max(afterMs, 0) + 1000;
}
