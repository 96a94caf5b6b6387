// Pod (anti-)affinity terms, compiled: which pods a term means, and over which topology.
import type * as k8s from '@kubernetes/client-node';
import type { Wire } from '../../objects.ts';
import { labelSelectorMatcher } from '../../selector.ts';
import type { PodInfo, Snapshot } from '../types.ts';

type PodAffinityTerm = Wire<k8s.V1PodAffinityTerm>;

export interface Term {
  readonly topologyKey: string;
  matches(pod: PodInfo): boolean;
}

/** `owner` is the pod that states the term; its namespace is the default. */
export function compileTerm(term: PodAffinityTerm, owner: PodInfo, snapshot: Snapshot): Term {
  const matchesLabels = labelSelectorMatcher(withLabelKeys(term, owner));
  const namespaces = new Set(term.namespaces ?? []);
  const byLabels =
    term.namespaceSelector == null ? undefined : labelSelectorMatcher(term.namespaceSelector);
  if (namespaces.size === 0 && byLabels === undefined) namespaces.add(owner.namespace);
  return {
    topologyKey: term.topologyKey,
    matches: (pod) =>
      (namespaces.has(pod.namespace) ||
        byLabels?.(snapshot.namespaceLabels(pod.namespace)) === true) &&
      matchesLabels(pod.labels),
  };
}

/** matchLabelKeys and mismatchLabelKeys add the owner's own values to the selector (KEP-3633). */
function withLabelKeys(term: PodAffinityTerm, owner: PodInfo): PodAffinityTerm['labelSelector'] {
  const { matchLabelKeys = [], mismatchLabelKeys = [], labelSelector } = term;
  if (matchLabelKeys.length === 0 && mismatchLabelKeys.length === 0) return labelSelector;
  const requirement = (operator: string) => (key: string) => {
    const value = owner.labels[key];
    return value === undefined ? [] : [{ key, operator, values: [value] }];
  };
  return {
    ...labelSelector,
    matchExpressions: [
      ...(labelSelector?.matchExpressions ?? []),
      ...matchLabelKeys.flatMap(requirement('In')),
      ...mismatchLabelKeys.flatMap(requirement('NotIn')),
    ],
  };
}

export function requiredTerms(
  kind: 'podAffinity' | 'podAntiAffinity',
  owner: PodInfo,
  snapshot: Snapshot,
): readonly Term[] {
  const affinity = owner.pod.spec?.affinity?.[kind];
  const terms = affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  return terms.map((term) => compileTerm(term, owner, snapshot));
}

export interface WeightedTerm {
  readonly term: Term;
  readonly weight: number;
}

/** Preferred terms; anti-affinity counts against. */
export function preferredTerms(owner: PodInfo, snapshot: Snapshot): readonly WeightedTerm[] {
  const { podAffinity, podAntiAffinity } = owner.pod.spec?.affinity ?? {};
  const of = (affinity: typeof podAffinity, sign: number) =>
    (affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((each) => ({
      term: compileTerm(each.podAffinityTerm, owner, snapshot),
      weight: sign * each.weight,
    }));
  return [...of(podAffinity, 1), ...of(podAntiAffinity, -1)];
}
