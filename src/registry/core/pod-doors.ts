// What the narrower doors to a pod share: all but one part of it stays as it was.
import type { Pod } from '../../objects.ts';
import { sameJson } from '../engine/json.ts';
import { type FieldError, FieldPath, forbiddenField } from '../field.ts';

/** Metadata but for its bookkeeping, and the status, come from `old`. */
export function carryOver(next: Pod, old: Pod): void {
  const { metadata } = next;
  const resourceVersion = metadata?.resourceVersion;
  next.metadata = {
    ...old.metadata,
    ...(metadata?.managedFields === undefined ? {} : { managedFields: metadata.managedFields }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
  if (old.status !== undefined) next.status = old.status;
}

/** The spec is what the kubelet works towards: each change of it is a new generation. */
export function countGeneration(next: Pod, old: Pod): void {
  if (next.metadata && !sameJson(next.spec, old.spec)) {
    next.metadata.generation = (old.metadata?.generation ?? 0) + 1;
  }
}

/** A mirror pod only shows what a node runs on its own. */
export function isMirrorPod({ metadata }: Pod): boolean {
  return metadata?.annotations?.['kubernetes.io/config.mirror'] !== undefined;
}

/** Upstream names no field here, so the message starts with nothing. */
export function refusedWhole(why: string): FieldError {
  return { ...forbiddenField(FieldPath.root, why), field: '' };
}
