// A whole PodStatus: phase, conditions, addresses and the statuses of its containers.
import type { ContainerStatus, Pod, PodStatus } from '../../objects.ts';
import {
  type ContainerStatusInput,
  containerStatus,
  toTime,
  type WaitReason,
} from './container-status.ts';
import {
  ephemeralContainersOf,
  initContainersOf,
  mainContainersOf,
  type PodContainer,
  restartsAfter,
} from './pod.ts';
import type { PodState, ProbeResults } from './pod-state.ts';
import { qosClassOf } from './resources.ts';

export type PodCondition = NonNullable<PodStatus['conditions']>[number];

export interface PodStatusInput {
  readonly pod: Pod;
  readonly state: PodState;
  readonly probes: ProbeResults;
  readonly waiting: ReadonlyMap<string, WaitReason>;
  readonly nowMs: number;
  readonly runtimeName: string;
  readonly nodeAddresses: readonly string[];
  /** No container will be started any more: being deleted, evicted or past its deadline. */
  readonly terminal: boolean;
  /** Containers are stopped and the pod is over: what still seems to wait is counted as ended. */
  readonly finished: boolean;
  /** Forces phase Failed, for deadlines, evictions and refused pods. */
  readonly failure?: WaitReason;
}

/** The status as it should be; pure, and stable: equal input gives an equal status. */
export function podStatus(input: PodStatusInput): PodStatus {
  const { pod, nowMs } = input;
  const old: PodStatus = pod.status ?? {};
  const forContainers: ContainerStatusInput = input;
  const statuses = (containers: readonly PodContainer[], before?: ContainerStatus[]) =>
    containers.map((container) =>
      containerStatus(
        forContainers,
        container,
        before?.find((each) => each.name === container.spec.name),
      ),
    );
  const inits = statuses(initContainersOf(pod), old.initContainerStatuses);
  const mains = statuses(mainContainersOf(pod), old.containerStatuses);
  const ephemerals = statuses(ephemeralContainersOf(pod), old.ephemeralContainerStatuses);
  const phase = shownPhase(input, phaseOf(input, inits, mains));
  const addresses = podAddresses(input);
  const reason = input.failure?.reason ?? (phase === 'Failed' ? old.reason : undefined);
  const message = input.failure?.message ?? (phase === 'Failed' ? old.message : undefined);
  const generation = pod.metadata?.generation;
  const [hostIP] = input.nodeAddresses;
  return {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    phase,
    conditions: conditionsOf(input, phase, inits, mains),
    ...(message ? { message } : {}),
    ...(reason ? { reason } : {}),
    ...(hostIP === undefined ? {} : { hostIP, hostIPs: [...hostIPs(input)] }),
    ...(addresses[0] === undefined ? {} : { podIP: addresses[0] }),
    ...(addresses.length === 0 ? {} : { podIPs: addresses.map((ip) => ({ ip })) }),
    startTime: old.startTime ?? toTime(nowMs),
    ...(inits.length === 0 ? {} : { initContainerStatuses: inits }),
    ...(mains.length === 0 ? {} : { containerStatuses: mains }),
    qosClass: qosClassOf(pod),
    ...(ephemerals.length === 0 ? {} : { ephemeralContainerStatuses: ephemerals }),
  };
}

/** A pod that is over says so only when all of its containers have ended, sidecars included. */
function shownPhase({ pod, terminal, finished }: PodStatusInput, phase: string): string {
  const over = phase === 'Failed' || phase === 'Succeeded';
  if (!over || !terminal || finished) return phase;
  return pod.status?.phase ?? 'Pending';
}

function hostIPs(input: PodStatusInput): readonly { ip: string }[] {
  return input.nodeAddresses.map((ip) => ({ ip }));
}

function podAddresses(input: PodStatusInput): readonly string[] {
  const { pod, state } = input;
  if (pod.spec?.hostNetwork === true) {
    return state.sandboxes.length > 0 ? input.nodeAddresses : [];
  }
  const [sandbox] = state.sandboxes;
  if (sandbox?.ready === true && sandbox.ips.length > 0) return sandbox.ips;
  // A stopped sandbox has no address, but the pod keeps showing the one it had.
  return (pod.status?.podIPs ?? []).map(({ ip }) => ip);
}

function phaseOf(
  input: PodStatusInput,
  inits: readonly ContainerStatus[],
  mains: readonly ContainerStatus[],
): string {
  const { pod, failure, finished } = input;
  const before = pod.status?.phase;
  if (before === 'Failed' || before === 'Succeeded') return before;
  if (failure !== undefined) return 'Failed';
  const init = initPhase(input, inits, mains);
  if (init !== undefined && !finished) return init;
  const specs = mainContainersOf(pod);
  let waiting = 0;
  let running = 0;
  let stopped = 0;
  let succeeded = 0;
  let restarting = 0;
  for (const [index, status] of mains.entries()) {
    const ended = status.state?.terminated ?? status.lastState?.terminated;
    if (status.state?.running !== undefined) running++;
    else if (ended === undefined) waiting++;
    else {
      stopped++;
      if (ended.exitCode === 0) succeeded++;
      const spec = specs[index];
      if (spec !== undefined && restartsAfter(pod, spec, ended.exitCode)) restarting++;
    }
  }
  if (finished && running === 0) return succeeded === mains.length ? 'Succeeded' : 'Failed';
  if (waiting > 0) return 'Pending';
  if (running > 0) return 'Running';
  if (stopped === 0) return 'Pending';
  if (restarting > 0) return 'Running';
  return stopped === succeeded ? 'Succeeded' : 'Failed';
}

