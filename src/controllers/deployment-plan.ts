// The arithmetic of rollouts: how large each ReplicaSet of a deployment should be next.
import type { Deployment, ReplicaSet } from '../objects.ts';
import { byCreation } from './deployment-template.ts';

export const desiredAnnotation = 'deployment.kubernetes.io/desired-replicas';
export const maxAnnotation = 'deployment.kubernetes.io/max-replicas';

/** A ReplicaSet and the size that it should get. */
export interface Resize {
  readonly set: ReplicaSet;
  readonly replicas: number;
}

export const sizeOf = (set: ReplicaSet | undefined): number =>
  set === undefined ? 0 : (set.spec?.replicas ?? 1);
export const desiredOf = (deployment: Deployment): number => deployment.spec?.replicas ?? 1;
export const availableOf = (set: ReplicaSet | undefined): number =>
  set?.status?.availableReplicas ?? 0;
export const totalSize = (sets: readonly ReplicaSet[]): number =>
  sets.reduce((sum, set) => sum + sizeOf(set), 0);
const totalAvailable = (sets: readonly ReplicaSet[]) =>
  sets.reduce((sum, set) => sum + availableOf(set), 0);

/** maxSurge and maxUnavailable as counts; never both zero, else nothing could move. */
export function fenceposts(deployment: Deployment): {
  readonly surge: number;
  readonly unavailable: number;
} {
  if (deployment.spec?.strategy?.type === 'Recreate') return { surge: 0, unavailable: 0 };
  const { maxSurge = '25%', maxUnavailable = '25%' } =
    deployment.spec?.strategy?.rollingUpdate ?? {};
  const desired = desiredOf(deployment);
  const surge = resolve(maxSurge, desired, Math.ceil);
  let unavailable = resolve(maxUnavailable, desired, Math.floor);
  if (surge === 0 && unavailable === 0) unavailable = 1;
  return { surge, unavailable: Math.min(unavailable, desired) };
}

function resolve(value: unknown, of: number, round: (value: number) => number): number {
  if (typeof value === 'number') return value;
  const percent = /^(\d+)%$/.exec(String(value))?.[1];
  return percent === undefined ? 0 : round((Number(percent) * of) / 100);
}

/** The size of the new ReplicaSet while it grows within the surge. */
export function newSetSize(
  deployment: Deployment,
  sets: readonly ReplicaSet[],
  current: number,
): number {
  const desired = desiredOf(deployment);
  if (deployment.spec?.strategy?.type === 'Recreate') return desired;
  const room = desired + fenceposts(deployment).surge - totalSize(sets);
  return room <= 0 ? current : current + Math.min(room, desired - current);
}

/** The next step of a rolling update; empty when there is nothing to do now. */
export function planRollingUpdate(
  deployment: Deployment,
  newSet: ReplicaSet | undefined,
  oldSets: readonly ReplicaSet[],
): readonly Resize[] {
  const desired = desiredOf(deployment);
  const all = newSet === undefined ? oldSets : [...oldSets, newSet];
  if (newSet !== undefined && sizeOf(newSet) !== desired) {
    const size = sizeOf(newSet);
    const replicas = size > desired ? desired : newSetSize(deployment, all, size);
    if (replicas !== size) return [{ set: newSet, replicas }];
  }
  return planOldSets(deployment, newSet, oldSets, all);
}

function planOldSets(
  deployment: Deployment,
  newSet: ReplicaSet | undefined,
  oldSets: readonly ReplicaSet[],
  all: readonly ReplicaSet[],
): readonly Resize[] {
  const old = oldSets.filter((set) => sizeOf(set) > 0).sort(byCreation);
  const minAvailable = desiredOf(deployment) - fenceposts(deployment).unavailable;
  const newUnavailable = sizeOf(newSet) - availableOf(newSet);
  let unhealthy = totalSize(all) - minAvailable - newUnavailable;
  if (old.length === 0 || unhealthy <= 0) return [];
  const sizes = new Map(old.map((set) => [set, sizeOf(set)]));
  // Broken pods of old templates go first: they would block the rollout and serve nobody.
  for (const set of old) {
    const count = Math.min(unhealthy, sizeOf(set) - availableOf(set));
    if (count <= 0) continue;
    sizes.set(set, sizeOf(set) - count);
    unhealthy -= count;
  }
  let spare = totalAvailable(all) - minAvailable;
  for (const set of old) {
    if (spare <= 0) break;
    const size = sizes.get(set) ?? 0;
    const count = Math.min(size, spare);
    sizes.set(set, size - count);
    spare -= count;
  }
  return changed(sizes);
}

