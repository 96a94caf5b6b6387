// What plugins ask about namespaces, services and controllers, answered from informers.
import type { Lister } from '../client/informer.ts';
import type { LabelSelector, Namespace, Pod, ReplicaSet, Service } from '../objects.ts';
import { labelSelectorMatcher } from '../selector.ts';
import type { ClusterFacts, PodInfo, PodSelection } from './types.ts';

/** Compiled selections that are remembered; then it starts anew. */
const selectionsMax = 1024;

/** Something with a label selector for its pods: a ReplicaSet or a StatefulSet. */
export type SelectorOwner = Pick<ReplicaSet, 'metadata'> & {
  readonly spec?: { readonly selector?: LabelSelector };
};

export interface FactSources {
  readonly namespaces: Pick<Lister<Namespace>, 'get'>;
  readonly services: Pick<Lister<Service>, 'list'>;
  /** By `kind`, for the controllers whose pods are siblings. */
  readonly owner: (kind: string, namespace: string, name: string) => SelectorOwner | undefined;
}

export function clusterFacts({ namespaces, services, owner }: FactSources): ClusterFacts {
  const selections = new Map<string, PodSelection>();
  return {
    namespaceLabels: (namespace) => namespaces.get('', namespace)?.metadata?.labels ?? {},
    siblings(pod) {
      const shared = serviceSelector(pod, services.list(pod.namespace));
      const own = ownerSelector(pod.pod, owner);
      if (own === undefined && Object.keys(shared).length === 0) return undefined;
      const key = JSON.stringify([pod.namespace, shared, own]);
      const known = selections.get(key);
      if (known !== undefined) return known;
      const byServices = labelSelectorMatcher({ matchLabels: shared });
      const byOwner = own === undefined ? () => true : labelSelectorMatcher(own);
      const { namespace } = pod;
      const matches: PodSelection['matches'] = (labels) => byServices(labels) && byOwner(labels);
      const selection = { key, namespace, matches };
      if (selections.size >= selectionsMax) selections.clear();
      selections.set(key, selection);
      return selection;
    },
  };
}

/** The labels that all services of the pod select by. */
function serviceSelector(pod: PodInfo, services: readonly Service[]): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const { spec } of services) {
    const selector = Object.entries(spec?.selector ?? {});
    if (selector.every(([key, value]) => pod.labels[key] === value)) {
      Object.assign(labels, spec?.selector);
    }
  }
  return labels;
}

function ownerSelector(pod: Pod, owner: FactSources['owner']): LabelSelector | undefined {
  const reference = pod.metadata?.ownerReferences?.find(({ controller }) => controller === true);
  if (reference === undefined) return undefined;
  return owner(reference.kind, pod.metadata?.namespace ?? '', reference.name)?.spec?.selector;
}
