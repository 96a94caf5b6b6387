// The node's runtime port: sandboxes, containers, images, logs and streams, whoever runs them.
import type { Duplex, Readable } from 'node:stream';

/** What a runtime can do beyond the least; a pod that needs a missing one is never started. */
export interface RuntimeCapabilities {
  /** Name and version as Node.status.nodeInfo.containerRuntimeVersion shows: `containerd://1.6.20`. */
  readonly version: string;
  readonly userNamespaces: boolean;
  readonly recursiveReadOnlyMounts: boolean;
  readonly imageVolumes: boolean;
  readonly supplementalGroupsPolicy: boolean;
  readonly stopSignals: boolean;
}

/** A real runtime behind this port is `cri/`; `simulated/` runs nothing and says it did. */
export type ContainerState = 'created' | 'running' | 'exited' | 'unknown';

export interface PortMapping {
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly containerPort: number;
  readonly hostPort: number;
  readonly hostIp?: string;
}

export interface SandboxConfig {
  readonly podName: string;
  readonly podNamespace: string;
  readonly podUid: string;
  readonly attempt: number;
  readonly hostname: string;
  readonly logDirectory: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly cgroupParent: string;
  readonly dns?: {
    readonly servers: readonly string[];
    readonly searches: readonly string[];
    readonly options: readonly string[];
  };
  readonly portMappings: readonly PortMapping[];
  readonly hostNetwork: boolean;
  readonly hostPid: boolean;
  readonly hostIpc: boolean;
  readonly sharedPid: boolean;
  readonly sysctls: Readonly<Record<string, string>>;
  readonly security: ContainerSecurity;
  readonly runtimeHandler: string;
}