function changed(sizes: ReadonlyMap<ReplicaSet, number>): readonly Resize[] {
  return [...sizes]
    .filter(([set, replicas]) => replicas !== sizeOf(set))
    .map(([set, replicas]) => ({ set, replicas }));
}

/** Whether the deployment was resized since its ReplicaSets were. */
export function isScalingEvent(deployment: Deployment, sets: readonly ReplicaSet[]): boolean {
  return sets.some((set) => {
    const desired = set.metadata?.annotations?.[desiredAnnotation];
    return sizeOf(set) > 0 && desired !== undefined && Number(desired) !== desiredOf(deployment);
  });
}

/** Sizes after the deployment was resized (or while paused): in proportion during a rollout. */
export function planScale(
  deployment: Deployment,
  newSet: ReplicaSet | undefined,
  oldSets: readonly ReplicaSet[],
): readonly Resize[] {
  const desired = desiredOf(deployment);
  const all = newSet === undefined ? oldSets : [...oldSets, newSet];
  const active = all.filter((set) => sizeOf(set) > 0);
  if (active.length <= 1) {
    const only = active[0] ?? newSet ?? [...oldSets].sort(byCreation).at(-1);
    return only === undefined ? [] : [{ set: only, replicas: desired }];
  }
  if (newSet !== undefined && isSaturated(deployment, newSet)) {
    return active.filter((set) => set !== newSet).map((set) => ({ set, replicas: 0 }));
  }
  if (deployment.spec?.strategy?.type === 'Recreate') return [];
  return proportional(deployment, active);
}

function isSaturated(deployment: Deployment, set: ReplicaSet): boolean {
  const desired = desiredOf(deployment);
  const noted = Number(set.metadata?.annotations?.[desiredAnnotation]);
  return sizeOf(set) === desired && noted === desired && availableOf(set) === desired;
}

function proportional(deployment: Deployment, active: readonly ReplicaSet[]): readonly Resize[] {
  const desired = desiredOf(deployment);
  const allowed = desired > 0 ? desired + fenceposts(deployment).surge : 0;
  const toAdd = allowed - totalSize(active);
  // Larger ones first; of equal ones the newer grows first and the older shrinks first.
  const order = [...active].sort(
    (a, b) => sizeOf(b) - sizeOf(a) || (toAdd > 0 ? byCreation(b, a) : byCreation(a, b)),
  );
  let added = 0;
  const resizes = order.map((set) => {
    const share = toAdd === 0 ? 0 : fraction(deployment, set, allowed);
    const rest = toAdd - added;
    const proportion =
      sizeOf(set) === 0 || rest === 0
        ? 0
        : toAdd > 0
          ? Math.min(share, rest)
          : Math.max(share, rest);
    added += proportion;
    return { set, replicas: sizeOf(set) + proportion };
  });
  return resizes.map(({ set, replicas }, at) => {
    const rest = at === 0 ? toAdd - added : 0;
    return { set, replicas: Math.max(0, replicas + rest) };
  });
}

function fraction(deployment: Deployment, set: ReplicaSet, allowed: number): number {
  if (desiredOf(deployment) === 0) return -sizeOf(set);
  const noted = Number(set.metadata?.annotations?.[maxAnnotation]);
  const before = noted > 0 ? noted : (deployment.status?.replicas ?? 0);
  if (before === 0) return 0;
  return Math.round((sizeOf(set) * allowed) / before) - sizeOf(set);
}
