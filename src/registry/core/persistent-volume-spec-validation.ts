// The spec of a PersistentVolume, on its own or written into a VolumeAttachment.
import type { PersistentVolume } from '../../objects.ts';
import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  notSupported,
  required,
} from '../field.ts';
import { validateDns1123Label } from '../metadata/names.ts';
import { invalidEach } from '../metadata/object-meta.ts';
import { validateBasicQuantity, validatePositiveQuantity } from '../quantity-validation.ts';
import { validateNodeSelector } from './affinity-validation.ts';
import {
  validateAccessModes,
  validateClassName,
  validateVolumeMode,
} from './claim-spec-validation.ts';
import { validatePersistentIscsi } from './iscsi-validation.ts';
import { validateNoBacksteps } from './path-validation.ts';
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

export type PersistentVolumeSpec = NonNullable<PersistentVolume['spec']>;

type Kind =
  | 'hostPath'
  | 'gcePersistentDisk'
  | 'awsElasticBlockStore'
  | 'glusterfs'
  | 'flocker'
  | 'nfs'
  | 'rbd'
  | 'quobyte'
  | 'cephfs'
  | 'iscsi'
  | 'cinder'
  | 'fc'
  | 'flexVolume'
  | 'azureFile'
  | 'vsphereVolume'
  | 'photonPersistentDisk'
  | 'portworxVolume'
  | 'azureDisk'
  | 'scaleIO'
  | 'local'
  | 'storageos'
  | 'csi';

type Checks = {
  readonly [Each in Kind]: (
    source: NonNullable<PersistentVolumeSpec[Each]>,
    path: FieldPath,
    volumeName: string,
  ) => FieldError[];
};

function validateGlusterfs(
  source: NonNullable<PersistentVolumeSpec['glusterfs']>,
  path: FieldPath,
): FieldError[] {
  const errors = requireFields(source, ['endpoints', 'path'], path);
  const { endpointsNamespace: namespace } = source;
  if (namespace === undefined) return errors;
  const own = path.child('endpointsNamespace');
  const messages =
    namespace === ''
      ? ['if the endpointnamespace is set, it must be a valid namespace name']
      : validateDns1123Label(namespace);
  return [...errors, ...invalidEach(own, namespace, messages)];
}

const csiSecrets = [
  'controllerPublishSecretRef',
  'controllerExpandSecretRef',
  'nodePublishSecretRef',
  'nodeExpandSecretRef',
] as const;

function validateCsi(
  source: NonNullable<PersistentVolumeSpec['csi']>,
  path: FieldPath,
): FieldError[] {
  const errors = validateCsiDriverName(source.driver, path.child('driver'));
  errors.push(...requireFields(source, ['volumeHandle'], path));
  for (const field of csiSecrets) {
    const secret = source[field];
    if (!secret) continue;
    const { name = '', namespace = '' } = secret;
    const own = path.child(field);
    errors.push(
      ...requireFields(secret, ['name'], own),
      ...validateClassName(name, own.child('name')),
      ...requireFields(secret, ['namespace'], own),
    );
    if (namespace === '') continue;
    const messages = validateDns1123Label(namespace);
    errors.push(...invalidEach(own.child('namespace'), namespace, messages));
  }
  return errors;
}

/** In the order in which upstream looks for them. */
const checks: Checks = {
  hostPath: validateHostPath,
  gcePersistentDisk: validateGcePersistentDisk,
  awsElasticBlockStore: validateAwsElasticBlockStore,
  glusterfs: validateGlusterfs,
  flocker: validateFlocker,
  nfs: validateNfs,
  rbd: validateRbd,
  quobyte: validateQuobyte,
  cephfs: validateCephFs,
  iscsi: validatePersistentIscsi,
  cinder: (source, path) => [
    ...requireFields(source, ['volumeID'], path),
    ...requireSecretName(source.secretRef, path.child('secretRef'), true),
  ],
  fc: validateFibreChannel,
  flexVolume: validateFlexVolume,
  azureFile: (source, path) => [
    ...requireFields(source, ['secretName', 'shareName'], path),
    ...(source.secretNamespace === '' ? [required(path.child('secretNamespace'))] : []),
  ],
  vsphereVolume: (source, path) => requireFields(source, ['volumePath'], path),
  photonPersistentDisk: (source, path) => requireFields(source, ['pdID'], path),
  portworxVolume: (source, path) => requireFields(source, ['volumeID'], path),
  azureDisk: validateAzureDisk,
  scaleIO: (source, path) => requireFields(source, ['gateway', 'system', 'volumeName'], path),
  local(source, path) {
    if (!source.path) return [required(path.child('path'))];
    return validateNoBacksteps(source.path, path.child('path'));
  },
  storageos: (source, path) => [
    ...validateStorageOs(source, path),
    ...requireSecretName(source.secretRef, path.child('secretRef'), true),
  ],
  csi: validateCsi,
};

/** The kinds of storage, as fields of the spec. */
export const persistentSources = Object.keys(checks) as readonly Kind[];

/** Where upstream's paths are not the fields' names. */
const ownPaths: Readonly<Record<string, string>> = { gcePersistentDisk: 'persistentDisk' };
const secondPaths: Readonly<Record<string, string>> = { cephfs: 'cephFS' };

