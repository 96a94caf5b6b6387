// What a disruption budget allows now: counted from its pods, their workloads and running evictions.
import type { Condition, Pod, PodDisruptionBudget } from '../objects.ts';
import { isPodReady, timeMs } from './pod-state.ts';

type Status = NonNullable<PodDisruptionBudget['status']>;

/** An eviction that has not led to a deletion within this time will not any more. */
export const deletionTimeoutMs = 120_000;

/** How many pods there should be, and which of those there are belong to no workload. */
export interface ExpectedPods {
  readonly count: number;
  readonly unmanaged: readonly string[];
}

/** Whether a budget is a share of what its workloads should have, not of what there is. */
export function countsWorkloads({ spec }: PodDisruptionBudget): boolean {
  return spec?.maxUnavailable !== undefined || typeof spec?.minAvailable === 'string';
}

/**
 * How many pods a budget wants.
 *
 * @param expected of its workloads; only asked for where `countsWorkloads`
 */
export function desiredOf(
  { spec }: PodDisruptionBudget,
  pods: readonly Pod[],
  expected: ExpectedPods | undefined,
): Omit<Counts, 'currentHealthy'> {
  const { minAvailable, maxUnavailable } = spec ?? {};
  const expectedPods = expected?.count ?? 0;
  if (maxUnavailable !== undefined) {
    const desired = expectedPods - shareOf(maxUnavailable, expectedPods);
    return { expectedPods, desiredHealthy: Math.max(0, desired) };
  }
  if (typeof minAvailable === 'string') {
    return { expectedPods, desiredHealthy: shareOf(minAvailable, expectedPods) };
  }
  if (minAvailable === undefined) return { expectedPods: 0, desiredHealthy: 0 };
  return { expectedPods: pods.length, desiredHealthy: minAvailable };
}

/** A number, or a percentage of `total` rounded up. */
function shareOf(amount: number | string, total: number): number {
  if (typeof amount === 'number') return amount;
  return Math.ceil((Number.parseInt(amount, 10) * total) / 100);
}

export interface Evictions {
  /** Those that may still come to a deletion, by pod, with their times. */
  readonly running: Readonly<Record<string, string>>;
  /** Pods that should be gone and are not. */
  readonly failed: readonly Pod[];
  /** When the next of them is due. */
  readonly recheckAtMs: number | undefined;
}

/** Which evictions the API server has granted that are not through yet. */
export function evictionsOf(
  { status }: PodDisruptionBudget,
  pods: readonly Pod[],
  nowMs: number,
): Evictions {
  const granted = status?.disruptedPods as Readonly<Record<string, string>> | undefined;
  const running: Record<string, string> = {};
  const failed: Pod[] = [];
  let recheckAtMs: number | undefined;
  for (const pod of pods) {
    const name = pod.metadata?.name ?? '';
    const at = granted !== undefined && Object.hasOwn(granted, name) ? granted[name] : undefined;
    if (at === undefined || pod.metadata?.deletionTimestamp !== undefined) continue;
    const dueMs = (timeMs(at) ?? 0) + deletionTimeoutMs;
    if (dueMs < nowMs) {
      failed.push(pod);
      continue;
    }
    running[name] = at;
    recheckAtMs = Math.min(recheckAtMs ?? dueMs, dueMs);
  }
  return { running, failed, recheckAtMs };
}

/** Ready pods that are neither being deleted nor about to be. */
export function countHealthy(pods: readonly Pod[], { running }: Evictions, nowMs: number): number {
  return pods.filter((pod) => {
    if (pod.metadata?.deletionTimestamp !== undefined) return false;
    const at = timeMs(running[pod.metadata?.name ?? '']);
    return (at === undefined || at + deletionTimeoutMs <= nowMs) && isPodReady(pod);
  }).length;
}

export interface Counts {
  readonly currentHealthy: number;
  readonly desiredHealthy: number;
  readonly expectedPods: number;
}

/** The status that these counts make. */
export function statusOf(
  { metadata, status }: PodDisruptionBudget,
  counts: Counts,
  disruptedPods: Readonly<Record<string, string>>,
  now: string,
): Status {
  const spare = counts.currentHealthy - counts.desiredHealthy;
  // Without pods it allows nothing: the first ones may come before this is counted again.
  const disruptionsAllowed = counts.expectedPods > 0 && spare > 0 ? spare : 0;
  const observedGeneration = metadata?.generation ?? 0;
  const allowed = disruptionsAllowed > 0;
  const condition = {
    type: 'DisruptionAllowed',
    status: allowed ? 'True' : 'False',
    reason: allowed ? 'SufficientPods' : 'InsufficientPods',
    message: '',
    observedGeneration,
  };
  return {
    ...counts,
    disruptionsAllowed,
    observedGeneration,
    // The models have dates here, the wire strings.
    ...(Object.keys(disruptedPods).length === 0 ? {} : { disruptedPods: { ...disruptedPods } }),
    conditions: withCondition(status?.conditions, condition, now),
  };
}

/** Nothing is allowed while nobody knows how many pods there should be. */
export function failedStatus({ status }: PodDisruptionBudget, why: string, now: string): Status {
  const condition = {
    type: 'DisruptionAllowed',
    status: 'False',
    reason: 'SyncFailed',
    message: why,
    ...(status?.observedGeneration === undefined
      ? {}
      : { observedGeneration: status.observedGeneration }),
  };
  return {
    currentHealthy: 0,
    desiredHealthy: 0,
    expectedPods: 0,
    ...status,
    disruptionsAllowed: 0,
    conditions: withCondition(status?.conditions, condition, now),
  };
}

function withCondition(
  conditions: readonly Condition[] | undefined,
  next: Omit<Condition, 'lastTransitionTime'>,
  now: string,
): Condition[] {
  const all = conditions ?? [];
  const index = all.findIndex(({ type }) => type === next.type);
  const before = all[index];
  const lastTransitionTime = before?.status === next.status ? before.lastTransitionTime : now;
  const condition = { ...next, lastTransitionTime };
  return before === undefined ? [...all, condition] : all.with(index, condition);
}
