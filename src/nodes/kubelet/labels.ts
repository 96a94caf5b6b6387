// The labels and annotations by which a container is known again after any restart.
import type { Container, Pod } from '../../objects.ts';
import { gracePeriodSeconds, identityOf, type PodContainer } from './pod.ts';

export const podNameLabel = 'io.kubernetes.pod.name';
export const podNamespaceLabel = 'io.kubernetes.pod.namespace';
export const podUidLabel = 'io.kubernetes.pod.uid';
export const containerNameLabel = 'io.kubernetes.container.name';
export const hashAnnotation = 'io.kubernetes.container.hash';
export const restartCountAnnotation = 'io.kubernetes.container.restartCount';
export const messagePathAnnotation = 'io.kubernetes.container.terminationMessagePath';
export const messagePolicyAnnotation = 'io.kubernetes.container.terminationMessagePolicy';
export const graceAnnotation = 'io.kubernetes.pod.terminationGracePeriod';
export const deletionGraceAnnotation = 'io.kubernetes.pod.deletionGracePeriod';
const preStopAnnotation = 'io.kubernetes.container.preStopHandler';
const portsAnnotation = 'io.kubernetes.container.ports';

export function sandboxLabels(pod: Pod): Record<string, string> {
  const { uid, name, namespace } = identityOf(pod);
  return {
    ...pod.metadata?.labels,
    [podNameLabel]: name,
    [podNamespaceLabel]: namespace,
    [podUidLabel]: uid,
  };
}

export function containerLabels(pod: Pod, container: Container): Record<string, string> {
  const { uid, name, namespace } = identityOf(pod);
  return {
    [podNameLabel]: name,
    [podNamespaceLabel]: namespace,
    [podUidLabel]: uid,
    [containerNameLabel]: container.name,
  };
}

export function containerAnnotations(
  pod: Pod,
  container: PodContainer,
  restartCount: number,
): Record<string, string> {
  const { spec } = container;
  const annotations: Record<string, string> = {
    [hashAnnotation]: containerHash(spec),
    [restartCountAnnotation]: String(restartCount),
    [messagePathAnnotation]: spec.terminationMessagePath ?? '/dev/termination-log',
    [messagePolicyAnnotation]: spec.terminationMessagePolicy ?? 'File',
    [graceAnnotation]: String(pod.spec?.terminationGracePeriodSeconds ?? 30),
  };
  if (pod.metadata?.deletionTimestamp !== undefined) {
    annotations[deletionGraceAnnotation] = String(gracePeriodSeconds(pod));
  }
  if (spec.lifecycle?.preStop !== undefined) {
    annotations[preStopAnnotation] = JSON.stringify(spec.lifecycle.preStop);
  }
  if ((spec.ports ?? []).length > 0) annotations[portsAnnotation] = JSON.stringify(spec.ports);
  return annotations;
}

/** What of a container, when it changes, means a new container: its name and image (FNV-1a). */
export function containerHash(container: Container): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(`${container.name}\0${container.image ?? ''}`)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash.toString(16);
}
