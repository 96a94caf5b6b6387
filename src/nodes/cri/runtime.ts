// The runtime port over CRI v1: real sandboxes and containers in containerd.
import type { Duplex } from 'node:stream';
import {
  type ContainerConfig,
  type ContainerDetails,
  type ContainerState,
  type ContainerStats,
  type ContainerSummary,
  type ExecResult,
  type LinuxResources,
  type Runtime,
  type RuntimeCapabilities,
  RuntimeNotFoundError,
  type Sandbox,
  type SandboxConfig,
  type StreamingRequest,
  type StreamOptions,
  type StreamSession,
} from '../runtime.ts';
import { CriConnection } from './connection.ts';
import { criContainerConfig, criResources } from './container-config.ts';
import { watchRuntimeEvents } from './events.ts';
import { imageFilesystem, imageStatus, listImages, pullImage, removeImage } from './images.ts';
import type {
  CriCondition,
  CriContainer,
  CriContainerState,
  CriContainerStats,
  CriContainerStatus,
  CriSandbox,
  CriSandboxStatus,
} from './messages.ts';
import { criSandboxConfig } from './sandbox-config.ts';
import { attachStream, execStream, portForwardStream } from './streaming.ts';

/** A graceful stop may take its whole grace period and then some. */
const stopSlackMs = 2 * 60_000;

const states: Readonly<Record<CriContainerState, ContainerState>> = {
  CONTAINER_CREATED: 'created',
  CONTAINER_RUNNING: 'running',
  CONTAINER_EXITED: 'exited',
  CONTAINER_UNKNOWN: 'unknown',
};

/** @param options.socketPath the runtime's socket, e.g. `/run/containerd/containerd.sock` */
export function createCriRuntime(options: { socketPath: string }): Runtime {
  const connection = new CriConnection(options.socketPath);
  return {
    ...runtimeInfo(connection),
    ...sandboxes(connection),
    ...containers(connection),
    imageStatus: (reference) => imageStatus(connection, reference),
    pullImage: (reference, credentials) => pullImage(connection, reference, credentials),
    listImages: () => listImages(connection),
    removeImage: (reference) => removeImage(connection, reference),
    imageFilesystem: () => imageFilesystem(connection),
    ...streams(connection),
    watchEvents: (onEvent, signal) => watchRuntimeEvents(connection, onEvent, signal),
    close: async () => connection.close(),
  };
}

type Part<Methods extends keyof Runtime> = Pick<Runtime, Methods>;

function runtimeInfo(connection: CriConnection): Part<'capabilities' | 'status'> {
  return {
    async capabilities(): Promise<RuntimeCapabilities> {
      const version = await connection.runtime<{ runtime_name: string; runtime_version: string }>(
        'Version',
        { version: 'v1' },
      );
      const number = version.runtime_version.replace(/^v/, '').replace(/[~+].*$/, '');
      const second = Number.parseInt(number, 10) >= 2;
      return {
        version: `${version.runtime_name}://${number}`,
        userNamespaces: second,
        recursiveReadOnlyMounts: second,
        imageVolumes: second,
        supplementalGroupsPolicy: second,
        stopSignals: second,
      };
    },
    async status() {
      const { status } = await connection.runtime<{
        status: { conditions: CriCondition[] } | null;
      }>('Status', { verbose: false });
      const bad = (status?.conditions ?? []).find(
        ({ type, status: holds }) => (type === 'RuntimeReady' || type === 'NetworkReady') && !holds,
      );
      return bad === undefined
        ? { ready: true, reason: '', message: '' }
        : { ready: false, reason: bad.reason, message: bad.message };
    },
  };
}

function toSandbox(sandbox: CriSandbox, ips: readonly string[]): Sandbox {
  return {
    id: sandbox.id,
    podName: sandbox.metadata?.name ?? '',
    podNamespace: sandbox.metadata?.namespace ?? '',
    podUid: sandbox.metadata?.uid ?? '',
    attempt: sandbox.metadata?.attempt ?? 0,
    ready: sandbox.state === 'SANDBOX_READY',
    createdAtMs: sandbox.created_at / 1e6,
    ips,
    labels: sandbox.labels,
    annotations: sandbox.annotations,
  };
}

