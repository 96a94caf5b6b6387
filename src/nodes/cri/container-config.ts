// A container's configuration in CRI's words.
import type { ContainerConfig, LinuxResources, Mount, SandboxConfig } from '../runtime.ts';
import { criSecurityProfile, identity, namespaceOptions, selinux } from './sandbox-config.ts';

/** runtime.v1.ContainerConfig. */
export function criContainerConfig(config: ContainerConfig, sandbox: SandboxConfig): object {
  return {
    metadata: { name: config.name, attempt: config.attempt },
    image: { image: config.imageRef, user_specified_image: config.imageName },
    command: config.command,
    args: config.args,
    working_dir: config.workingDir,
    // Bytes since CRI 1.34, the same on the wire: a value need not be UTF-8.
    envs: config.env.map(({ name, value }) => ({ key: name, value: Buffer.from(value) })),
    mounts: config.mounts.map(criMount),
    devices: config.devices.map((device) => ({
      host_path: device.hostPath,
      container_path: device.containerPath,
      permissions: device.permissions,
    })),
    labels: config.labels,
    annotations: config.annotations,
    log_path: config.logPath,
    stdin: config.stdin,
    stdin_once: config.stdinOnce,
    tty: config.tty,
    linux: {
      resources: criResources(config.resources),
      security_context: containerSecurity(config, sandbox),
    },
  };
}

const propagations = {
  private: 'PROPAGATION_PRIVATE',
  'host-to-container': 'PROPAGATION_HOST_TO_CONTAINER',
  bidirectional: 'PROPAGATION_BIDIRECTIONAL',
} as const;

function criMount(mount: Mount): object {
  return {
    container_path: mount.containerPath,
    host_path: mount.hostPath,
    readonly: mount.readonly,
    propagation: propagations[mount.propagation],
  };
}

/** runtime.v1.LinuxContainerResources; what is absent stays the runtime's default. */
export function criResources(resources: LinuxResources): object {
  return {
    cpu_period: resources.cpuPeriod ?? 0,
    cpu_quota: resources.cpuQuota ?? 0,
    cpu_shares: resources.cpuShares ?? 0,
    memory_limit_in_bytes: resources.memoryLimitBytes ?? 0,
    oom_score_adj: resources.oomScoreAdj ?? 0,
    cpuset_cpus: resources.cpusetCpus ?? '',
    unified: resources.unified ?? {},
  };
}

function containerSecurity(config: ContainerConfig, sandbox: SandboxConfig): object {
  const { security } = config;
  return {
    capabilities: {
      add_capabilities: security.addCapabilities,
      drop_capabilities: security.dropCapabilities,
    },
    privileged: security.privileged,
    namespace_options: namespaceOptions(sandbox, security.targetContainerId),
    run_as_username: security.runAsUsername ?? '',
    readonly_rootfs: security.readonlyRootfs,
    supplemental_groups: security.supplementalGroups,
    no_new_privs: security.noNewPrivileges,
    masked_paths: security.maskedPaths,
    readonly_paths: security.readonlyPaths,
    seccomp: criSecurityProfile(security.seccomp),
    apparmor_profile: security.apparmorProfile ?? '',
    ...identity(security),
    ...selinux(security),
  };
}
