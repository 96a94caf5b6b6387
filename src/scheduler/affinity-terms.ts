// Pod (anti-)affinity terms, compiled once a pod: which pods a term means, over which topology.
import type * as k8s from '@kubernetes/client-node';
import type { Pod, Wire } from '../objects.ts';
import { labelSelectorMatcher } from '../selector.ts';
import type { ClusterFacts, PodInfo } from './types.ts';

type PodAffinityTerm = Wire<k8s.V1PodAffinityTerm>;

export interface Term {
  readonly topologyKey: string;
  /** Equal for terms that mean the same pods; absent when that hangs on namespaces' labels. */
  readonly key: string | undefined;
  matches(pod: PodInfo, facts: ClusterFacts): boolean;
}

export interface WeightedTerm {
  readonly term: Term;
  readonly weight: number;
}

export interface AffinityTerms {
  readonly required: readonly Term[];
  readonly requiredAnti: readonly Term[];
  /** Those of anti-affinity have a weight below zero. */
  readonly preferred: readonly WeightedTerm[];
  /** What draws pods that come later: the preferred terms, and the required ones a little. */
  readonly pull: readonly WeightedTerm[];
  /** Whether the pod says anything of the kind. */
  readonly any: boolean;
}

/** Upstream's HardPodAffinityWeight. */
const requiredPull = 1;

const noTerms: AffinityTerms = {
  required: [],
  requiredAnti: [],
  preferred: [],
  pull: [],
  any: false,
};

export function affinityTerms(pod: Pod): AffinityTerms {
  const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {};
  if (podAffinity == null && podAntiAffinity == null) return noTerms;
  const compile = (term: PodAffinityTerm) => compileTerm(term, pod);
  const weighted = (affinity: typeof podAffinity, sign: number) =>
    (affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((each) => ({
      term: compile(each.podAffinityTerm),
      weight: sign * each.weight,
    }));
  const requiredOf = (affinity: typeof podAffinity) =>
    (affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(compile);
  const required = requiredOf(podAffinity);
  const preferred = [...weighted(podAffinity, 1), ...weighted(podAntiAffinity, -1)];
  return {
    required,
    requiredAnti: requiredOf(podAntiAffinity),
    preferred,
    pull: [...preferred, ...required.map((term) => ({ term, weight: requiredPull }))],
    any: true,
  };
}

/** Equal terms as one with their weights together: pods of one template say the same. */
export function groupTerms(terms: Iterable<WeightedTerm>): readonly WeightedTerm[] {
  const groups = new Map<string | Term, { readonly term: Term; weight: number }>();
  for (const { term, weight } of terms) {
    const group = term.key === undefined ? term : `${term.topologyKey} ${term.key}`;
    const known = groups.get(group);
    if (known === undefined) groups.set(group, { term, weight });
    else known.weight += weight;
  }
  return [...groups.values()];
}

/** `owner` is the pod that states the term; its namespace is the default. */
function compileTerm(term: PodAffinityTerm, owner: Pod): Term {
  const selector = withLabelKeys(term, owner);
  const matchesLabels = labelSelectorMatcher(selector);
  const namespaces = new Set(term.namespaces ?? []);
  const byLabels =
    term.namespaceSelector == null ? undefined : labelSelectorMatcher(term.namespaceSelector);
  if (namespaces.size === 0 && byLabels === undefined) {
    namespaces.add(owner.metadata?.namespace ?? '');
  }
  return {
    topologyKey: term.topologyKey,
    key: byLabels === undefined ? JSON.stringify([...namespaces, selector ?? null]) : undefined,
    matches: (pod, facts) =>
      (namespaces.has(pod.namespace) ||
        byLabels?.(facts.namespaceLabels(pod.namespace)) === true) &&
      matchesLabels(pod.labels),
  };
}

/** matchLabelKeys and mismatchLabelKeys add the owner's own values to the selector (KEP-3633). */
function withLabelKeys(term: PodAffinityTerm, owner: Pod): PodAffinityTerm['labelSelector'] {
  const { matchLabelKeys = [], mismatchLabelKeys = [], labelSelector } = term;
  if (matchLabelKeys.length === 0 && mismatchLabelKeys.length === 0) return labelSelector;
  const requirement = (operator: string) => (key: string) => {
    const value = owner.metadata?.labels?.[key];
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
