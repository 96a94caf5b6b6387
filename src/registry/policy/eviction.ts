// Whether a pod may be evicted: what its disruption budget says, and the budget once it has given.
import type { Condition, Pod, PodDisruptionBudget } from '../../objects.ts';
import { labelSelectorMatcher } from '../../selector.ts';
import { forbidden, StatusError, tooManyRequests } from '../../status.ts';

/** More evictions than this may not wait for the budget's controller to notice them. */
export const disruptedPodsMax = 2000;
const retryAfterSeconds = 10;
const refusal = "Cannot evict pod as it would violate the pod's disruption budget.";
const budgets = { group: 'policy', resource: 'poddisruptionbudget' };

function isOver({ metadata, status }: Pod): boolean {
  const phase = status?.phase;
  return phase === 'Succeeded' || phase === 'Failed' || metadata?.deletionTimestamp !== undefined;
}

/** Pods that no application counts on: not started yet, over, or going already. */
export function mayIgnoreBudget(pod: Pod): boolean {
  return isOver(pod) || pod.status?.phase === 'Pending';
}

/** Whether such a pod must be as it was seen when it goes: a pending one may start meanwhile. */
export function mustBeUnchanged(pod: Pod): boolean {
  return !isOver(pod);
}

export function isPodReady({ status }: Pod): boolean {
  return (status?.conditions ?? []).some((each) => each.type === 'Ready' && each.status === 'True');
}

/** Those of the pod's namespace that guard it. */
export function budgetsOf(
  pod: Pod,
  all: Iterable<PodDisruptionBudget>,
): readonly PodDisruptionBudget[] {
  return [...all].filter((each) => selects(each, pod));
}

function selects({ spec }: PodDisruptionBudget, pod: Pod): boolean {
  try {
    return labelSelectorMatcher(spec?.selector)(pod.metadata?.labels);
  } catch (error) {
    // A selector that cannot be read, from before it was validated, guards nothing.
    if (error instanceof StatusError) return false;
    throw error;
  }
}

/** A pod that is not ready takes nothing from a budget whose application is well without it. */
export function allowsUnhealthy({ spec, status }: PodDisruptionBudget): boolean {
  if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  const desired = status?.desiredHealthy ?? 0;
  return desired > 0 && (status?.currentHealthy ?? 0) >= desired;
}

function withCause(error: StatusError, message: string): StatusError {
  const { status } = error;
  const causes = [{ reason: 'DisruptionBudget', message }];
  return new StatusError({ ...status, details: { ...status.details, causes } });
}

/** 429: the budget's controller has not caught up; ask again in ten seconds. */
export function budgetNotReady(name: string): StatusError {
  const message = `The disruption budget ${name} is still being processed by the server.`;
  return withCause(tooManyRequests(refusal, retryAfterSeconds), message);
}

function exhausted({ metadata, status }: PodDisruptionBudget): StatusError {
  const budget = `The disruption budget ${metadata?.name ?? ''}`;
  const desired = status?.desiredHealthy ?? 0;
  const current = status?.currentHealthy ?? 0;
  const condition = status?.conditions?.find((each) => each.type === 'DisruptionAllowed');
  const said = condition?.status === 'False' ? condition.message : '';
  let why = `${budget} does not allow evicting pods currently`;
  // The numbers mean nothing when the last sync failed.
  if (said && condition?.reason === 'SyncFailed') why += ` because it failed sync: ${said}`;
  else if (current <= desired) {
    why = `${budget} needs ${desired} healthy pods and has ${current} currently`;
  } else if (said) why += ` (${condition?.reason}): ${said}`;
  return withCause(tooManyRequests(refusal, 0), why);
}

/**
 * Takes one disruption out of a budget: gives the budget to be stored, with the pod noted in it.
 *
 * @param now as metav1.Time
 * @throws StatusError 429 when nothing is left or known, 403 when the budget is out of order
 */
export function takeDisruption(
  budget: PodDisruptionBudget,
  podName: string,
  now: string,
): PodDisruptionBudget {
  const name = budget.metadata?.name ?? '';
  const { status } = budget;
  if ((status?.observedGeneration ?? 0) < (budget.metadata?.generation ?? 0)) {
    throw budgetNotReady(name);
  }
  const allowed = status?.disruptionsAllowed ?? 0;
  if (allowed < 0) throw forbidden(budgets, name, 'pdb disruptions allowed is negative');
  if (Object.keys(status?.disruptedPods ?? {}).length > disruptedPodsMax) {
    const why = 'DisruptedPods map too big - too many evictions not confirmed by PDB controller';
    throw forbidden(budgets, name, why);
  }
  if (allowed === 0 || status === undefined) throw exhausted(budget);
  const conditions = allowed === 1 ? insufficient(status, now) : undefined;
  return {
    ...budget,
    status: {
      ...status,
      disruptionsAllowed: allowed - 1,
      ...(conditions === undefined ? {} : { conditions }),
      disruptedPods: {
        ...status.disruptedPods,
        // The models have dates here, the wire strings.
        [podName]: now,
      },
    },
  };
}

/** The conditions with DisruptionAllowed at False, in its place if it was there. */
function insufficient(
  { conditions = [], observedGeneration }: NonNullable<PodDisruptionBudget['status']>,
  now: string,
): Condition[] {
  const index = conditions.findIndex((each) => each.type === 'DisruptionAllowed');
  const before = conditions[index];
  const next: Condition = {
    type: 'DisruptionAllowed',
    status: 'False',
    ...(observedGeneration === undefined ? {} : { observedGeneration }),
    lastTransitionTime: before?.status === 'False' ? before.lastTransitionTime : now,
    reason: 'InsufficientPods',
    message: '',
  };
  return before === undefined ? [...conditions, next] : conditions.with(index, next);
}

/** The pod with its DisruptionTarget condition, as every evicted pod has it. */
export function withDisruptionTarget(pod: Pod, now: string): Pod {
  const conditions = pod.status?.conditions ?? [];
  const index = conditions.findIndex((each) => each.type === 'DisruptionTarget');
  const before = conditions[index];
  const next = {
    type: 'DisruptionTarget',
    status: 'True',
    lastTransitionTime: before?.status === 'True' ? (before.lastTransitionTime ?? now) : now,
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
  };
  return {
    ...pod,
    status: {
      ...pod.status,
      conditions: before === undefined ? [...conditions, next] : conditions.with(index, next),
    },
  };
}
