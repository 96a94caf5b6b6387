// What a write to a pod's status may not touch, and what it keeps though the writer forgot it.
import type { Pod } from '../../objects.ts';

/** The class of service is made with the pod; generations once observed stay observed. */
export function preparePodStatusUpdate(next: Pod, old: Pod): void {
  if (next.metadata !== undefined) {
    // Old kubelets corrupt owner references through this door.
    if (old.metadata?.ownerReferences === undefined) delete next.metadata.ownerReferences;
    else next.metadata.ownerReferences = old.metadata.ownerReferences;
  }
  const before = old.status;
  if (before === undefined) return;
  next.status ??= {};
  if (!next.status.qosClass && before.qosClass) next.status.qosClass = before.qosClass;
  if (!next.status.observedGeneration && before.observedGeneration) {
    next.status.observedGeneration = before.observedGeneration;
  }
  keepConditionGenerations(next, old);
}

/** There may be several conditions of a type; they are told apart by their order. */
function keepConditionGenerations(next: Pod, old: Pod): void {
  const before = new Map<string, number[]>();
  for (const { type, observedGeneration = 0 } of old.status?.conditions ?? []) {
    before.set(type, [...(before.get(type) ?? []), observedGeneration]);
  }
  for (const condition of next.status?.conditions ?? []) {
    const generation = before.get(condition.type)?.shift() ?? 0;
    if (!condition.observedGeneration && generation !== 0) {
      condition.observedGeneration = generation;
    }
  }
}
