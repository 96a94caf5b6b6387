// The node's own last word on a pod that was bound to it, in upstream's reasons and messages.
import type { Node, Pod } from '../../objects.ts';
import type { RuntimeCapabilities } from '../runtime.ts';
import type { WaitReason } from './container-status.ts';
import { quantityMilli, quantityUnits } from './quantity.ts';
import { podTotals } from './resources.ts';

export interface AdmissionInput {
  readonly node: Node | undefined;
  /** The other pods that hold resources here. */
  readonly others: readonly Pod[];
  readonly capabilities: RuntimeCapabilities;
}

const capabilityMissing = 'RuntimeCapabilityMissing';

/** Why `pod` cannot run here; undefined when it can. */
export function admitPod(pod: Pod, input: AdmissionInput): WaitReason | undefined {
  return (
    missingCapability(pod, input.capabilities) ??
    (input.node === undefined ? undefined : misfit(pod, input.node, input.others))
  );
}

/**
 * As `admitPod`, but a refusal is final, so none is given by an old Node: it may have been labelled,
 * or given a resource, a moment ago, and the scheduler knew.
 *
 * @param refresh reads the Node; `input` sees it from then on
 */
export async function admitPodAnew(
  pod: Pod,
  input: () => AdmissionInput,
  refresh: () => Promise<unknown>,
): Promise<WaitReason | undefined> {
  const refusal = admitPod(pod, input());
  if (refusal === undefined || refusal.reason === capabilityMissing) return refusal;
  try {
    await refresh();
  } catch {
    // Without an answer what is known has to do.
    return refusal;
  }
  return admitPod(pod, input());
}

function missingCapability(pod: Pod, capabilities: RuntimeCapabilities): WaitReason | undefined {
  const missing: string[] = [];
  if (pod.spec?.hostUsers === false && !capabilities.userNamespaces) {
    missing.push('user namespaces (hostUsers: false)');
  }
  if (pod.spec?.volumes?.some(({ image }) => image) && !capabilities.imageVolumes) {
    missing.push('image volumes');
  }
  const strict = pod.spec?.securityContext?.supplementalGroupsPolicy === 'Strict';
  if (strict && !capabilities.supplementalGroupsPolicy) {
    missing.push('supplementalGroupsPolicy: Strict');
  }
  if (missing.length === 0) return undefined;
  const message = `The container runtime ${capabilities.version} lacks ${missing.join(', ')}`;
  return { reason: capabilityMissing, message };
}

function misfit(pod: Pod, node: Node, others: readonly Pod[]): WaitReason | undefined {
  const capacity = node.status?.allocatable ?? {};
  const requests = podTotals(pod, 'requests');
  const podsMax = quantityUnits(capacity.pods);
  if (podsMax > 0 && others.length + 1 > podsMax) return outOf('pods', 1, others.length, podsMax);
  for (const [name, requested] of Object.entries(requests)) {
    const quantity = capacity[name];
    if (requested === 0 || (quantity === undefined && isExtended(name))) continue;
    const limit = name === 'cpu' ? quantityMilli(quantity) : quantityUnits(quantity);
    let used = 0;
    for (const other of others) used += podTotals(other, 'requests')[name] ?? 0;
    if (used + requested > limit) return outOf(name, requested, used, limit);
  }
  const labels = node.metadata?.labels ?? {};
  const selector = Object.entries(pod.spec?.nodeSelector ?? {});
  if (selector.some(([key, value]) => labels[key] !== value) || !matchesAffinity(pod, node)) {
    return predicate('NodeAffinity', "node(s) didn't match Pod's node affinity/selector");
  }
  if (takenPort(pod, others)) {
    return predicate('NodePorts', "node(s) didn't have free ports for the requested pod ports");
  }
  return undefined;
}

/** Of no node's own: one that this node lacks may belong to the cluster, or come by a claim. */
function isExtended(name: string): boolean {
  return name.includes('/') && !name.includes('kubernetes.io/') && !name.startsWith('requests.');
}

function outOf(resource: string, requested: number, used: number, capacity: number): WaitReason {
  const message =
    `Node didn't have enough resource: ${resource}, requested: ${requested}, ` +
    `used: ${used}, capacity: ${capacity}`;
  return { reason: `OutOf${resource}`, message };
}

function predicate(name: string, why: string): WaitReason {
  return { reason: name, message: `Predicate ${name} failed: ${why}` };
}

function matchesAffinity(pod: Pod, node: Node): boolean {
  const affinity = pod.spec?.affinity?.nodeAffinity;
  const terms = affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  if (terms === undefined) return true;
  const labels = node.metadata?.labels ?? {};
  const fields: Record<string, string | undefined> = { 'metadata.name': node.metadata?.name };
  return terms.some(({ matchExpressions = [], matchFields = [] }) => {
    if (matchExpressions.length + matchFields.length === 0) return false;
    return (
      matchExpressions.every((each) => matches(labels[each.key], each)) &&
      matchFields.every((each) => matches(fields[each.key], each))
    );
  });
}

function matches(
  value: string | undefined,
  { operator, values = [] }: { operator: string; values?: string[] },
): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return Number(value) > Number(values[0]);
    default:
      return operator === 'Lt' && Number(value) < Number(values[0]);
  }
}

function hostPorts(pod: Pod): { port: number; protocol: string; ip: string }[] {
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  return containers
    .flatMap(({ ports = [] }) => ports)
    .filter(({ hostPort }) => hostPort)
    .map(({ hostPort = 0, protocol = 'TCP', hostIP = '0.0.0.0' }) => ({
      port: hostPort,
      protocol,
      ip: hostIP,
    }));
}

function takenPort(pod: Pod, others: readonly Pod[]): boolean {
  const own = hostPorts(pod);
  if (own.length === 0) return false;
  const taken = others.flatMap(hostPorts);
  const overlaps = (a: string, b: string) => a === b || a === '0.0.0.0' || b === '0.0.0.0';
  return own.some(({ port, protocol, ip }) =>
    taken.some((each) => each.port === port && each.protocol === protocol && overlaps(each.ip, ip)),
  );
}
