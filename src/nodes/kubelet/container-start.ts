// Starts one container: back-off, image, config, create, start, postStart; in upstream's words.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Pod } from '../../objects.ts';
import { type Image, RuntimeCallError, type Sandbox } from '../runtime.ts';
import type { MountedVolumes } from '../volumes/pod-volumes.ts';
import { goDuration } from './backoff.ts';
import { containerConfig, sandboxConfig } from './container-config.ts';
import { stopContainer } from './container-stop.ts';
import type { KubeletContext } from './context.ts';
import { runHandler } from './handlers.ts';
import { ContainerStartError, nonRootProblem } from './images.ts';
import { containerHash } from './labels.ts';
import { formatPod, identityOf, type PodContainer } from './pod.ts';
import { linkContainerLog, podLogDirectory } from './pod-files.ts';
import { latestContainer, type PodState, restartCountOf } from './pod-state.ts';

const hookTimeoutMs = 2 * 60_000;

export interface StartInput {
  readonly state: PodState;
  readonly sandbox: Sandbox;
  readonly volumes: MountedVolumes;
  /** The pod is going away: long waits end at once. */
  readonly signal: AbortSignal;
}

/** @throws ContainerStartError with the reason that becomes the container's waiting state */
export async function startContainer(
  context: KubeletContext,
  pod: Pod,
  container: PodContainer,
  input: StartInput,
): Promise<void> {
  checkBackoff(context, pod, container, input.state);
  const { uid } = identityOf(pod);
  const { events, runtime } = context;
  const image = await unlessAborted(context.images.ensure(pod, container), input.signal).catch(
    (error: unknown) => {
      if (error instanceof ContainerStartError) {
        events.pod(pod, 'Warning', 'Failed', `Error: ${error.reason}`, container);
      }
      throw error;
    },
  );
  const config = await makeConfig(context, pod, container, image, input).catch((error: unknown) => {
    events.pod(pod, 'Warning', 'Failed', `Error: ${text(error)}`, container);
    throw asStartError('CreateContainerConfigError', error);
  });
  const sandbox = await sandboxConfig(pod, input.sandbox.attempt, context.config);
  if (sandbox.logDirectory !== '') {
    await mkdir(path.join(sandbox.logDirectory, container.spec.name), { recursive: true });
  }
  const id = await context.limiter.run(async () => {
    const created = await runtime
      .createContainer(input.sandbox.id, config, sandbox)
      .catch((error: unknown) => {
        events.pod(pod, 'Warning', 'Failed', `Error: ${text(error)}`, container);
        throw asStartError('CreateContainerError', error);
      });
    context.cache.noteContainer(uid, created);
    events.pod(pod, 'Normal', 'Created', 'Container created', container);
    await runtime.startContainer(created).catch((error: unknown) => {
      events.pod(pod, 'Warning', 'Failed', `Error: ${text(error)}`, container);
      throw asStartError('RunContainerError', error);
    });
    return created;
  });
  events.pod(pod, 'Normal', 'Started', 'Container started', container);
  const { paths } = context.config;
  if (paths !== undefined) {
    const file = path.join(podLogDirectory(paths, pod), config.logPath);
    await linkContainerLog(paths, pod, container.spec.name, id, file);
  }
  await postStart(context, pod, container, id, input);
}

function checkBackoff(
  context: KubeletContext,
  pod: Pod,
  container: PodContainer,
  state: PodState,
): void {
  const { clock, restarts, events } = context;
  const { name } = container.spec;
  const last = latestContainer(state, name);
  if (last?.state !== 'exited') return;
  const nowMs = clock.nowMs();
  const key = `${identityOf(pod).uid}_${name}_${containerHash(container.spec)}`;
  const waitMs = restarts.remainingMs(key, last.finishedAtMs, nowMs);
  if (waitMs === 0) {
    restarts.next(key, last.finishedAtMs, nowMs);
    return;
  }
  const who = `${name} in pod ${formatPod(pod)}`;
  const event = `Back-off restarting failed container ${who}`;
  events.pod(pod, 'Warning', 'BackOff', event, container);
  const message =
    `back-off ${goDuration(restarts.delayMs(key))} restarting failed container=${name} ` +
    `pod=${formatPod(pod)}`;
  throw new ContainerStartError('CrashLoopBackOff', message, nowMs + waitMs);
}

async function makeConfig(
  context: KubeletContext,
  pod: Pod,
  container: PodContainer,
  image: Image,
  { state, sandbox, volumes }: StartInput,
) {
  const problem = nonRootProblem(pod, container, image);
  if (problem !== undefined) throw new ContainerStartError('CreateContainerConfigError', problem);
  const target = container.targetContainerName;
  const targetContainerId = target === undefined ? undefined : latestContainer(state, target)?.id;
  return containerConfig(
    pod,
    container,
    {
      restartCount: nextRestartCount(pod, container, state),
      image,
      sandbox,
      volumes,
      ...(targetContainerId === undefined ? {} : { targetContainerId }),
    },
    {
      ...context.config,
      podAddresses: pod.spec?.hostNetwork === true ? context.nodeAddresses() : sandbox.ips,
      nodeAddresses: context.nodeAddresses(),
    },
  );
}

/** One more than the newest run; if the runtime lost it, one more than the API remembers. */
function nextRestartCount(pod: Pod, { spec }: PodContainer, state: PodState): number {
  const last = latestContainer(state, spec.name);
  if (last !== undefined) return restartCountOf(last) + 1;
  const statuses = [
    ...(pod.status?.containerStatuses ?? []),
    ...(pod.status?.initContainerStatuses ?? []),
  ];
  const old = statuses.find(({ name }) => name === spec.name);
  const ran = old?.containerID !== undefined || old?.lastState?.terminated !== undefined;
  return ran ? (old?.restartCount ?? 0) + 1 : 0;
}

async function postStart(
  context: KubeletContext,
  pod: Pod,
  container: PodContainer,
  containerId: string,
  { sandbox, signal }: StartInput,
): Promise<void> {
  const handler = container.spec.lifecycle?.postStart;
  if (handler === undefined) return;
  const { runtime, clock, events, cache } = context;
  const address = sandbox.ips[0] ?? context.nodeAddresses()[0] ?? '127.0.0.1';
  const target = { pod, container: container.spec, containerId, address };
  try {
    await unlessAborted(runHandler(handler, target, runtime, clock, hookTimeoutMs), signal);
  } catch (error) {
    if (signal.aborted) throw error;
    events.pod(pod, 'Warning', 'FailedPostStartHook', 'PostStartHook failed', container);
    const state = await cache.refresh(identityOf(pod).uid);
    const instance = latestContainer(state, container.spec.name);
    if (instance?.state === 'running') {
      const message = 'FailedPostStartHook';
      const graceSeconds = pod.spec?.terminationGracePeriodSeconds ?? 30;
      await stopContainer(context, pod, container, instance, { graceSeconds, message });
    }
    throw new ContainerStartError('PostStartHookError', text(error));
  }
}

/** `work`, or a rejection as soon as the pod is to end; the work itself goes on unheard. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  // It may fail when nobody waits for it any more.
  work.catch(() => undefined);
  if (signal.aborted) throw new Error('the pod is being ended');
  let stop = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(new Error('the pod is being ended'));
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** What upstream shows of a failed creation or start: the runtime's own words. */
function text(error: unknown): string {
  if (error instanceof RuntimeCallError) return error.details;
  return error instanceof Error ? error.message : String(error);
}

function asStartError(reason: string, error: unknown): ContainerStartError {
  return error instanceof ContainerStartError
    ? error
    : new ContainerStartError(reason, text(error));
}
