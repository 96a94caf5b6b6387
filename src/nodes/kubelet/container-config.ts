// What the runtime is told to create: sandbox and container configs from a pod.
import path from 'node:path';
import type { Pod } from '../../objects.ts';
import type {
  ContainerConfig,
  Image,
  LinuxResources,
  Mount,
  PortMapping,
  Sandbox,
  SandboxConfig,
} from '../runtime.ts';
import type { Mounts } from '../volumes/mounts.ts';
import type { MountedVolumes } from '../volumes/pod-volumes.ts';
import { mountSubPath } from '../volumes/sub-path.ts';
import { type DnsOptions, podDns, podHostname } from './dns.ts';
import { type EnvironmentContext, environment, expand } from './environment.ts';
import { ContainerStartError } from './images.ts';
import { containerAnnotations, containerLabels, sandboxLabels } from './labels.ts';
import { identityOf, type PodContainer } from './pod.ts';
import { hostsMount, type NodePaths, podLogDirectory, terminationMount } from './pod-files.ts';
import { containerSecurity, sandboxSecurity } from './security.ts';

export interface ConfigContext extends EnvironmentContext {
  /** Absent on simulated nodes: then nothing is written, mounted or logged to disk. */
  readonly paths?: NodePaths;
  /** Present where paths are. */
  readonly mounts?: Mounts;
  readonly dns: DnsOptions;
  readonly cgroupParent: (pod: Pod) => string;
  readonly resources: (pod: Pod, container: PodContainer) => LinuxResources;
}

/** The sandbox of a pod. */
export async function sandboxConfig(
  pod: Pod,
  attempt: number,
  context: ConfigContext,
): Promise<SandboxConfig> {
  const { uid, namespace, name } = identityOf(pod);
  const { spec } = pod;
  const { paths } = context;
  const sysctls: Record<string, string> = {};
  for (const sysctl of spec?.securityContext?.sysctls ?? []) sysctls[sysctl.name] = sysctl.value;
  return {
    podName: name,
    podNamespace: namespace,
    podUid: uid,
    attempt,
    hostname: spec?.hostNetwork === true ? '' : podHostname(pod, context.dns.clusterDomain).shown,
    logDirectory: paths === undefined ? '' : podLogDirectory(paths, pod),
    labels: sandboxLabels(pod),
    annotations: pod.metadata?.annotations ?? {},
    cgroupParent: context.cgroupParent(pod),
    ...(paths === undefined ? {} : { dns: await podDns(pod, context.dns) }),
    portMappings: spec?.hostNetwork === true ? [] : portMappings(pod),
    hostNetwork: spec?.hostNetwork === true,
    hostPid: spec?.hostPID === true,
    hostIpc: spec?.hostIPC === true,
    sharedPid: spec?.shareProcessNamespace === true,
    sysctls,
    security: sandboxSecurity(pod, paths?.root ?? ''),
    runtimeHandler: '',
  };
}

function portMappings(pod: Pod): PortMapping[] {
  const mappings: PortMapping[] = [];
  for (const container of [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])]) {
    for (const { protocol, containerPort, hostPort = 0, hostIP } of container.ports ?? []) {
      const known = protocol === 'UDP' || protocol === 'SCTP' ? protocol : 'TCP';
      const address = hostIP === undefined ? {} : { hostIp: hostIP };
      mappings.push({ protocol: known, containerPort, hostPort, ...address });
    }
  }
  return mappings;
}

/** What a container is made from, beyond its pod. */
export interface ContainerInput {
  readonly restartCount: number;
  readonly image: Image;
  readonly sandbox: Sandbox;
  readonly volumes: MountedVolumes;
  /** The container whose PID namespace is entered, for ephemeral containers. */
  readonly targetContainerId?: string;
}

