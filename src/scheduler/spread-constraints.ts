// Topology spread constraints of a pod, compiled: its own, or upstream's defaults for siblings.
import type * as k8s from '@kubernetes/client-node';
import type { Wire } from '../objects.ts';
import { labelSelectorMatcher } from '../selector.ts';
import { requiredNodeMatcher } from './plugins/node-affinity.ts';
import { toleratedBy } from './plugins/tolerations.ts';
import type { NodeInfo, PodInfo, PodSelection, Snapshot } from './types.ts';

type TopologySpreadConstraint = Wire<k8s.V1TopologySpreadConstraint>;

export const hostnameLabel = 'kubernetes.io/hostname';

export interface SpreadConstraint {
  readonly topologyKey: string;
  readonly maxSkew: number;
  readonly minDomains: number;
  readonly selection: PodSelection;
  /** 1 when the pod itself is one of those that it wants spread. */
  readonly self: 0 | 1;
  /** Whether the node is one that the pods may be spread over. */
  readonly includes: (node: NodeInfo) => boolean;
}

/** `defaulted`: not the pod's own, so that nodes without all of the labels have a say too. */
export interface SpreadConstraints {
  readonly hard: readonly SpreadConstraint[];
  readonly soft: readonly SpreadConstraint[];
  readonly defaulted: boolean;
}

/** Upstream's system defaults: soft, three apart by host and five by zone. */
const defaults = [
  { topologyKey: hostnameLabel, maxSkew: 3 },
  { topologyKey: 'topology.kubernetes.io/zone', maxSkew: 5 },
];

export function spreadConstraints(pod: PodInfo, snapshot: Snapshot): SpreadConstraints {
  const own = pod.pod.spec?.topologySpreadConstraints ?? [];
  if (own.length > 0) {
    const of = (when: string) =>
      own
        .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === when)
        .map((constraint) => compile(constraint, pod));
    return { hard: of('DoNotSchedule'), soft: of('ScheduleAnyway'), defaulted: false };
  }
  const selection = snapshot.facts.siblings(pod);
  if (selection === undefined) return { hard: [], soft: [], defaulted: true };
  const includes = inclusion(pod, true, false);
  const self = selection.matches(pod.labels) ? 1 : 0;
  const soft = defaults.map((each) => ({ ...each, minDomains: 1, selection, self, includes }));
  return { hard: [], soft: soft as readonly SpreadConstraint[], defaulted: true };
}

function compile(constraint: TopologySpreadConstraint, pod: PodInfo): SpreadConstraint {
  const { topologyKey, maxSkew, minDomains = 1, labelSelector, matchLabelKeys = [] } = constraint;
  const selector =
    labelSelector == null
      ? undefined
      : {
          ...labelSelector,
          matchExpressions: [
            ...(labelSelector.matchExpressions ?? []),
            ...matchLabelKeys.flatMap((key) => {
              const value = pod.labels[key];
              return value === undefined ? [] : [{ key, operator: 'In', values: [value] }];
            }),
          ],
        };
  const matches = labelSelectorMatcher(selector);
  // Upstream counts nothing for a selector that selects everything.
  const isEmpty =
    Object.keys(selector?.matchLabels ?? {}).length + (selector?.matchExpressions.length ?? 0) ===
    0;
  const { namespace } = pod;
  return {
    topologyKey,
    maxSkew,
    minDomains,
    selection: {
      namespace,
      key: JSON.stringify([namespace, selector ?? null]),
      matches: isEmpty ? () => false : matches,
    },
    self: matches(pod.labels) ? 1 : 0,
    includes: inclusion(
      pod,
      (constraint.nodeAffinityPolicy ?? 'Honor') === 'Honor',
      constraint.nodeTaintsPolicy === 'Honor',
    ),
  };
}

function inclusion(pod: PodInfo, byAffinity: boolean, byTaints: boolean) {
  const { spec } = pod.pod;
  const matches = byAffinity ? requiredNodeMatcher(spec) : undefined;
  const tolerations = spec?.tolerations ?? [];
  return (node: NodeInfo): boolean => {
    if (matches !== undefined && !matches(node)) return false;
    const taints = byTaints ? node.node.spec?.taints : undefined;
    return (
      taints === undefined ||
      taints.every(
        (taint) => taint.effect === 'PreferNoSchedule' || toleratedBy(tolerations, taint),
      )
    );
  };
}