export interface Sandbox {
  readonly id: string;
  readonly podName: string;
  readonly podNamespace: string;
  readonly podUid: string;
  readonly attempt: number;
  readonly ready: boolean;
  readonly createdAtMs: number;
  readonly ips: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface ContainerSecurity {
  readonly privileged: boolean;
  readonly readonlyRootfs: boolean;
  readonly runAsUser?: number;
  readonly runAsUsername?: string;
  readonly runAsGroup?: number;
  readonly supplementalGroups: readonly number[];
  readonly addCapabilities: readonly string[];
  readonly dropCapabilities: readonly string[];
  readonly noNewPrivileges: boolean;
  readonly seccomp: {
    readonly type: 'RuntimeDefault' | 'Unconfined' | 'Localhost';
    readonly path?: string;
  };
  readonly apparmorProfile?: string;
  readonly selinux?: {
    readonly user: string;
    readonly role: string;
    readonly type: string;
    readonly level: string;
  };
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
  /** The target container's PID namespace (ephemeral containers). */
  readonly targetContainerId?: string;
}

export interface Mount {
  readonly hostPath: string;
  readonly containerPath: string;
  readonly readonly: boolean;
  readonly propagation: 'private' | 'host-to-container' | 'bidirectional';
}

export interface Device {
  readonly hostPath: string;
  readonly containerPath: string;
  readonly permissions: string;
}

export interface LinuxResources {
  readonly cpuPeriod?: number;
  readonly cpuQuota?: number;
  readonly cpuShares?: number;
  readonly memoryLimitBytes?: number;
  readonly oomScoreAdj?: number;
  readonly cpusetCpus?: string;
  readonly unified?: Readonly<Record<string, string>>;
}

export interface ContainerConfig {
  readonly name: string;
  readonly attempt: number;
  /** As `ensureImage` gave it. */
  readonly imageRef: string;
  readonly imageName: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly workingDir: string;
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly mounts: readonly Mount[];
  readonly devices: readonly Device[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Relative to the sandbox's log directory: `name/0.log`. */
  readonly logPath: string;
  readonly stdin: boolean;
  readonly stdinOnce: boolean;
  readonly tty: boolean;
  readonly resources: LinuxResources;
  readonly security: ContainerSecurity;
}

export interface ContainerSummary {
  readonly id: string;
  readonly sandboxId: string;
  readonly name: string;
  readonly attempt: number;
  readonly state: ContainerState;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly createdAtMs: number;
}

export interface ContainerDetails extends ContainerSummary {
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly exitCode: number;
  /** `OOMKilled`, `Error`, `Completed`, or empty. */
  readonly reason: string;
  readonly message: string;
  readonly imageName: string;
  /** A digest reference, for ContainerStatus.imageID. */
  readonly imageId: string;
  readonly logPath: string;
  readonly pid?: number;
}

export interface Image {
  readonly id: string;
  readonly tags: readonly string[];
  readonly digests: readonly string[];
  readonly sizeBytes: number;
  readonly uid?: number;
  readonly username?: string;
  readonly pinned: boolean;
}

export interface ContainerStats {
  readonly id: string;
  readonly timestampMs: number;
  readonly cpuNanoseconds: number;
  readonly memoryWorkingSetBytes: number;
  readonly writableLayerBytes: number;
  readonly writableLayerInodes: number;
}

/** Something may have changed with this sandbox or container; the relist is the truth. */
export interface RuntimeEvent {
  readonly podUid?: string;
  readonly containerId?: string;
}

export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

/** A running exec or attach; `wait` gives the exit code (exec) or 0. */
export interface StreamSession {
  readonly stdin?: Duplex;
  readonly stdout?: Readable;
  readonly stderr?: Readable;
  resize(size: { readonly width: number; readonly height: number }): void;
  wait(): Promise<number>;
  close(): void;
}

export interface StreamOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** What a SPDY client wants to be connected to. */
export type StreamingRequest =
  | {
      readonly kind: 'exec';
      readonly containerId: string;
      readonly command: readonly string[];
      readonly options: StreamOptions;
    }
  | { readonly kind: 'attach'; readonly containerId: string; readonly options: StreamOptions }
  | { readonly kind: 'portForward'; readonly sandboxId: string; readonly ports: readonly number[] };

export interface PullCredentials {
  readonly username: string;
  readonly password: string;
}

/** The runtime could not be reached; everything is retried. */
export class RuntimeUnavailableError extends Error {
  readonly code = 'ERR_RUNTIME_UNAVAILABLE';
}

/** The runtime refused or failed; `message` is as upstream's kubelet shows it in pull errors. */
export class RuntimeCallError extends Error {
  readonly code: string = 'ERR_RUNTIME_CALL';
  /** What the runtime said, without the transport's prefix. */
  readonly details: string;
  constructor(details: string, grpcCode: string, options?: ErrorOptions) {
    super(`rpc error: code = ${grpcCode} desc = ${details}`, options);
    this.details = details;
  }
}

/** The runtime did not answer, or a command did not end, in time. */
export class RuntimeTimeoutError extends RuntimeCallError {
  override readonly code = 'ERR_RUNTIME_TIMEOUT';
}

/** A method needs a sandbox, container or image that is not there. */
export class RuntimeNotFoundError extends Error {
  readonly code = 'ERR_RUNTIME_NOT_FOUND';
}

/**
 * Every `stop`/`remove` of something absent succeeds; everything else rejects with
 * `RuntimeNotFoundError` then. Implementations hold no truth of their own that a restart of the
 * agent would lose.
 */
export interface Runtime {
  capabilities(): Promise<RuntimeCapabilities>;
  /** Network and runtime conditions, for the node's Ready condition. */
  status(): Promise<{ readonly ready: boolean; readonly reason: string; readonly message: string }>;
  /** Creates and starts; on failure nothing of it stays. Returns its id. */
  runSandbox(config: SandboxConfig): Promise<string>;
  stopSandbox(id: string): Promise<void>;
  removeSandbox(id: string): Promise<void>;
  listSandboxes(): Promise<readonly Sandbox[]>;
  sandboxStatus(id: string): Promise<Sandbox>;
  createContainer(
    sandboxId: string,
    config: ContainerConfig,
    sandbox: SandboxConfig,
  ): Promise<string>;
  startContainer(id: string): Promise<void>;
  /** TERM (or the image's stop signal), then KILL after `graceSeconds`. */
  stopContainer(id: string, graceSeconds: number): Promise<void>;
  removeContainer(id: string): Promise<void>;
  updateContainerResources(id: string, resources: LinuxResources): Promise<void>;
  listContainers(): Promise<readonly ContainerSummary[]>;
  containerStatus(id: string): Promise<ContainerDetails>;
  reopenLog(id: string): Promise<void>;
  /** `reference` may be a tag or digest reference; undefined when it is not present. */
  imageStatus(reference: string): Promise<Image | undefined>;
  /** Gives the pulled image's reference. */
  pullImage(reference: string, credentials?: PullCredentials): Promise<string>;
  listImages(): Promise<readonly Image[]>;
  removeImage(reference: string): Promise<void>;
  imageFilesystem(): Promise<{
    readonly usedBytes: number;
    readonly usedInodes: number;
    readonly mountpoint: string;
  }>;
  /** Runs to its end, for probes and lifecycle hooks. */
  execSync(id: string, command: readonly string[], timeoutMs: number): Promise<ExecResult>;
  exec(id: string, command: readonly string[], options: StreamOptions): Promise<StreamSession>;
  attach(id: string, options: StreamOptions): Promise<StreamSession>;
  /** One connection to `port` inside the sandbox's network. */
  portForward(sandboxId: string, port: number): Promise<Duplex>;
  /**
   * Where the runtime itself serves such a stream by SPDY/3.1 (an http URL, good for one use), so
   * that SPDY clients pass through unparsed. Absent where it has no streaming server.
   */
  streamingUrl?(request: StreamingRequest): Promise<string>;
  containerStats(): Promise<readonly ContainerStats[]>;
  /** Calls back until `signal` aborts; may miss events, never invents them for long. */
  watchEvents(onEvent: (event: RuntimeEvent) => void, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
