// Makes PodInfo: a pod with its sums, ports and the facts that plugins ask every cycle.
import type { Pod } from '../objects.ts';
import { affinityTerms } from './affinity-terms.ts';
import { podRequests } from './resources.ts';
import type { HostPort, PodInfo } from './types.ts';

export function podInfo(pod: Pod): PodInfo {
  const namespace = pod.metadata?.namespace ?? '';
  return {
    pod,
    key: `${namespace}/${pod.metadata?.name ?? ''}`,
    uid: pod.metadata?.uid ?? '',
    namespace,
    labels: pod.metadata?.labels ?? {},
    priority: pod.spec?.priority ?? 0,
    requests: podRequests(pod, false),
    scoredRequests: podRequests(pod, true),
    hostPorts: hostPorts(pod),
    affinity: affinityTerms(pod),
    terminating: pod.metadata?.deletionTimestamp !== undefined,
  };
}

function hostPorts(pod: Pod): readonly HostPort[] {
  const ports: HostPort[] = [];
  const containers = [
    ...(pod.spec?.containers ?? []),
    ...(pod.spec?.initContainers ?? []).filter((each) => each.restartPolicy === 'Always'),
  ];
  for (const container of containers) {
    for (const { hostPort = 0, hostIP = '', protocol = 'TCP' } of container.ports ?? []) {
      if (hostPort > 0)
        ports.push({ ip: hostIP === '' ? '0.0.0.0' : hostIP, protocol, port: hostPort });
    }
  }
  return ports;
}

/** Who is to find a node for the pod. */
export function schedulerNameOf(pod: Pod): string {
  return pod.spec?.schedulerName ?? 'default-scheduler';
}

/** Whether the pod has run its course and holds no resources any more. */
export function isTerminal(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** Two ports clash on a node: same protocol and number, and addresses that overlap. */
export function portsClash(a: HostPort, b: HostPort): boolean {
  if (a.port !== b.port || a.protocol !== b.protocol) return false;
  return a.ip === b.ip || a.ip === '0.0.0.0' || b.ip === '0.0.0.0';
}
