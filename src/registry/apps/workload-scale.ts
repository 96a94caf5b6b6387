// How workloads are scaled: one number that is asked for, and one that is there.
import type { ScaleShape } from '../resource.ts';

interface Replicated {
  readonly spec?: { replicas?: number };
  readonly status?: { readonly replicas?: number };
}

/** @param selector the workload's selector in its string form */
export function replicasScale<T extends Replicated>(
  selector: (workload: T) => string,
): ScaleShape<T> {
  return {
    specReplicas: ({ spec }) => spec?.replicas ?? 0,
    setSpecReplicas({ spec }, replicas) {
      if (spec) spec.replicas = replicas;
    },
    statusReplicas: ({ status }) => status?.replicas ?? 0,
    selector,
  };
}
