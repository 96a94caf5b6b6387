// Disruption budgets as preemption heeds them: which pods' eviction would break one.
import type { PodDisruptionBudget } from '../objects.ts';
import { labelSelectorMatcher } from '../selector.ts';
import type { PodInfo } from './types.ts';

/** Those of `pods` that are too many for some budget when all go, in their order. */
export function violatingPods(
  pods: readonly PodInfo[],
  budgets: readonly PodDisruptionBudget[],
): ReadonlySet<PodInfo> {
  const violating = new Set<PodInfo>();
  if (budgets.length === 0) return violating;
  const compiled = budgets.flatMap(({ metadata, spec, status }) => {
    const { matchLabels = {}, matchExpressions = [] } = spec?.selector ?? {};
    // A budget that selects everything or nothing protects nobody here, as upstream has it.
    if (Object.keys(matchLabels).length + matchExpressions.length === 0) return [];
    return {
      namespace: metadata?.namespace,
      matches: labelSelectorMatcher(spec?.selector),
      disrupted: status?.disruptedPods ?? {},
      allowed: status?.disruptionsAllowed ?? 0,
    };
  });
  for (const pod of pods) {
    if (Object.keys(pod.labels).length === 0) continue;
    for (const budget of compiled) {
      if (budget.namespace !== pod.namespace || !budget.matches(pod.labels)) continue;
      // Its eviction is counted already.
      if (Object.hasOwn(budget.disrupted, pod.pod.metadata?.name ?? '')) continue;
      budget.allowed--;
      if (budget.allowed < 0) violating.add(pod);
    }
  }
  return violating;
}