function validateSources(
  spec: PersistentVolumeSpec,
  path: FieldPath,
  volumeName: string,
): FieldError[] {
  const errors: FieldError[] = [];
  let found = false;
  for (const kind of persistentSources) {
    const source = spec[kind];
    if (!source) continue;
    // A flexVolume is taken even beside another source: upstream has always done so.
    if (found && kind !== 'flexVolume') {
      errors.push(forbiddenField(path.child(secondPaths[kind] ?? kind), onlyOneVolumeType));
      continue;
    }
    found = true;
    // Each check takes just the source that it stands under.
    const check = checks[kind] as (
      source: object,
      path: FieldPath,
      volumeName: string,
    ) => FieldError[];
    errors.push(...check(source, path.child(ownPaths[kind] ?? kind), volumeName));
    if (kind === 'local' && !spec.nodeAffinity) {
      errors.push(required(path.child('nodeAffinity'), 'Local volume requires node affinity'));
    }
  }
  return found ? errors : [required(path, noVolumeType)];
}

function validateCapacity(spec: PersistentVolumeSpec, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const { capacity } = spec;
  const names = Object.keys(capacity ?? {});
  if (names.length === 0) errors.push(required(path));
  if (names.length !== 1 || names[0] !== 'storage') {
    errors.push(notSupported(path, capacity, ['storage']));
  }
  for (const [name, text] of Object.entries(capacity ?? {})) {
    errors.push(...validateBasicQuantity(text, path.key(name)));
    errors.push(...validatePositiveQuantity(text, path.key(name)));
  }
  return errors;
}

function validateNodeAffinity(spec: PersistentVolumeSpec, path: FieldPath): FieldError[] {
  if (!spec.nodeAffinity) return [];
  const own = path.child('required');
  const selector = spec.nodeAffinity.required;
  if (!selector) return [required(own, 'must specify required node constraints')];
  return validateNodeSelector(selector, own);
}

const reclaimPolicies = ['Delete', 'Recycle', 'Retain'];

function cleansToRoot(path: string | undefined): boolean {
  if (!path?.startsWith('/')) return false;
  const depths = path.split('/').filter((part) => part !== '' && part !== '.');
  return (
    depths.reduce((depth, part) => (part === '..' ? Math.max(0, depth - 1) : depth + 1), 0) === 0
  );
}

function validateReclaimPolicy(spec: PersistentVolumeSpec, path: FieldPath): FieldError[] {
  const { persistentVolumeReclaimPolicy: policy } = spec;
  if (!policy || reclaimPolicies.includes(policy)) return [];
  return [notSupported(path, policy, reclaimPolicies)];
}

function validateAttributesClass(spec: PersistentVolumeSpec, path: FieldPath): FieldError[] {
  const { volumeAttributesClassName: name } = spec;
  if (name === undefined) return [];
  const own = path.child('volumeAttributesClassName');
  const errors =
    name === '' ? [required(own, 'an empty string is disallowed')] : validateClassName(name, own);
  if (spec.csi) return errors;
  const why = 'has to be specified when using volumeAttributesClassName';
  return [...errors, required(path.child('csi'), why)];
}

function validateSpecAccessModes(spec: PersistentVolumeSpec, path: FieldPath): FieldError[] {
  const modes = spec.accessModes ?? [];
  return [...(modes.length === 0 ? [required(path)] : []), ...validateAccessModes(modes, path)];
}

/** Of a PersistentVolume called `volumeName`. */
export function validatePersistentVolumeSpec(
  spec: PersistentVolumeSpec,
  path: FieldPath,
  volumeName: string,
): FieldError[] {
  const reclaimPath = path.child('persistentVolumeReclaimPolicy');
  const errors = [
    ...validateSpecAccessModes(spec, path.child('accessModes')),
    ...validateCapacity(spec, path.child('capacity')),
    ...validateReclaimPolicy(spec, reclaimPath),
    ...validateNodeAffinity(spec, path.child('nodeAffinity')),
    ...validateSources(spec, path, volumeName),
  ];
  if (spec.persistentVolumeReclaimPolicy === 'Recycle' && cleansToRoot(spec.hostPath?.path)) {
    errors.push(forbiddenField(reclaimPath, "may not be 'recycle' for a hostPath mount of '/'"));
  }
  return [
    ...errors,
    ...validateClassName(spec.storageClassName, path.child('storageClassName')),
    ...validateVolumeMode(spec.volumeMode, path.child('volumeMode')),
    ...validateAttributesClass(spec, path),
  ];
}

/** Of a volume that is written into a VolumeAttachment: CSI, and nothing that a claim needs. */
export function validateInlineVolumeSpec(
  spec: PersistentVolumeSpec,
  path: FieldPath,
): FieldError[] {
  const context = 'in the context of inline volumes';
  const errors: FieldError[] = [];
  const forbid = (name: string, what = 'may not be specified') =>
    errors.push(forbiddenField(path.child(name), `${what} ${context}`));
  if (spec.claimRef) forbid('claimRef');
  if (Object.keys(spec.capacity ?? {}).length > 0) forbid('capacity');
  if (!spec.csi) errors.push(required(path.child('csi'), `has to be specified ${context}`));
  errors.push(...validateSpecAccessModes(spec, path.child('accessModes')));
  const { persistentVolumeReclaimPolicy: policy, volumeMode } = spec;
  if (policy && policy !== 'Retain') {
    forbid('persistentVolumeReclaimPolicy', 'may only be Retain');
  }
  if (spec.nodeAffinity) forbid('nodeAffinity');
  errors.push(...validateSources(spec, path, ''));
  if (spec.storageClassName) forbid('storageClassName');
  if (volumeMode !== undefined && volumeMode !== 'Filesystem') {
    forbid('volumeMode', 'may not specify volumeMode other than Filesystem');
  }
  return errors;
}
