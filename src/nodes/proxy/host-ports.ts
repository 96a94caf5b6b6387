// hostPorts of the node's own pods: which port of the node leads to which port of which pod.
import type { Pod } from '../../objects.ts';
import { type Family, familyOf } from '../network/addresses.ts';

export interface HostPort {
  readonly pod: string;
  /** Empty: every address of the node. */
  readonly hostIp: string;
  readonly protocol: string;
  readonly hostPort: number;
  readonly podIp: string;
  readonly containerPort: number;
}

/** The mappings of pods that have an address and have not ended; the first of equals wins. */
export function hostPortsOf(pods: readonly Pod[], family: Family): readonly HostPort[] {
  const found = new Map<string, HostPort>();
  for (const pod of pods) {
    if (pod.spec?.hostNetwork === true || hasEnded(pod)) continue;
    const ips = pod.status?.podIPs?.map(({ ip }) => ip) ?? [pod.status?.podIP ?? ''];
    const podIp = ips.find((ip) => ip !== undefined && familyOf(ip) === family);
    if (podIp === undefined) continue;
    const containers = [
      ...(pod.spec?.initContainers ?? []).filter((each) => each.restartPolicy === 'Always'),
      ...(pod.spec?.containers ?? []),
    ];
    for (const port of containers.flatMap((container) => container.ports ?? [])) {
      if (port.hostPort === undefined || port.hostPort === 0) continue;
      const hostIp = anyAddress(port.hostIP) ? '' : (port.hostIP ?? '');
      if (hostIp !== '' && familyOf(hostIp) !== family) continue;
      const protocol = (port.protocol ?? 'TCP').toLowerCase();
      const key = `${hostIp} ${protocol} ${port.hostPort}`;
      if (found.has(key)) continue;
      found.set(key, {
        pod: `${pod.metadata?.namespace ?? ''}/${pod.metadata?.name ?? ''}`,
        hostIp,
        protocol,
        hostPort: port.hostPort,
        podIp,
        containerPort: port.containerPort,
      });
    }
  }
  return [...found.values()];
}

function anyAddress(hostIp: string | undefined): boolean {
  return hostIp === undefined || hostIp === '' || hostIp === '0.0.0.0' || hostIp === '::';
}

function hasEnded(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}
