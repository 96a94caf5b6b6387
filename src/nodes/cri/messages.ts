// The parts of CRI v1 and containerd messages that the agent reads, as the channel decodes them.

export interface CriSandbox {
  readonly id: string;
  readonly metadata: CriSandboxMetadata | null;
  readonly state: 'SANDBOX_READY' | 'SANDBOX_NOTREADY';
  /** Nanoseconds since the epoch, as in every CRI time. */
  readonly created_at: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface CriSandboxMetadata {
  readonly name: string;
  readonly uid: string;
  readonly namespace: string;
  readonly attempt: number;
}

export interface CriSandboxStatus extends CriSandbox {
  readonly network: {
    readonly ip: string;
    readonly additional_ips: readonly { readonly ip: string }[];
  } | null;
}

export type CriContainerState =
  | 'CONTAINER_CREATED'
  | 'CONTAINER_RUNNING'
  | 'CONTAINER_EXITED'
  | 'CONTAINER_UNKNOWN';

export interface CriContainer {
  readonly id: string;
  readonly pod_sandbox_id: string;
  readonly metadata: { readonly name: string; readonly attempt: number } | null;
  readonly state: CriContainerState;
  readonly created_at: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface CriContainerStatus extends Omit<CriContainer, 'pod_sandbox_id'> {
  readonly started_at: number;
  readonly finished_at: number;
  readonly exit_code: number;
  readonly image: { readonly image: string; readonly user_specified_image: string } | null;
  readonly image_ref: string;
  readonly reason: string;
  readonly message: string;
  readonly log_path: string;
}

export interface CriImage {
  readonly id: string;
  readonly repo_tags: readonly string[];
  readonly repo_digests: readonly string[];
  readonly size: number;
  readonly uid: { readonly value: number } | null;
  readonly username: string;
  readonly pinned: boolean;
}

export interface CriContainerStats {
  readonly attributes: { readonly id: string } | null;
  readonly cpu: {
    readonly timestamp: number;
    readonly usage_core_nano_seconds: { readonly value: number } | null;
  } | null;
  readonly memory: { readonly working_set_bytes: { readonly value: number } | null } | null;
  readonly writable_layer: CriFilesystemUsage | null;
}

export interface CriFilesystemUsage {
  readonly fs_id: { readonly mountpoint: string } | null;
  readonly used_bytes: { readonly value: number } | null;
  readonly inodes_used: { readonly value: number } | null;
}

export interface CriCondition {
  readonly type: string;
  readonly status: boolean;
  readonly reason: string;
  readonly message: string;
}

/** containerd.types.Envelope of events.v1. */
export interface ContainerdEvent {
  readonly namespace: string;
  readonly topic: string;
  readonly event: { readonly type_url: string; readonly value: Uint8Array } | null;
}
