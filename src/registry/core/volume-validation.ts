// Volumes of pods: unique names, exactly one source each, and what each source requires.
import {
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../field.ts';
import { validateDns1123Label, validateDns1123Subdomain } from '../metadata/names.ts';
import { invalidEach } from '../metadata/object-meta.ts';
import { amountOf } from '../quantity-validation.ts';
import { validateClaimTemplate } from './claim-spec-validation.ts';
import { validatePodIscsi, validatePodIscsiName } from './iscsi-validation.ts';
import type { SoundVolumes } from './mount-validation.ts';
import {
  validateDescendingPath,
  validateFileMode,
  validateKeysToPaths,
} from './path-validation.ts';
import { validateDownwardFiles, validateProjected } from './projected-volume-validation.ts';
import type { Volume } from './types.ts';
import {
  noVolumeType,
  onlyOneVolumeType,
  requireFields,
  requireSecretName,
  validateAwsElasticBlockStore,
  validateAzureDisk,
  validateCephFs,
  validateCsiDriverName,
  validateFibreChannel,
  validateFlexVolume,
  validateFlocker,
  validateGcePersistentDisk,
  validateHostPath,
  validateNfs,
  validateQuobyte,
  validateRbd,
  validateStorageOs,
} from './volume-source-validation.ts';

/** What is known of the pod that the volumes are of. */
export interface VolumeOwner {
  /** Empty for templates, and for pods whose name is not known yet. */
  readonly podName: string;
  /** Templates may leave out what is filled in by another. */
  readonly isPod: boolean;
}

export const templateOwner: VolumeOwner = { podName: '', isPod: false };

/** What is wrong with the volumes of a pod, and those of them that containers may mount. */
export function checkVolumes(
  volumes: readonly Volume[],
  path: FieldPath,
  owner: VolumeOwner,
): { readonly errors: FieldError[]; readonly sound: SoundVolumes } {
  const errors: FieldError[] = [];
  const sound = new Map<string, Volume>();
  const claims = new Set<string>();
  for (const volume of volumes) {
    if (owner.podName !== '' && volume.ephemeral) claims.add(`${owner.podName}-${volume.name}`);
  }
  for (const [index, volume] of volumes.entries()) {
    const own = path.index(index);
    const { name = '' } = volume;
    const wrong = validateVolumeSource(volume, own, owner);
    if (name === '') wrong.push(required(own.child('name')));
    else wrong.push(...invalidEach(own.child('name'), name, validateDns1123Label(name)));
    if (sound.has(name)) wrong.push(duplicate(own.child('name'), name));
    if (wrong.length === 0) sound.set(name, volume);
    errors.push(...wrong);
    const claim = volume.persistentVolumeClaim?.claimName;
    if (claim !== undefined && claims.has(claim)) {
      const why = 'must not reference a PVC that gets created for an ephemeral volume';
      errors.push(invalidValue(own.child('persistentVolumeClaim', 'claimName'), claim, why));
    }
  }
  return { errors, sound };
}

type Kind = Exclude<keyof Volume, 'name'>;

type Checks = {
  readonly [Each in Kind]-?: (
    source: NonNullable<Volume[Each]>,
    path: FieldPath,
    owner: VolumeOwner,
  ) => FieldError[];
};

/** In the order in which upstream looks for them: the first that is set is the volume's source. */
const checks: Checks = {
  emptyDir(source, path) {
    if (amountOf(source.sizeLimit).mantissa >= 0n) return [];
    const why = 'SizeLimit field must be a valid resource quantity';
    return [forbiddenField(path.child('sizeLimit'), why)];
  },
  hostPath: validateHostPath,
  gitRepo: (source, path) => [
    ...requireFields(source, ['repository'], path),
    ...validateDescendingPath(source.directory ?? '', path.child('directory')),
  ],
  gcePersistentDisk: validateGcePersistentDisk,
  awsElasticBlockStore: validateAwsElasticBlockStore,
  secret: (source, path) => [
    ...requireFields(source, ['secretName'], path),
    ...validateFileMode(source.defaultMode, path.child('defaultMode')),
    ...validateKeysToPaths(source.items, path.child('items')),
  ],
  nfs: validateNfs,
  iscsi: validatePodIscsi,
  glusterfs: (source, path) => requireFields(source, ['endpoints', 'path'], path),
  flocker: validateFlocker,
  persistentVolumeClaim: (source, path) => requireFields(source, ['claimName'], path),
  rbd: validateRbd,
  cinder: (source, path) => [
    ...requireFields(source, ['volumeID'], path),
    ...requireSecretName(source.secretRef, path.child('secretRef')),
  ],
  cephfs: validateCephFs,
  quobyte: validateQuobyte,
  downwardAPI: (source, path) => [
    ...validateFileMode(source.defaultMode, path.child('defaultMode')),
    ...validateDownwardFiles(source.items, path),
  ],
  fc: validateFibreChannel,
  flexVolume: validateFlexVolume,
  configMap: (source, path) => [
    ...requireFields(source, ['name'], path),
    ...validateFileMode(source.defaultMode, path.child('defaultMode')),
    ...validateKeysToPaths(source.items, path.child('items')),
  ],
  azureFile: (source, path) => requireFields(source, ['secretName', 'shareName'], path),
  vsphereVolume: (source, path) => requireFields(source, ['volumePath'], path),
  photonPersistentDisk: (source, path) => requireFields(source, ['pdID'], path),
  portworxVolume: (source, path) => requireFields(source, ['volumeID'], path),
  azureDisk: validateAzureDisk,
  storageos: (source, path) => [
    ...validateStorageOs(source, path),
    ...requireSecretName(source.secretRef, path.child('secretRef')),
  ],
  projected: validateProjected,
  scaleIO: (source, path) => requireFields(source, ['gateway', 'system', 'volumeName'], path),
  csi(source, path) {
    const errors = validateCsiDriverName(source.driver, path.child('driver'));
    const { nodePublishSecretRef: secret } = source;
    if (!secret) return errors;
    if (!secret.name) return [...errors, required(path.child('nodePublishSecretRef', 'name'))];
    const messages = validateDns1123Subdomain(secret.name);
    return [...errors, ...invalidEach(path.child('name'), secret.name, messages)];
  },
  ephemeral(source, path) {
    const template = source.volumeClaimTemplate;
    const own = path.child('volumeClaimTemplate');
    return template ? validateClaimTemplate(template, own) : [required(own)];
  },
  image(source, path, { isPod }) {
    const errors = isPod ? requireFields(source, ['reference'], path) : [];
    const { pullPolicy = '' } = source;
    return [...errors, ...validatePullPolicy(pullPolicy, path.child('pullPolicy'))];
  },
};

/** Where upstream's paths are not the fields' names. */
const ownPaths: Readonly<Record<string, string>> = { gcePersistentDisk: 'persistentDisk' };
const secondPaths: Readonly<Record<string, string>> = {
  cephfs: 'cephFS',
  downwardAPI: 'downwarAPI',
};

export function validatePullPolicy(policy: string, path: FieldPath): FieldError[] {
  const policies = ['Always', 'IfNotPresent', 'Never'];
  if (policy === '') return [required(path)];
  return policies.includes(policy) ? [] : [notSupported(path, policy, policies)];
}

/** The claim of an ephemeral volume is named after pod and volume. */
function validateClaimName(volume: Volume, path: FieldPath, podName: string): FieldError[] {
  if (podName === '' || !volume.name) return [];
  const claim = `${podName}-${volume.name}`;
  return validateDns1123Subdomain(claim).map((message) =>
    invalidValue(path.child('name'), volume.name, `PVC name ${JSON.stringify(claim)}: ${message}`),
  );
}

function validateVolumeSource(volume: Volume, path: FieldPath, owner: VolumeOwner): FieldError[] {
  const errors: FieldError[] = [];
  let found = false;
  for (const kind of Object.keys(checks) as Kind[]) {
    const source = volume[kind];
    if (source === undefined || source === null) continue;
    if (found) {
      errors.push(forbiddenField(path.child(secondPaths[kind] ?? kind), onlyOneVolumeType));
    } else {
      // Each check takes just the source that it stands under.
      const check = checks[kind] as (
        source: object,
        path: FieldPath,
        owner: VolumeOwner,
      ) => FieldError[];
      errors.push(...check(source, path.child(ownPaths[kind] ?? kind), owner));
      if (kind === 'ephemeral') errors.push(...validateClaimName(volume, path, owner.podName));
    }
    found = true;
    if (volume.iscsi && kind === 'iscsi') {
      errors.push(...validatePodIscsiName(volume.iscsi, volume.name ?? '', path));
    }
  }
  return found ? errors : [required(path, noVolumeType)];
}
