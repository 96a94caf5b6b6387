// Defaults of volumes, per source, as upstream's SetDefaults_Volume and its kin.
import type { PersistentVolume } from '../../objects.ts';
import { roundToMilli } from '../quantity-validation.ts';
import type { ClaimSpec } from './claim-spec-validation.ts';
import { defaultPullPolicy } from './image-name.ts';
import type { DownwardApiFile, ProjectedVolume, Volume } from './types.ts';

type PersistentVolumeSpec = NonNullable<PersistentVolume['spec']>;

/** 0644 */
const fileMode = 420;

/** Fills one volume; one without any source becomes an emptyDir. */
export function setVolumeDefaults(volume: Volume): void {
  const { name: _, ...sources } = volume;
  if (Object.values(sources).every((source) => source === undefined || source === null)) {
    volume.emptyDir = {};
    return;
  }
  if (volume.secret) volume.secret.defaultMode ??= fileMode;
  if (volume.configMap) volume.configMap.defaultMode ??= fileMode;
  if (volume.downwardAPI) {
    volume.downwardAPI.defaultMode ??= fileMode;
    setDownwardDefaults(volume.downwardAPI.items);
  }
  if (volume.projected) setProjectedDefaults(volume.projected);
  if (volume.hostPath) volume.hostPath.type ??= '';
  if (volume.image) volume.image.pullPolicy ||= defaultPullPolicy(volume.image.reference);
  const claim = volume.ephemeral?.volumeClaimTemplate;
  if (claim) {
    claim.spec ??= {};
    setClaimSpecDefaults(claim.spec);
  }
  setLegacyDefaults(volume);
}

function setDownwardDefaults(items: readonly DownwardApiFile[] | undefined): void {
  for (const { fieldRef } of items ?? []) if (fieldRef) fieldRef.apiVersion ||= 'v1';
}

function setProjectedDefaults(projected: ProjectedVolume): void {
  projected.defaultMode ??= fileMode;
  for (const source of projected.sources ?? []) {
    setDownwardDefaults(source.downwardAPI?.items);
    if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= 3600;
    if (source.podCertificate) source.podCertificate.maxExpirationSeconds ??= 86400;
  }
}

/** Of a PersistentVolumeClaim, or of a template for one. */
export function setClaimSpecDefaults(spec: ClaimSpec): void {
  spec.volumeMode ??= 'Filesystem';
  roundToMilli(spec.resources?.limits);
  roundToMilli(spec.resources?.requests);
}

/** Of the spec of a PersistentVolume, wherever it stands. */
export function setPersistentSourceDefaults(spec: PersistentVolumeSpec): void {
  roundToMilli(spec.capacity);
  if (spec.hostPath) spec.hostPath.type ??= '';
  setLegacyDefaults(spec);
}

type LegacySources = Pick<Volume | PersistentVolumeSpec, 'iscsi' | 'rbd' | 'azureDisk' | 'scaleIO'>;

function setLegacyDefaults(volume: LegacySources): void {
  const { iscsi, rbd, azureDisk, scaleIO } = volume;
  if (iscsi) iscsi.iscsiInterface ||= 'default';
  if (rbd) {
    rbd.pool ||= 'rbd';
    rbd.user ||= 'admin';
    rbd.keyring ||= '/etc/ceph/keyring';
  }
  if (azureDisk) {
    azureDisk.cachingMode ??= 'ReadWrite';
    azureDisk.kind ??= 'Shared';
    azureDisk.fsType ??= 'ext4';
    azureDisk.readOnly ??= false;
  }
  if (scaleIO) {
    scaleIO.storageMode ||= 'ThinProvisioned';
    scaleIO.fsType ||= 'xfs';
  }
}
