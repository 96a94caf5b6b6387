// What the kubelet reads out of a Pod: identity, containers in their roles, restart policies.
import type { Container, Pod } from '../../objects.ts';

/** `main` containers decide the phase; `sidecar`s are init containers that restart always. */
export type ContainerRole = 'init' | 'sidecar' | 'main' | 'ephemeral';

export interface PodContainer {
  readonly role: ContainerRole;
  readonly spec: Container;
  /** The container whose PID namespace an ephemeral container enters. */
  readonly targetContainerName?: string;
}

export interface PodIdentity {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
}

export function identityOf(pod: Pod): PodIdentity {
  return {
    uid: pod.metadata?.uid ?? '',
    namespace: pod.metadata?.namespace ?? '',
    name: pod.metadata?.name ?? '',
  };
}

/** A pod as upstream's messages name it: `name_namespace(uid)`. */
export function formatPod(pod: Pod): string {
  const { uid, namespace, name } = identityOf(pod);
  return `${name}_${namespace}(${uid})`;
}

export function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always';
}

/** Init containers and sidecars in their order. */
export function initContainersOf(pod: Pod): readonly PodContainer[] {
  return (pod.spec?.initContainers ?? []).map((spec) => ({
    role: isSidecar(spec) ? 'sidecar' : 'init',
    spec,
  }));
}

export function mainContainersOf(pod: Pod): readonly PodContainer[] {
  return (pod.spec?.containers ?? []).map((spec) => ({ role: 'main', spec }));
}

export function ephemeralContainersOf(pod: Pod): readonly PodContainer[] {
  return (pod.spec?.ephemeralContainers ?? []).map((each) => {
    const { targetContainerName, ...spec } = each;
    return {
      role: 'ephemeral',
      spec,
      ...(targetContainerName ? { targetContainerName } : {}),
    };
  });
}

/** Every container: init, then main, then ephemeral. */
export function containersOf(pod: Pod): readonly PodContainer[] {
  return [...initContainersOf(pod), ...mainContainersOf(pod), ...ephemeralContainersOf(pod)];
}

/** The `fieldPath` of an event about a container: `spec.containers{name}`. */
export function containerFieldPath(container: PodContainer): string {
  const list =
    container.role === 'main'
      ? 'containers'
      : container.role === 'ephemeral'
        ? 'ephemeralContainers'
        : 'initContainers';
  return `spec.${list}{${container.spec.name}}`;
}

/**
 * Whether a container that ended with `exitCode` runs again: rules first (KEP-5307), then the
 * container's own policy, then the pod's. A plain init container restarts on failure unless the
 * pod says Never.
 */
export function restartsAfter(pod: Pod, container: PodContainer, exitCode: number): boolean {
  if (container.role === 'ephemeral') return false;
  for (const rule of container.spec.restartPolicyRules ?? []) {
    const values = rule.exitCodes?.values ?? [];
    const listed = values.includes(exitCode);
    const matches = rule.exitCodes?.operator === 'NotIn' ? !listed : listed;
    if (matches && rule.exitCodes !== undefined && rule.action.startsWith('Restart')) return true;
  }
  const policy = container.spec.restartPolicy ?? pod.spec?.restartPolicy ?? 'Always';
  if (policy === 'Never') return false;
  if (policy === 'OnFailure') return exitCode !== 0;
  return container.role === 'init' ? exitCode !== 0 : true;
}

/** Whether the pod's phase is one that never changes again. */
export function isTerminal(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** The pod's own grace period, overridden by the one of its deletion. */
export function gracePeriodSeconds(pod: Pod): number {
  return pod.metadata?.deletionGracePeriodSeconds ?? pod.spec?.terminationGracePeriodSeconds ?? 30;
}
