// Fields of pods behind feature gates that v1.36 keeps off: dropped, unless they are there already.
import type { PodSpec, PodTemplateSpec } from '../../objects.ts';
import { dropGatedProjections } from './gated-projections.ts';
import type { Container } from './types.ts';

type AnyContainer = Pick<Container, 'lifecycle'>;

function containersOf(spec: PodSpec | undefined): AnyContainer[] {
  const { initContainers = [], containers, ephemeralContainers = [] } = spec ?? { containers: [] };
  return [...initContainers, ...(containers ?? []), ...ephemeralContainers];
}

/** Changes `next` in place. */
export function dropGatedPodFields(next: PodSpec | undefined, old?: PodSpec): void {
  if (next === undefined) return;
  dropGatedProjections(next, old);
  // GenericWorkload
  if (old?.schedulingGroup === undefined) delete next.schedulingGroup;
  dropStopSignals(next, old);
}

/** ContainerStopSignals */
function dropStopSignals(next: PodSpec, old: PodSpec | undefined): void {
  if (containersOf(old).some(({ lifecycle }) => lifecycle?.stopSignal !== undefined)) return;
  for (const container of containersOf(next)) {
    if (container.lifecycle?.stopSignal === undefined) continue;
    delete container.lifecycle.stopSignal;
    if (Object.keys(container.lifecycle).length === 0) delete container.lifecycle;
  }
}

export function dropGatedTemplateFields(
  next: PodTemplateSpec | undefined,
  old?: PodTemplateSpec,
): void {
  dropGatedPodFields(next?.spec, old?.spec);
}