/** One container. @throws ContainerStartError CreateContainerConfigError with upstream's words */
export async function containerConfig(
  pod: Pod,
  container: PodContainer,
  input: ContainerInput,
  context: ConfigContext,
): Promise<ContainerConfig> {
  const { spec } = container;
  const { restartCount, image } = input;
  const variables = await environment(pod, container, context).catch((error: unknown) => {
    if (error instanceof ContainerStartError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new ContainerStartError('CreateContainerConfigError', why);
  });
  const lookup = (key: string) => variables.get(key);
  const expanded = (texts: readonly string[] | undefined) =>
    (texts ?? []).map((text) => expand(text, lookup));
  return {
    name: spec.name,
    attempt: restartCount,
    imageRef: image.id,
    imageName: spec.image ?? '',
    command: expanded(spec.command),
    args: expanded(spec.args),
    workingDir: spec.workingDir ?? '',
    env: [...variables].map(([name, value]) => ({ name, value })),
    mounts: await mountsOf(pod, container, input, lookup, context),
    devices: [],
    labels: containerLabels(pod, spec),
    annotations: containerAnnotations(pod, container, restartCount),
    logPath: path.join(spec.name, `${restartCount}.log`),
    stdin: spec.stdin === true,
    stdinOnce: spec.stdinOnce === true,
    tty: spec.tty === true,
    resources: context.resources(pod, container),
    security: containerSecurity(
      pod,
      container,
      context.paths?.root ?? '',
      image,
      input.targetContainerId,
    ),
  };
}

const propagations = {
  None: 'private',
  HostToContainer: 'host-to-container',
  Bidirectional: 'bidirectional',
} as const;

async function mountsOf(
  pod: Pod,
  container: PodContainer,
  input: ContainerInput,
  lookup: (name: string) => string | undefined,
  context: ConfigContext,
): Promise<readonly Mount[]> {
  const { paths, mounts: mounter } = context;
  if (paths === undefined || mounter === undefined) return [];
  const mounts: Mount[] = [];
  for (const [index, mount] of (container.spec.volumeMounts ?? []).entries()) {
    const volume = input.volumes.get(mount.name);
    if (volume === undefined) {
      throw new ContainerStartError(
        'CreateContainerConfigError',
        `cannot find volume ${JSON.stringify(mount.name)} to mount into container ` +
          JSON.stringify(container.spec.name),
      );
    }
    let { hostPath } = volume;
    const subPath = mount.subPathExpr ? expandStrictly(mount.subPathExpr, lookup) : mount.subPath;
    if (subPath) {
      const directory = path.join(paths.root, 'pods', identityOf(pod).uid, 'volume-subpaths');
      const target = path.join(directory, mount.name, container.spec.name, String(index));
      hostPath = await mountSubPath(mounter, hostPath, subPath, target).catch((error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        throw new ContainerStartError(
          'CreateContainerConfigError',
          `failed to prepare subPath for volumeMount "${mount.name}" of container ` +
            `"${container.spec.name}": ${why}`,
        );
      });
    }
    const propagation =
      propagations[(mount.mountPropagation ?? 'None') as keyof typeof propagations] ?? 'private';
    const containerPath = path.posix.resolve('/', mount.mountPath);
    mounts.push({
      hostPath,
      containerPath,
      readonly: mount.readOnly === true || volume.readonly,
      propagation,
    });
  }
  const { hostname, domain } = podHostname(pod, context.dns.clusterDomain);
  const addresses = input.sandbox.ips;
  mounts.push(...(await hostsMount(paths, pod, container, addresses, hostname, domain)));
  mounts.push(...(await terminationMount(paths, pod, container, input.restartCount)));
  return mounts;
}

/** subPathExpr: every variable must be known. */
function expandStrictly(text: string, lookup: (name: string) => string | undefined): string {
  return expand(text, (name) => {
    const value = lookup(name);
    if (value !== undefined) return value;
    throw new ContainerStartError(
      'CreateContainerConfigError',
      `missing value for ${JSON.stringify(name)}`,
    );
  });
}
