// Whether a claim, a volume or a class of attributes that is to go is still used.
import type { KubernetesObject, PersistentVolume, PersistentVolumeClaim, Pod } from '../objects.ts';

export const claimFinalizer = 'kubernetes.io/pvc-protection';
export const volumeFinalizer = 'kubernetes.io/pv-protection';
export const attributesClassFinalizer = 'kubernetes.io/vac-protection';

/** What is to be done about the finalizer of an object; admission gives it to new ones. */
export function planFinalizer(
  { metadata }: KubernetesObject,
  finalizer: string,
  isUsed: boolean,
): 'add' | 'remove' | undefined {
  const has = metadata?.finalizers?.includes(finalizer) === true;
  if (metadata?.deletionTimestamp === undefined) return has ? undefined : 'add';
  return has && !isUsed ? 'remove' : undefined;
}

/** The claims that a pod's volumes name, and those that are made for its ephemeral volumes. */
export function claimsOf({ metadata, spec }: Pod): {
  readonly named: readonly string[];
  readonly made: readonly string[];
} {
  const volumes = spec?.volumes ?? [];
  return {
    named: volumes.flatMap(({ persistentVolumeClaim: claim }) => claim?.claimName ?? []),
    made: volumes
      .filter(({ ephemeral }) => ephemeral !== undefined)
      .map(({ name }) => `${metadata?.name ?? ''}-${name}`),
  };
}

/** Ended for good and only waiting to be removed: its volumes are no longer mounted. */
function isShutDown({ metadata }: Pod): boolean {
  return metadata?.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === 0;
}

/** A pod uses a claim from when it has a node: no node starts a pod whose claim is going away. */
export function usesClaim(pod: Pod, { metadata }: PersistentVolumeClaim): boolean {
  if (!pod.spec?.nodeName || pod.metadata?.namespace !== metadata?.namespace) return false;
  const name = metadata?.name ?? '';
  const { named, made } = claimsOf(pod);
  if (named.includes(name)) return true;
  const isOwner = metadata?.ownerReferences?.some(
    ({ uid, controller }) => controller === true && uid === pod.metadata?.uid,
  );
  return isOwner === true && made.includes(name) && !isShutDown(pod);
}

/** Whether a pod's change can free the claims that it names. */
export function mayFreeClaims(pod: Pod): boolean {
  const phase = pod.status?.phase;
  return !pod.spec?.nodeName || isShutDown(pod) || phase === 'Succeeded' || phase === 'Failed';
}

export function isBound({ status }: PersistentVolume): boolean {
  return status?.phase === 'Bound';
}

/** The classes of attributes that a claim asks for, has, or is on its way to. */
export function attributesClassesOf(claim: PersistentVolumeClaim): readonly string[] {
  const { spec, status } = claim;
  return [
    spec?.volumeAttributesClassName ?? '',
    status?.currentVolumeAttributesClassName ?? '',
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName ?? '',
  ].filter((name) => name !== '');
}
