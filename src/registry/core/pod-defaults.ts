// Defaults of pods and of the pod templates in workloads, which get fewer of them.
import type { Pod, PodSpec, PodTemplateSpec } from '../../objects.ts';
import { setContainerDefaults, setHostPorts, setRequestsFromLimits } from './container-defaults.ts';
import { setPodLevelRequests } from './pod-resources.ts';
import { setVolumeDefaults } from './volume-defaults.ts';

function setPodSpecDefaults(spec: PodSpec): void {
  spec.dnsPolicy ||= 'ClusterFirst';
  spec.restartPolicy ||= 'Always';
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= 30;
  spec.schedulerName ||= 'default-scheduler';
  // `serviceAccount` is the old name of the same thing; both are always shown.
  const account = spec.serviceAccountName || spec.serviceAccount;
  if (account) {
    spec.serviceAccountName = account;
    spec.serviceAccount = account;
  }
  for (const volume of spec.volumes ?? []) setVolumeDefaults(volume);
  for (const container of spec.initContainers ?? []) setContainerDefaults(container);
  for (const container of spec.containers ?? []) setContainerDefaults(container);
  for (const container of spec.ephemeralContainers ?? []) setContainerDefaults(container);
}

export function setPodTemplateDefaults(template: PodTemplateSpec | undefined): void {
  if (template?.spec) setPodSpecDefaults(template.spec);
}

export function setPodDefaults(pod: Pod): void {
  pod.spec ??= { containers: [] };
  const { spec } = pod;
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
    setRequestsFromLimits(container);
    if (spec.hostNetwork === true) setHostPorts(container);
  }
  // A negative grace once meant "at once" by mistake; it means one second.
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) spec.terminationGracePeriodSeconds = 1;
  spec.enableServiceLinks ??= true;
  setPodSpecDefaults(spec);
  setPodLevelRequests(spec);
  // One address is the first of several; whichever the writer gave, both are shown.
  const { status } = pod;
  if (status?.podIP && !status.podIPs?.length) status.podIPs = [{ ip: status.podIP }];
  else if (status?.podIPs?.[0]?.ip) status.podIP = status.podIPs[0].ip;
}