/** The phase while init containers decide it; undefined once they are through. */
function initPhase(
  { pod }: PodStatusInput,
  inits: readonly ContainerStatus[],
  mains: readonly ContainerStatus[],
): string | undefined {
  const begun = mains.some(
    ({ state, lastState }) =>
      state?.running !== undefined ||
      state?.terminated !== undefined ||
      lastState?.terminated !== undefined,
  );
  if (begun) return undefined;
  for (const [index, container] of initContainersOf(pod).entries()) {
    const status = inits[index];
    if (container.role === 'sidecar') {
      if (status?.started !== true) return 'Pending';
      continue;
    }
    const ended = status?.state?.terminated ?? undefined;
    if (ended?.exitCode === 0) continue;
    if (ended !== undefined && !restartsAfter(pod, container, ended.exitCode)) return 'Failed';
    return 'Pending';
  }
  return undefined;
}

function conditionsOf(
  input: PodStatusInput,
  phase: string,
  inits: readonly ContainerStatus[],
  mains: readonly ContainerStatus[],
): PodCondition[] {
  const { pod, state, nowMs } = input;
  const old = pod.status?.conditions ?? [];
  const generation = pod.metadata?.generation;
  const [sandbox] = state.sandboxes;
  const networked = pod.spec?.hostNetwork === true || (sandbox?.ips.length ?? 0) > 0;
  const sandboxed = sandbox?.ready === true && networked && !input.finished;
  const containersReady = containersReadyOf(input, phase, inits, mains);
  const wanted: Omit<PodCondition, 'lastTransitionTime'>[] = [
    { type: 'PodReadyToStartContainers', status: sandboxed ? 'True' : 'False' },
    { type: 'Initialized', ...initializedOf(input, phase, inits, mains) },
    { type: 'Ready', ...readyOf(input, containersReady) },
    { type: 'ContainersReady', ...containersReady },
    { type: 'PodScheduled', status: 'True' },
  ];
  const ours = new Set(wanted.map(({ type }) => type));
  const made = wanted.map((condition): PodCondition => {
    const before = old.find(({ type }) => type === condition.type);
    const kept = before?.status === condition.status ? before.lastTransitionTime : undefined;
    return {
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      ...condition,
      lastTransitionTime: kept ?? toTime(nowMs),
    };
  });
  return [...made, ...old.filter(({ type }) => !ours.has(type))];
}

type Verdict = Pick<PodCondition, 'status' | 'reason' | 'message'>;

function initializedOf(
  { pod }: PodStatusInput,
  phase: string,
  inits: readonly ContainerStatus[],
  mains: readonly ContainerStatus[],
): Verdict {
  if (phase === 'Succeeded') return { status: 'True', reason: 'PodCompleted' };
  // Once a main container has run, init containers have done their work for good.
  if (mains.some(({ state }) => state?.running !== undefined)) return { status: 'True' };
  const incomplete = initContainersOf(pod).filter((container, index) => {
    const status = inits[index];
    return container.role === 'sidecar' ? status?.started !== true : status?.ready !== true;
  });
  if (incomplete.length === 0) return { status: 'True' };
  const names = incomplete.map(({ spec }) => spec.name).join(' ');
  return {
    status: 'False',
    reason: 'ContainersNotInitialized',
    message: `containers with incomplete status: [${names}]`,
  };
}

function containersReadyOf(
  { pod }: PodStatusInput,
  phase: string,
  inits: readonly ContainerStatus[],
  mains: readonly ContainerStatus[],
): Verdict {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
  const sidecars = initContainersOf(pod)
    .map((container, index) => ({ container, status: inits[index] }))
    .filter(({ container }) => container.role === 'sidecar');
  const unready = [...sidecars.map(({ status }) => status), ...mains]
    .filter((status) => status?.ready !== true)
    .map((status) => status?.name ?? '');
  if (unready.length === 0) return { status: 'True' };
  return {
    status: 'False',
    reason: 'ContainersNotReady',
    message: `containers with unready status: [${unready.join(' ')}]`,
  };
}

function readyOf({ pod }: PodStatusInput, containersReady: Verdict): Verdict {
  if (containersReady.status !== 'True') return containersReady;
  const problems: string[] = [];
  for (const { conditionType } of pod.spec?.readinessGates ?? []) {
    const condition = pod.status?.conditions?.find(({ type }) => type === conditionType);
    if (condition === undefined) {
      problems.push(
        `corresponding condition of pod readiness gate "${conditionType}" does not exist.`,
      );
    } else if (condition.status !== 'True') {
      problems.push(
        `the status of pod readiness gate "${conditionType}" is not "True", but ${condition.status}`,
      );
    }
  }
  if (problems.length === 0) return { status: 'True' };
  return { status: 'False', reason: 'ReadinessGatesNotReady', message: problems.join(', ') };
}
