// The configuration of a node's own containerd, for what this machine allows.
import { readFileSync } from 'node:fs';

/** The sandbox image's reference; the server's registry holds it and agents relay it. */
export const sandboxImage = 'coracle.local/pause:1';

// Linux capability number of CAP_SYS_RESOURCE.
const capSysResource = 24n;

/**
 * config.toml, version 2: understood by containerd 1.5 and every later release.
 *
 * @param registryHosts folder of hosts.toml files, one folder per registry or `_default`
 */
export function containerdConfig(registryHosts: string): string {
  // Without the capability runc cannot lower oom_score_adj and dies with "can't get final child's PID".
  const restrictOomScore = !hasCapability(capSysResource);
  return `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"

[grpc]
  address = "/run/containerd/containerd.sock"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${sandboxImage}"
  restrict_oom_score_adj = ${restrictOomScore}
  enable_unprivileged_ports = true
  enable_unprivileged_icmp = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "${registryHosts}"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
`;
}

function hasCapability(number: bigint): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return effective !== undefined && ((BigInt(`0x${effective}`) >> number) & 1n) === 1n;
}
