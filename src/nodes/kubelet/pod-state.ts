// What the runtime really has of one pod, newest first: the truth that a worker works from.
import type { ContainerDetails, Sandbox } from '../runtime.ts';
import { hashAnnotation, restartCountAnnotation } from './labels.ts';

export interface PodState {
  readonly sandboxes: readonly Sandbox[];
  readonly containers: readonly ContainerDetails[];
}

export const emptyPodState: PodState = { sandboxes: [], containers: [] };

/** Sorts newest first; ties (same millisecond) by attempt. */
export function podState(
  sandboxes: readonly Sandbox[],
  containers: readonly ContainerDetails[],
): PodState {
  return {
    sandboxes: [...sandboxes].sort(
      (a, b) => b.createdAtMs - a.createdAtMs || b.attempt - a.attempt,
    ),
    containers: [...containers].sort(
      (a, b) => b.createdAtMs - a.createdAtMs || b.attempt - a.attempt,
    ),
  };
}

/** The newest container called `name`; with `sandboxId`, only of that sandbox. */
export function latestContainer(
  state: PodState,
  name: string,
  sandboxId?: string,
): ContainerDetails | undefined {
  return state.containers.find(
    (each) => each.name === name && (sandboxId === undefined || each.sandboxId === sandboxId),
  );
}

export function restartCountOf(container: ContainerDetails): number {
  return Number(container.annotations[restartCountAnnotation] ?? container.attempt) || 0;
}

export function hashOf(container: ContainerDetails): string | undefined {
  return container.annotations[hashAnnotation];
}

export function isAnyRunning(state: PodState): boolean {
  return state.containers.some((each) => each.state === 'running' || each.state === 'created');
}

/** What probing has found about running containers, by container id. */
export interface ProbeResults {
  /** The startup probe has succeeded. */
  started(containerId: string): boolean;
  /** The readiness probe succeeds now. */
  ready(containerId: string): boolean;
  /** Which probe wants the container to be killed. */
  failed(containerId: string): 'startup' | 'liveness' | undefined;
}
