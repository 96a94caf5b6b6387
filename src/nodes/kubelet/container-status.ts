// One ContainerStatus from a container's instances: state, last state, readiness, restart count.
import type { ContainerStatus, Pod } from '../../objects.ts';
import type { ContainerDetails } from '../runtime.ts';
import type { PodContainer } from './pod.ts';
import { type PodState, type ProbeResults, restartCountOf } from './pod-state.ts';

/** Why a container that should run does not: `CrashLoopBackOff`, `ErrImagePull`, … */
export interface WaitReason {
  readonly reason: string;
  readonly message: string;
}

type ContainerStateStatus = NonNullable<ContainerStatus['state']>;

/** A runtime's container id as the API shows it. */
export function apiContainerId(runtimeName: string, id: string): string {
  return `${runtimeName}://${id}`;
}

export function toTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

function terminated(runtimeName: string, instance: ContainerDetails): ContainerStateStatus {
  const reason = instance.reason || (instance.exitCode === 0 ? 'Completed' : 'Error');
  return {
    terminated: {
      exitCode: instance.exitCode,
      reason,
      ...(instance.message === '' ? {} : { message: instance.message }),
      startedAt: toTime(instance.startedAtMs),
      finishedAt: toTime(instance.finishedAtMs),
      containerID: apiContainerId(runtimeName, instance.id),
    },
  };
}

function stateOf(runtimeName: string, instance: ContainerDetails): ContainerStateStatus {
  if (instance.state === 'running') {
    return { running: { startedAt: toTime(instance.startedAtMs) } };
  }
  if (instance.state === 'exited') return terminated(runtimeName, instance);
  return { waiting: { reason: 'ContainerCreating' } };
}

/** What the API last said of a container that the runtime no longer has. */
function vanished(old: ContainerStatus, terminal: boolean): ContainerStateStatus | undefined {
  if (old.state?.running === undefined) {
    return old.state?.terminated === undefined ? undefined : { terminated: old.state.terminated };
  }
  const when = terminal ? 'terminated' : 'deleted.  The container used to be Running';
  return {
    terminated: {
      exitCode: 137,
      reason: 'ContainerStatusUnknown',
      message: `The container could not be located when the pod was ${when}`,
      ...(old.containerID === undefined ? {} : { containerID: old.containerID }),
    },
  };
}

export interface ContainerStatusInput {
  readonly pod: Pod;
  readonly state: PodState;
  readonly probes: ProbeResults;
  readonly runtimeName: string;
  readonly waiting: ReadonlyMap<string, WaitReason>;
  /** No container of this pod will be started any more. */
  readonly terminal: boolean;
}

/** The status of `container`, given what the API said before. */
export function containerStatus(
  input: ContainerStatusInput,
  container: PodContainer,
  old: ContainerStatus | undefined,
): ContainerStatus {
  const { pod, state, probes, runtimeName, waiting, terminal } = input;
  const { spec } = container;
  const [current, previous] = state.containers.filter((each) => each.name === spec.name);
  let now: ContainerStateStatus;
  let last: ContainerStateStatus = {};
  if (current !== undefined) {
    now = stateOf(runtimeName, current);
    if (previous?.state === 'exited') last = terminated(runtimeName, previous);
  } else {
    // Init containers wait by the same word as those that they hold up.
    const initializing = (pod.spec?.initContainers?.length ?? 0) > 0;
    now = { waiting: { reason: initializing ? 'PodInitializing' : 'ContainerCreating' } };
    const gone = old === undefined ? undefined : vanished(old, terminal);
    if (gone !== undefined && terminal) now = gone;
    else if (gone !== undefined) last = gone;
    else if (old?.lastState !== undefined) last = old.lastState;
  }
  const wait = waiting.get(spec.name);
  if (wait !== undefined && !terminal && now.running === undefined) {
    if (now.terminated !== undefined) last = { terminated: now.terminated };
    now = { waiting: { ...wait } };
  }
  const running = current !== undefined && now.running !== undefined ? current : undefined;
  const started =
    running !== undefined && (spec.startupProbe === undefined || probes.started(running.id));
  const ready =
    container.role === 'init'
      ? now.terminated?.exitCode === 0
      : started && (spec.readinessProbe === undefined || probes.ready(running?.id ?? ''));
  return {
    name: spec.name,
    state: now,
    lastState: last,
    ready: container.role === 'ephemeral' ? false : ready,
    restartCount: current === undefined ? (old?.restartCount ?? 0) : restartCountOf(current),
    image: current?.imageName || spec.image || '',
    imageID: current?.imageId ?? '',
    ...(current === undefined ? {} : { containerID: apiContainerId(runtimeName, current.id) }),
    started,
    ...(running === undefined ? {} : resourcesOf(container)),
    ...volumeMountsOf(container),
  };
}

function resourcesOf(container: PodContainer): Partial<ContainerStatus> {
  const { resources } = container.spec;
  const { limits, requests } = resources ?? {};
  return {
    ...(requests === undefined ? {} : { allocatedResources: requests }),
    resources: {
      ...(limits === undefined ? {} : { limits }),
      ...(requests === undefined ? {} : { requests }),
    },
  };
}

function volumeMountsOf(container: PodContainer): Partial<ContainerStatus> {
  const mounts = container.spec.volumeMounts ?? [];
  if (mounts.length === 0) return {};
  return {
    volumeMounts: mounts.map(({ name, mountPath, readOnly }) => ({
      name,
      mountPath,
      ...(readOnly === true ? { readOnly, recursiveReadOnly: 'Disabled' } : {}),
    })),
  };
}
