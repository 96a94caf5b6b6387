// Security contexts of pod and container merged into what the runtime applies.
import path from 'node:path';
import type { Pod } from '../../objects.ts';
import type { ContainerSecurity } from '../runtime.ts';
import type { PodContainer } from './pod.ts';

const maskedPaths = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
] as const;

const readonlyPaths = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
] as const;

interface SeccompProfile {
  type: string;
  localhostProfile?: string;
}

function seccompOf(
  profile: SeccompProfile | undefined,
  root: string,
): ContainerSecurity['seccomp'] {
  if (profile?.type === 'RuntimeDefault') return { type: 'RuntimeDefault' };
  if (profile?.type === 'Localhost') {
    return { type: 'Localhost', path: path.join(root, 'seccomp', profile.localhostProfile ?? '') };
  }
  return { type: 'Unconfined' };
}

function selinuxOf(
  options: { user?: string; role?: string; type?: string; level?: string } | undefined,
): Pick<ContainerSecurity, 'selinux'> {
  if (options === undefined) return {};
  const { user = '', role = '', type = '', level = '' } = options;
  return { selinux: { user, role, type, level } };
}

function supplementalGroups(pod: Pod): number[] {
  const context = pod.spec?.securityContext;
  const groups = [...(context?.supplementalGroups ?? [])];
  if (context?.fsGroup !== undefined && !groups.includes(context.fsGroup)) {
    groups.push(context.fsGroup);
  }
  return groups;
}

/** A container's own settings, else the pod's. `imageUser` runs it where neither says. */
export function containerSecurity(
  pod: Pod,
  container: PodContainer,
  rootDirectory: string,
  imageUser: { readonly uid?: number; readonly username?: string },
  targetContainerId?: string,
): ContainerSecurity {
  const own = container.spec.securityContext;
  const podContext = pod.spec?.securityContext;
  const privileged = own?.privileged === true;
  const bare = privileged || own?.procMount === 'Unmasked';
  const runAsUser = own?.runAsUser ?? podContext?.runAsUser ?? imageUser.uid;
  const runAsGroup = own?.runAsGroup ?? podContext?.runAsGroup;
  const apparmor = own?.appArmorProfile ?? podContext?.appArmorProfile;
  return {
    privileged,
    readonlyRootfs: own?.readOnlyRootFilesystem === true,
    ...(runAsUser === undefined ? {} : { runAsUser }),
    ...(runAsUser === undefined && imageUser.username ? { runAsUsername: imageUser.username } : {}),
    ...(runAsGroup === undefined ? {} : { runAsGroup }),
    supplementalGroups: supplementalGroups(pod),
    addCapabilities: own?.capabilities?.add ?? [],
    dropCapabilities: own?.capabilities?.drop ?? [],
    noNewPrivileges: own?.allowPrivilegeEscalation === false && !privileged,
    seccomp: privileged
      ? { type: 'Unconfined' }
      : seccompOf(own?.seccompProfile ?? podContext?.seccompProfile, rootDirectory),
    ...(apparmor === undefined ? {} : { apparmorProfile: apparmorName(apparmor) }),
    ...selinuxOf(own?.seLinuxOptions ?? podContext?.seLinuxOptions),
    maskedPaths: bare ? [] : maskedPaths,
    readonlyPaths: bare ? [] : readonlyPaths,
    ...(targetContainerId === undefined ? {} : { targetContainerId }),
  };
}

function apparmorName(profile: { type: string; localhostProfile?: string }): string {
  if (profile.type === 'RuntimeDefault') return 'runtime/default';
  return profile.type === 'Localhost' ? `localhost/${profile.localhostProfile}` : 'unconfined';
}

/** What holds for the sandbox itself; it runs as the pod says. */
export function sandboxSecurity(pod: Pod, rootDirectory: string): ContainerSecurity {
  const context = pod.spec?.securityContext;
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  return {
    privileged: containers.some((each) => each.securityContext?.privileged === true),
    readonlyRootfs: false,
    ...(context?.runAsUser === undefined ? {} : { runAsUser: context.runAsUser }),
    ...(context?.runAsGroup === undefined ? {} : { runAsGroup: context.runAsGroup }),
    supplementalGroups: supplementalGroups(pod),
    addCapabilities: [],
    dropCapabilities: [],
    noNewPrivileges: false,
    seccomp: context?.seccompProfile
      ? seccompOf(context.seccompProfile, rootDirectory)
      : { type: 'RuntimeDefault' },
    ...selinuxOf(context?.seLinuxOptions),
    maskedPaths: [],
    readonlyPaths: [],
  };
}
