// The order of groups and versions in discovery: the priorities that their APIServices carry.

/** As in APIServiceSpec: groups with a higher minimum come first, then versions. */
export interface Priority {
  readonly group: number;
  readonly version: number;
}

/** The aggregator's own group stands before all and has no APIService. */
export const aggregatorGroup = 'apiregistration.k8s.io';
const aggregatorPriority: Priority = { group: 20_001, version: 0 };
/** What upstream gives to the groups of custom resources. */
export const customPriority: Priority = { group: 1000, version: 100 };

/** By group: its minimum, and the priority of each version (pkg/controlplane, cmd/kube-apiserver). */
const facts: Readonly<Record<string, readonly [group: number, Readonly<Record<string, number>>]>> =
  {
    '': [18_000, { v1: 1 }],
    apps: [17_800, { v1: 15 }],
    'events.k8s.io': [17_750, { v1: 15 }],
    'authentication.k8s.io': [17_700, { v1: 15 }],
    'authorization.k8s.io': [17_600, { v1: 15 }],
    autoscaling: [17_500, { v1: 15, v2: 30 }],
    batch: [17_400, { v1: 15 }],
    'certificates.k8s.io': [17_300, { v1: 15, v1beta1: 9, v1alpha1: 1 }],
    'networking.k8s.io': [17_200, { v1: 15, v1beta1: 9 }],
    policy: [17_100, { v1: 15 }],
    'rbac.authorization.k8s.io': [17_000, { v1: 15 }],
    'storage.k8s.io': [16_800, { v1: 15, v1beta1: 9 }],
    'admissionregistration.k8s.io': [16_700, { v1: 15, v1beta1: 12, v1alpha1: 9 }],
    'apiextensions.k8s.io': [16_700, { v1: 15 }],
    'scheduling.k8s.io': [16_600, { v1: 15, v1alpha2: 2 }],
    'coordination.k8s.io': [16_500, { v1: 15, v1beta1: 13, v1alpha2: 12 }],
    'node.k8s.io': [16_300, { v1: 15 }],
    'discovery.k8s.io': [16_200, { v1: 15 }],
    'resource.k8s.io': [16_200, { v1: 21, v1beta2: 15, v1beta1: 9, v1alpha3: 1 }],
    'flowcontrol.apiserver.k8s.io': [16_100, { v1: 21 }],
    'internal.apiserver.k8s.io': [16_000, { v1alpha1: 9 }],
    'storagemigration.k8s.io': [15_800, { v1beta1: 9 }],
  };

/** Undefined for group-versions that are not built in. */
export function builtinPriority(group: string, version: string): Priority | undefined {
  if (group === aggregatorGroup) return aggregatorPriority;
  const [minimum = 0, versions] = facts[group] ?? [];
  const priority = versions?.[version];
  return priority === undefined ? undefined : { group: minimum, version: priority };
}

/** Sorts group names; ties by name. */
export function compareGroups(a: string, b: string): number {
  return groupMinimum(b) - groupMinimum(a) || compareText(a, b);
}

/** Sorts the versions of one group, the preferred one first. */
export function compareVersions(group: string, a: string, b: string): number {
  const priority = (version: string) => (builtinPriority(group, version) ?? customPriority).version;
  return priority(b) - priority(a) || compareKubeAware(b, a);
}

function groupMinimum(group: string): number {
  if (group === aggregatorGroup) return aggregatorPriority.group;
  return facts[group]?.[0] ?? customPriority.group;
}

/** `v2` > `v1` > `v1beta2` > `v1beta1` > `v1alpha1` > anything else, as kubectl's own order. */
function compareKubeAware(a: string, b: string): number {
  const rank = (version: string): readonly number[] => {
    const [, major, stage, minor] = /^v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?$/.exec(version) ?? [];
    if (major === undefined) return [0, 0, 0];
    const stages = ['alpha', 'beta'].indexOf(stage ?? '');
    return [stage === undefined ? 3 : stages + 1, Number(major), Number(minor ?? 0)];
  };
  const [left, right] = [rank(a), rank(b)];
  const index = left.findIndex((each, at) => each !== right[at]);
  if (index >= 0) return (left[index] ?? 0) - (right[index] ?? 0);
  // What is no Kubernetes version sorts by the alphabet, so in this descending order reversed.
  return compareText(b, a);
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
