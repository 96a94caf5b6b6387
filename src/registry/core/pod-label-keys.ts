// matchLabelKeys and mismatchLabelKeys: a new pod's own values become part of its selectors.
// https://github.com/kubernetes/enhancements/tree/master/keps/sig-scheduling/3633-matchlabelkeys-to-podaffinity
import type { LabelSelector, Pod } from '../../objects.ts';
import type { PodAffinityTerm } from './types.ts';

type Labels = Readonly<Record<string, string>>;

interface Keyed {
  labelSelector?: LabelSelector;
  readonly matchLabelKeys?: readonly string[];
  readonly mismatchLabelKeys?: readonly string[];
}

/** A term without a selector takes nothing, whatever its keys. */
function applyKeys(keyed: Keyed, labels: Labels): void {
  const { labelSelector: selector, matchLabelKeys = [], mismatchLabelKeys = [] } = keyed;
  if (!selector) return;
  const requirements = (keys: readonly string[], operator: string) =>
    keys.flatMap((key) => {
      const value = labels[key];
      return value === undefined ? [] : [{ key, operator, values: [value] }];
    });
  const more = [...requirements(matchLabelKeys, 'In'), ...requirements(mismatchLabelKeys, 'NotIn')];
  if (more.length > 0) {
    selector.matchExpressions = [...(selector.matchExpressions ?? []), ...more];
  }
}

/** Changes a pod that is about to be created. */
export function applyLabelKeys({ spec, metadata }: Pod): void {
  const labels = metadata?.labels ?? {};
  const { podAffinity, podAntiAffinity } = spec?.affinity ?? {};
  for (const affinity of [podAffinity, podAntiAffinity]) {
    const terms: PodAffinityTerm[] = [
      ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(
        ({ podAffinityTerm }) => podAffinityTerm,
      ),
      ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ];
    for (const term of terms) applyKeys(term, labels);
  }
  for (const constraint of spec?.topologySpreadConstraints ?? []) applyKeys(constraint, labels);
}
