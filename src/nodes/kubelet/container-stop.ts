// Ends containers: preStop hook, TERM, grace, KILL; sidecars last and in reverse order.
import { sleep } from '../../clock.ts';
import type { Pod } from '../../objects.ts';
import type { ContainerDetails } from '../runtime.ts';
import type { KubeletContext } from './context.ts';
import { runHandler } from './handlers.ts';
import { containersOf, formatPod, identityOf, type PodContainer } from './pod.ts';
import type { PodState } from './pod-state.ts';

const graceMinSeconds = 2;

export interface StopOptions {
  readonly graceSeconds: number;
  /** The Killing event's text; default `Stopping container x`. */
  readonly message?: string;
  /** Gives up waiting for hooks, because less grace is left than was thought. */
  readonly signal?: AbortSignal;
}

/** Stops one running container and waits until it is down. */
export async function stopContainer(
  context: KubeletContext,
  pod: Pod,
  container: PodContainer | undefined,
  instance: ContainerDetails,
  options: StopOptions,
): Promise<void> {
  const { clock, events, runtime } = context;
  const { graceSeconds, signal } = options;
  const message = options.message ?? `Stopping container ${instance.name}`;
  events.pod(pod, 'Normal', 'Killing', message, container);
  const startedMs = clock.nowMs();
  const hook = container?.spec.lifecycle?.preStop;
  if (hook !== undefined && graceSeconds > 0 && instance.state === 'running') {
    const target = {
      pod,
      container: container?.spec ?? { name: instance.name },
      containerId: instance.id,
      address: context.cache.get(identityOf(pod).uid).sandboxes[0]?.ips[0] ?? '127.0.0.1',
    };
    const timeoutMs = graceSeconds * 1000;
    const running = runHandler(hook, target, runtime, clock, timeoutMs).catch((error: unknown) => {
      context.logger.debug('preStop hook failed', { pod: formatPod(pod), error: String(error) });
      events.pod(pod, 'Warning', 'FailedPreStopHook', 'PreStopHook failed', container);
    });
    await Promise.race([running, sleep(clock, timeoutMs, signal)]);
  }
  const leftSeconds = graceSeconds - (clock.nowMs() - startedMs) / 1000;
  const least = graceSeconds > 0 ? graceMinSeconds : 0;
  await runtime.stopContainer(instance.id, Math.ceil(Math.max(leftSeconds, least)));
}

/** Stops all that runs of a pod: everything but sidecars at once, then those one by one. */
export async function stopAll(
  context: KubeletContext,
  pod: Pod,
  state: PodState,
  options: StopOptions,
): Promise<void> {
  const { clock } = context;
  const deadlineMs = clock.nowMs() + options.graceSeconds * 1000;
  const specs = new Map(containersOf(pod).map((each) => [each.spec.name, each]));
  const running = state.containers.filter((each) => each.state === 'running');
  const isSidecar = (each: ContainerDetails) => specs.get(each.name)?.role === 'sidecar';
  const stop = (each: ContainerDetails, graceSeconds: number) =>
    stopContainer(context, pod, specs.get(each.name), each, { ...options, graceSeconds });
  await Promise.all(
    running.filter((each) => !isSidecar(each)).map((each) => stop(each, options.graceSeconds)),
  );
  const order = [...specs.keys()];
  const sidecars = running
    .filter(isSidecar)
    .sort((a, b) => order.indexOf(b.name) - order.indexOf(a.name));
  for (const sidecar of sidecars) {
    const leftSeconds = Math.max((deadlineMs - clock.nowMs()) / 1000, 0);
    await stop(sidecar, Math.min(options.graceSeconds, Math.max(leftSeconds, graceMinSeconds)));
  }
}
