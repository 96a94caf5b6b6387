// What a node may see of storage: what the claims of its pods lead to, and what is attached to it.
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  VolumeAttachment,
} from '../../objects.ts';
import type { ObjectReader } from '../object-reader.ts';

/** The claims that a pod mounts, those made for its ephemeral volumes included. */
export function claimNames(pod: Pod): string[] {
  return (pod.spec?.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => [
    ...(persistentVolumeClaim ? [persistentVolumeClaim.claimName] : []),
    ...(ephemeral ? [`${pod.metadata?.name ?? ''}-${name}`] : []),
  ]);
}

function mountsClaim(pod: Pod, namespace: string | undefined, name: string | undefined): boolean {
  return (
    name !== undefined && pod.metadata?.namespace === namespace && claimNames(pod).includes(name)
  );
}

/** Whether one of `pods` mounts the claim that a volume is bound to. */
export function usesVolume(pods: Iterable<Pod>, name: string, objects: ObjectReader): boolean {
  const volume = objects.get<PersistentVolume>('', 'persistentvolumes', '', name);
  const claim = volume?.spec?.claimRef;
  if (!claim) return false;
  for (const pod of pods) if (mountsClaim(pod, claim.namespace, claim.name)) return true;
  return false;
}

export function isAttachedTo(node: string, name: string, objects: ObjectReader): boolean {
  const group = 'storage.k8s.io';
  const found = objects.get<VolumeAttachment>(group, 'volumeattachments', '', name);
  return found !== undefined && found.spec?.nodeName === node;
}

/** Whether a pod needs a secret to mount the volume behind one of its claims. */
export function needsSecretOfVolume(
  pod: Pod,
  namespace: string,
  secret: string,
  objects: ObjectReader,
): boolean {
  const own = pod.metadata?.namespace ?? '';
  return claimNames(pod).some((name) => {
    const claim = objects.get<PersistentVolumeClaim>('', 'persistentvolumeclaims', own, name);
    const volumeName = claim?.spec?.volumeName;
    if (!volumeName) return false;
    const volume = objects.get<PersistentVolume>('', 'persistentvolumes', '', volumeName);
    const bound = volume?.spec?.claimRef;
    if (volume === undefined || bound?.namespace !== own || bound.name !== name) return false;
    return secretsOf(volume).includes(`${namespace}/${secret}`);
  });
}

/** The secrets, `namespace/name`, that the kubelet mounts a volume with. */
function secretsOf({ spec = {} }: PersistentVolume): string[] {
  const home = spec.claimRef?.namespace ?? '';
  const { azureFile, csi, cephfs, cinder, flexVolume, iscsi, rbd, scaleIO, storageos } = spec;
  const references = [
    azureFile && { namespace: azureFile.secretNamespace ?? '', name: azureFile.secretName },
    ...[cephfs, cinder, flexVolume, iscsi, rbd, scaleIO, storageos].map((each) => each?.secretRef),
    csi?.nodePublishSecretRef,
    csi?.nodeStageSecretRef,
    csi?.nodeExpandSecretRef,
  ];
  return references.flatMap((reference) =>
    reference?.name ? [`${reference.namespace || home}/${reference.name}`] : [],
  );
}
