// Whether a pod tolerates a taint.
import type * as k8s from '@kubernetes/client-node';
import type { PodSpec, Wire } from '../../objects.ts';

export type Taint = Wire<k8s.V1Taint>;
export type Toleration = NonNullable<PodSpec['tolerations']>[number];

/** Upstream's ToleratesTaint: effect and key where given, then Equal, Exists, Lt or Gt. */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  const value = toleration.value ?? '';
  const tainted = taint.value ?? '';
  switch (toleration.operator ?? 'Equal') {
    case 'Exists':
      return true;
    case '':
    case 'Equal':
      return value === tainted;
    case 'Lt':
      return Number(tainted) < Number(value);
    case 'Gt':
      return Number(tainted) > Number(value);
    default:
      return false;
  }
}

export function toleratedBy(tolerations: readonly Toleration[], taint: Taint): boolean {
  return tolerations.some((toleration) => tolerates(toleration, taint));
}
