// A sandbox's configuration in CRI's words.
import type { ContainerSecurity, SandboxConfig } from '../runtime.ts';

/** runtime.v1.PodSandboxConfig. */
export function criSandboxConfig(config: SandboxConfig): object {
  return {
    metadata: {
      name: config.podName,
      uid: config.podUid,
      namespace: config.podNamespace,
      attempt: config.attempt,
    },
    // containerd takes the node's own name where this is empty (host network).
    hostname: config.hostNetwork ? '' : config.hostname,
    log_directory: config.logDirectory,
    ...(config.dns === undefined ? {} : { dns_config: config.dns }),
    port_mappings: config.portMappings.map((mapping) => ({
      protocol: mapping.protocol,
      container_port: mapping.containerPort,
      host_port: mapping.hostPort,
      host_ip: mapping.hostIp ?? '',
    })),
    labels: config.labels,
    annotations: config.annotations,
    linux: {
      cgroup_parent: config.cgroupParent,
      sysctls: config.sysctls,
      security_context: sandboxSecurity(config),
    },
  };
}

function sandboxSecurity(config: SandboxConfig): object {
  const { security } = config;
  return {
    namespace_options: namespaceOptions(config),
    privileged: security.privileged,
    readonly_rootfs: security.readonlyRootfs,
    supplemental_groups: security.supplementalGroups,
    seccomp: criSecurityProfile(security.seccomp),
    ...identity(security),
    ...selinux(security),
  };
}

/** runtime.v1.NamespaceOption of a sandbox; containers repeat it. */
export function namespaceOptions(config: SandboxConfig, targetContainerId?: string): object {
  const pid = config.hostPid ? 'NODE' : config.sharedPid ? 'POD' : 'CONTAINER';
  return {
    network: config.hostNetwork ? 'NODE' : 'POD',
    pid: targetContainerId === undefined ? pid : 'TARGET',
    ipc: config.hostIpc ? 'NODE' : 'POD',
    ...(targetContainerId === undefined ? {} : { target_id: targetContainerId }),
  };
}

/** The user and group of a security context; absent means the image's. */
export function identity(security: ContainerSecurity): object {
  return {
    ...(security.runAsUser === undefined ? {} : { run_as_user: { value: security.runAsUser } }),
    ...(security.runAsGroup === undefined ? {} : { run_as_group: { value: security.runAsGroup } }),
  };
}

export function selinux(security: ContainerSecurity): object {
  return security.selinux === undefined ? {} : { selinux_options: security.selinux };
}

/** runtime.v1.SecurityProfile; a Localhost profile names its file under the kubelet's root. */
export function criSecurityProfile(profile: ContainerSecurity['seccomp']): object {
  return { profile_type: profile.type, localhost_ref: profile.path ?? '' };
}