function sandboxes(
  connection: CriConnection,
): Part<'runSandbox' | 'stopSandbox' | 'removeSandbox' | 'listSandboxes' | 'sandboxStatus'> {
  return {
    async runSandbox(config: SandboxConfig) {
      const answer = await connection.runtime<{ pod_sandbox_id: string }>('RunPodSandbox', {
        config: criSandboxConfig(config),
        runtime_handler: config.runtimeHandler,
      });
      return answer.pod_sandbox_id;
    },
    async stopSandbox(id) {
      await absentIsDone(connection.runtime('StopPodSandbox', { pod_sandbox_id: id }));
    },
    async removeSandbox(id) {
      await absentIsDone(connection.runtime('RemovePodSandbox', { pod_sandbox_id: id }));
    },
    async listSandboxes() {
      const { items } = await connection.runtime<{ items: CriSandbox[] }>('ListPodSandbox', {});
      return items.map((sandbox) => toSandbox(sandbox, []));
    },
    async sandboxStatus(id) {
      const { status } = await connection.runtime<{ status: CriSandboxStatus | null }>(
        'PodSandboxStatus',
        { pod_sandbox_id: id },
      );
      if (status === null) throw new RuntimeNotFoundError(`sandbox ${id} has no status`);
      const ips = [
        status.network?.ip ?? '',
        ...(status.network?.additional_ips ?? []).map((a) => a.ip),
      ];
      return toSandbox(
        status,
        ips.filter((ip) => ip !== ''),
      );
    },
  };
}

function toSummary(container: CriContainer): ContainerSummary {
  return {
    id: container.id,
    sandboxId: container.pod_sandbox_id,
    name: container.metadata?.name ?? '',
    attempt: container.metadata?.attempt ?? 0,
    state: states[container.state],
    labels: container.labels,
    annotations: container.annotations,
    createdAtMs: container.created_at / 1e6,
  };
}

type ContainerMethods =
  | 'createContainer'
  | 'startContainer'
  | 'stopContainer'
  | 'removeContainer'
  | 'updateContainerResources'
  | 'listContainers'
  | 'containerStatus'
  | 'reopenLog'
  | 'containerStats';

function containers(connection: CriConnection): Part<ContainerMethods> {
  // A status does not name its sandbox, and the answer never changes: remembered, else looked up.
  const sandboxOf = new Map<string, string>();
  const list = async (filter: object): Promise<readonly ContainerSummary[]> => {
    const answer = await connection.runtime<{ containers: CriContainer[] }>(
      'ListContainers',
      filter,
    );
    for (const { id, pod_sandbox_id } of answer.containers) sandboxOf.set(id, pod_sandbox_id);
    return answer.containers.map(toSummary);
  };
  return {
    async createContainer(sandboxId, config: ContainerConfig, sandbox: SandboxConfig) {
      const answer = await connection.runtime<{ container_id: string }>('CreateContainer', {
        pod_sandbox_id: sandboxId,
        config: criContainerConfig(config, sandbox),
        sandbox_config: criSandboxConfig(sandbox),
      });
      sandboxOf.set(answer.container_id, sandboxId);
      return answer.container_id;
    },
    async startContainer(id) {
      await connection.runtime('StartContainer', { container_id: id });
    },
    async stopContainer(id, graceSeconds) {
      const request = { container_id: id, timeout: Math.ceil(graceSeconds) };
      const timeoutMs = graceSeconds * 1000 + stopSlackMs;
      await absentIsDone(connection.runtime('StopContainer', request, { timeoutMs }));
    },
    async removeContainer(id) {
      sandboxOf.delete(id);
      await absentIsDone(connection.runtime('RemoveContainer', { container_id: id }));
    },
    async updateContainerResources(id, resources: LinuxResources) {
      await connection.runtime('UpdateContainerResources', {
        container_id: id,
        linux: criResources(resources),
      });
    },
    listContainers: () => list({}),
    async containerStatus(id) {
      const details = await containerStatus(connection, id);
      if (!sandboxOf.has(id)) await list({ filter: { id } });
      return { ...details, sandboxId: sandboxOf.get(id) ?? '' };
    },
    async reopenLog(id) {
      await connection.runtime('ReopenContainerLog', { container_id: id });
    },
    containerStats: () => containerStats(connection),
  };
}

