// The pure heart of the kubelet: from a pod's spec and its real state to what must be done next.
import type { Pod } from '../../objects.ts';
import type { ContainerDetails, Sandbox } from '../runtime.ts';
import { containerHash } from './labels.ts';
import {
  ephemeralContainersOf,
  initContainersOf,
  mainContainersOf,
  type PodContainer,
  restartsAfter,
} from './pod.ts';
import { hashOf, latestContainer, type PodState, type ProbeResults } from './pod-state.ts';

export interface PlannedStop {
  readonly container: PodContainer;
  readonly instance: ContainerDetails;
  readonly reason: 'startup' | 'liveness' | 'changed' | 'unknown';
  /** Upstream's text for the Killing event. */
  readonly message: string;
}

/** What to do, in this order: kill the pod, make a sandbox, stop containers, start containers. */
export interface PodPlan {
  /** Everything that runs is stopped, the sandbox too. */
  readonly killPod: boolean;
  readonly createSandbox: boolean;
  /** Number of the sandbox to create. */
  readonly attempt: number;
  /** The sandbox in use when none is to be created. */
  readonly sandbox?: Sandbox;
  readonly stop: readonly PlannedStop[];
  /** In order; each is subject to its back-off. */
  readonly start: readonly PodContainer[];
}

/** Decides the next step of a pod that shall run. */
export function planPod(pod: Pod, state: PodState, probes: ProbeResults): PodPlan {
  const need = sandboxNeed(pod, state);
  if (need.create) return planNewSandbox(pod, state, need.attempt);
  const { sandbox, attempt } = need;
  const stop: PlannedStop[] = [];
  const start: PodContainer[] = ephemeralContainersOf(pod).filter(
    ({ spec }) => latestContainer(state, spec.name) === undefined,
  );
  const result = (killPod: boolean): PodPlan => ({
    killPod,
    createSandbox: false,
    attempt,
    ...(sandbox === undefined ? {} : { sandbox }),
    stop: killPod ? [] : stop,
    start: killPod ? [] : start,
  });
  const phase = planInit(pod, state, sandbox?.id, probes, stop, start);
  if (phase === 'failed') return result(true);
  if (phase === 'waiting') return result(false);
  const kept = planMain(pod, state, probes, stop, start);
  return result(kept === 0);
}

function sandboxNeed(
  pod: Pod,
  state: PodState,
): { create: boolean; attempt: number; sandbox?: Sandbox } {
  const [latest] = state.sandboxes;
  if (latest === undefined) return { create: true, attempt: 0 };
  const ready = state.sandboxes.filter((each) => each.ready);
  const hostNetwork = pod.spec?.hostNetwork === true;
  const broken =
    ready.length > 1 || !latest.ready || (!hostNetwork && (latest.ips[0] ?? '') === '');
  if (broken) return { create: true, attempt: latest.attempt + 1 };
  return { create: false, attempt: latest.attempt, sandbox: latest };
}

function planNewSandbox(pod: Pod, state: PodState, attempt: number): PodPlan {
  const nothing: PodPlan = { killPod: true, createSandbox: false, attempt, stop: [], start: [] };
  const mains = mainContainersOf(pod);
  const inits = initContainersOf(pod);
  const mayRestart =
    (pod.spec?.restartPolicy ?? 'Always') !== 'Never' ||
    mains.some(({ spec }) => spec.restartPolicy !== undefined || spec.restartPolicyRules);
  if (!mayRestart && attempt !== 0 && state.containers.length > 0) return nothing;
  const start = mains.filter((main) => {
    const last = latestContainer(state, main.spec.name);
    return last?.state !== 'exited' || restartsAfter(pod, main, last.exitCode);
  });
  if (start.length === 0) return nothing;
  const [firstInit] = inits;
  return {
    killPod: state.sandboxes.length > 0,
    createSandbox: true,
    attempt,
    stop: [],
    start: firstInit === undefined ? start : [firstInit],
  };
}

/**
 * Init containers and sidecars of the current sandbox. `done` means that main containers may
 * run; a sidecar that died after something later has started is restarted but blocks nothing.
 */
function planInit(
  pod: Pod,
  state: PodState,
  sandboxId: string | undefined,
  probes: ProbeResults,
  stop: PlannedStop[],
  start: PodContainer[],
): 'done' | 'waiting' | 'failed' {
  const inits = initContainersOf(pod);
  const current = (container: PodContainer) =>
    latestContainer(state, container.spec.name, sandboxId);
  const initialized = mainContainersOf(pod).some((main) => current(main) !== undefined);
  for (const [index, container] of inits.entries()) {
    const instance = current(container);
    if (container.role === 'init') {
      if (initialized) continue;
      if (instance === undefined || instance.state === 'created') {
        start.push(container);
        return 'waiting';
      }
      if (instance.state === 'running') return 'waiting';
      if (instance.state === 'exited' && instance.exitCode === 0) continue;
      if (!restartsAfter(pod, container, instance.exitCode)) return 'failed';
      start.push(container);
      return 'waiting';
    }
    const later = initialized || inits.slice(index + 1).some((each) => current(each));
    if (instance === undefined || instance.state !== 'running') {
      start.push(container);
      if (!later) return 'waiting';
      continue;
    }
    const kill = reasonToStop(container, instance, probes);
    if (kill !== undefined) {
      stop.push(kill);
      start.push(container);
    }
    if (!later && (kill !== undefined || !hasStarted(container, instance, probes))) {
      return 'waiting';
    }
  }
  return 'done';
}

/** Gives how many main containers run, start or wait to; none means the pod is over. */
function planMain(
  pod: Pod,
  state: PodState,
  probes: ProbeResults,
  stop: PlannedStop[],
  start: PodContainer[],
): number {
  let kept = 0;
  for (const container of mainContainersOf(pod)) {
    const instance = latestContainer(state, container.spec.name);
    if (instance?.state === 'exited' && !restartsAfter(pod, container, instance.exitCode)) continue;
    kept++;
    if (instance?.state !== 'running') {
      if (instance?.state === 'unknown') stop.push(stopUnknown(container, instance));
      start.push(container);
      continue;
    }
    const kill = reasonToStop(container, instance, probes);
    if (kill === undefined) continue;
    stop.push(kill);
    // A changed container restarts whatever its policy; a failed probe obeys Never.
    if (kill.reason === 'changed' || restartsAfter(pod, container, 137)) start.push(container);
  }
  return kept;
}

function stopUnknown(container: PodContainer, instance: ContainerDetails): PlannedStop {
  const message =
    `Container is in ${JSON.stringify('unknown')} state, ` +
    `try killing it before restart: ${container.spec.name}`;
  return { container, instance, reason: 'unknown', message };
}

function reasonToStop(
  container: PodContainer,
  instance: ContainerDetails,
  probes: ProbeResults,
): PlannedStop | undefined {
  const { name } = container.spec;
  const hash = hashOf(instance);
  if (hash !== undefined && hash !== containerHash(container.spec)) {
    const message = `Container ${name} definition changed, will be restarted`;
    return { container, instance, reason: 'changed', message };
  }
  const failed = probes.failed(instance.id);
  if (failed === undefined) return undefined;
  const message = `Container ${name} failed ${failed} probe, will be restarted`;
  return { container, instance, reason: failed, message };
}

function hasStarted(
  container: PodContainer,
  instance: ContainerDetails,
  probes: ProbeResults,
): boolean {
  return container.spec.startupProbe === undefined || probes.started(instance.id);
}