async function containerStatus(connection: CriConnection, id: string): Promise<ContainerDetails> {
  const { status } = await connection.runtime<{ status: CriContainerStatus | null }>(
    'ContainerStatus',
    { container_id: id },
  );
  if (status === null) throw new RuntimeNotFoundError(`container ${id} has no status`);
  return {
    ...toSummary({ ...status, pod_sandbox_id: '' }),
    startedAtMs: status.started_at / 1e6,
    finishedAtMs: status.finished_at / 1e6,
    exitCode: status.exit_code,
    reason: status.reason,
    message: status.message,
    imageName: status.image?.user_specified_image || (status.image?.image ?? ''),
    imageId: status.image_ref,
    logPath: status.log_path,
  };
}

async function containerStats(connection: CriConnection): Promise<readonly ContainerStats[]> {
  const { stats } = await connection.runtime<{ stats: CriContainerStats[] }>(
    'ListContainerStats',
    {},
  );
  return stats.map((each) => ({
    id: each.attributes?.id ?? '',
    timestampMs: (each.cpu?.timestamp ?? 0) / 1e6,
    cpuNanoseconds: each.cpu?.usage_core_nano_seconds?.value ?? 0,
    memoryWorkingSetBytes: each.memory?.working_set_bytes?.value ?? 0,
    writableLayerBytes: each.writable_layer?.used_bytes?.value ?? 0,
    writableLayerInodes: each.writable_layer?.inodes_used?.value ?? 0,
  }));
}

function streams(
  connection: CriConnection,
): Part<'execSync' | 'exec' | 'attach' | 'portForward' | 'streamingUrl'> {
  const streamingUrl = (request: StreamingRequest) => askStreamingUrl(connection, request);
  return {
    async execSync(id, command, timeoutMs): Promise<ExecResult> {
      const answer = await connection.runtime<{
        stdout: Uint8Array;
        stderr: Uint8Array;
        exit_code: number;
      }>(
        'ExecSync',
        { container_id: id, cmd: command, timeout: Math.ceil(timeoutMs / 1000) },
        { timeoutMs: timeoutMs + stopSlackMs },
      );
      return { exitCode: answer.exit_code, stdout: answer.stdout, stderr: answer.stderr };
    },
    async exec(id, command, options: StreamOptions): Promise<StreamSession> {
      const url = await streamingUrl({ kind: 'exec', containerId: id, command, options });
      return await execStream(url, options);
    },
    async attach(id, options): Promise<StreamSession> {
      const url = await streamingUrl({ kind: 'attach', containerId: id, options });
      return await attachStream(url, options);
    },
    async portForward(sandboxId, port): Promise<Duplex> {
      const url = await streamingUrl({ kind: 'portForward', sandboxId, ports: [port] });
      return await portForwardStream(url, port);
    },
    streamingUrl,
  };
}

/** The runtime's answer to Exec, Attach or PortForward. */
async function askStreamingUrl(
  connection: CriConnection,
  request: StreamingRequest,
): Promise<string> {
  const ask = async (method: string, message: object) =>
    (await connection.runtime<{ url: string }>(method, message)).url;
  switch (request.kind) {
    case 'exec':
      return await ask('Exec', {
        container_id: request.containerId,
        cmd: request.command,
        ...request.options,
      });
    case 'attach':
      return await ask('Attach', { container_id: request.containerId, ...request.options });
    case 'portForward':
      return await ask('PortForward', { pod_sandbox_id: request.sandboxId, port: request.ports });
  }
}

/** What is already gone needs no stopping; containerd says so with an error. */
async function absentIsDone(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof RuntimeNotFoundError)) throw error;
  }
}
