// Volumes of pods: unique names, exactly one source each, and what each source requires.
import { parseQuantity } from '../../quantity.ts';
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
import { validateFileMode, validateKeysToPaths, validateNoBacksteps } from './path-validation.ts';
import { validateDownwardFiles, validateProjected } from './projected-volume-validation.ts';
import type { Volume } from './types.ts';

const hostPathTypes = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];

export function validateVolumes(volumes: readonly Volume[], path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const [index, volume] of volumes.entries()) {
    const own = path.index(index);
    const { name = '' } = volume;
    errors.push(...validateVolumeSource(volume, own));
    if (name === '') errors.push(required(own.child('name')));
    else {
      const wrong = invalidEach(own.child('name'), name, validateDns1123Label(name));
      errors.push(...wrong);
      if (wrong.length === 0 && names.has(name)) errors.push(duplicate(own.child('name'), name));
    }
    names.add(name);
  }
  return errors;
}

type Source = Exclude<keyof Volume, 'name'>;

function requireFields<T extends object>(
  source: T,
  names: readonly (keyof T & string)[],
  path: FieldPath,
): FieldError[] {
  return names.filter((name) => !source[name]).map((name) => required(path.child(name)));
}

type Checks = {
  readonly [Each in Source]?: (source: NonNullable<Volume[Each]>, path: FieldPath) => FieldError[];
};

const checks: Checks = {
  emptyDir(source, path) {
    if (source.sizeLimit === undefined || parseQuantity(source.sizeLimit).mantissa >= 0n) return [];
    const why = 'SizeLimit field must be a valid resource quantity';
    return [forbiddenField(path.child('sizeLimit'), why)];
  },
  hostPath(source, path) {
    if (!source.path) return [required(path.child('path'))];
    const errors = validateNoBacksteps(source.path, path.child('path'));
    const { type } = source;
    if (type !== undefined && !hostPathTypes.includes(type)) {
      errors.push(notSupported(path.child('type'), type, hostPathTypes));
    }
    return errors;
  },
  secret: (source, path) => [
    ...requireFields(source, ['secretName'], path),
    ...validateFileMode(source.defaultMode, path.child('defaultMode')),
    ...validateKeysToPaths(source.items, path.child('items')),
  ],
  configMap: (source, path) => [
    ...requireFields(source, ['name'], path),
    ...validateFileMode(source.defaultMode, path.child('defaultMode')),
    ...validateKeysToPaths(source.items, path.child('items')),
  ],
  downwardAPI: (source, path) => [
    ...validateFileMode(source.defaultMode, path.child('defaultMode')),
    ...validateDownwardFiles(source.items, path),
  ],
  projected: validateProjected,
  nfs(source, path) {
    const errors = requireFields(source, ['server', 'path'], path);
    if (!(source.path ?? '').startsWith('/')) {
      errors.push(invalidValue(path.child('path'), source.path ?? '', 'must be an absolute path'));
    }
    return errors;
  },
  persistentVolumeClaim: (source, path) => requireFields(source, ['claimName'], path),
  csi(source, path) {
    if (!source.driver) return [required(path.child('driver'))];
    const lower = source.driver.toLowerCase();
    return invalidEach(path.child('driver'), source.driver, validateDns1123Subdomain(lower));
  },
  ephemeral(source, path) {
    const template = path.child('volumeClaimTemplate');
    if (!source.volumeClaimTemplate) return [required(template)];
    const { accessModes } = source.volumeClaimTemplate.spec ?? {};
    if (accessModes !== undefined && accessModes.length > 0) return [];
    return [required(template.child('spec', 'accessModes'), 'at least 1 access mode is required')];
  },
  image(source, path) {
    const errors = requireFields(source, ['reference'], path);
    const { pullPolicy = '' } = source;
    return [...errors, ...validatePullPolicy(pullPolicy, path.child('pullPolicy'))];
  },
  gitRepo: (source, path) => requireFields(source, ['repository'], path),
  iscsi: (source, path) => requireFields(source, ['targetPortal', 'iqn'], path),
  glusterfs: (source, path) => requireFields(source, ['endpoints', 'path'], path),
  rbd: (source, path) => [
    ...((source.monitors ?? []).length === 0 ? [required(path.child('monitors'))] : []),
    ...requireFields(source, ['image'], path),
  ],
  cinder: (source, path) => requireFields(source, ['volumeID'], path),
  cephfs: (source, path) =>
    (source.monitors ?? []).length === 0 ? [required(path.child('monitors'))] : [],
  gcePersistentDisk: (source, path) => requireFields(source, ['pdName'], path),
  awsElasticBlockStore: (source, path) => requireFields(source, ['volumeID'], path),
  azureFile: (source, path) => requireFields(source, ['secretName', 'shareName'], path),
  azureDisk: (source, path) => requireFields(source, ['diskName', 'diskURI'], path),
  vsphereVolume: (source, path) => requireFields(source, ['volumePath'], path),
  flexVolume: (source, path) => requireFields(source, ['driver'], path),
  portworxVolume: (source, path) => requireFields(source, ['volumeID'], path),
  photonPersistentDisk: (source, path) => requireFields(source, ['pdID'], path),
  quobyte: (source, path) => requireFields(source, ['registry', 'volume'], path),
  scaleIO: (source, path) => requireFields(source, ['gateway', 'system', 'volumeName'], path),
};

export function validatePullPolicy(policy: string, path: FieldPath): FieldError[] {
  const policies = ['Always', 'IfNotPresent', 'Never'];
  if (policy === '') return [required(path)];
  return policies.includes(policy) ? [] : [notSupported(path, policy, policies)];
}

function validateVolumeSource(volume: Volume, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  let count = 0;
  for (const [kind, source] of Object.entries(volume)) {
    if (kind === 'name' || source === undefined || source === null) continue;
    const own = path.child(kind);
    if (count++ > 0) {
      errors.push(forbiddenField(own, 'may not specify more than 1 volume type'));
      continue;
    }
    // One lookup type for all: each check takes just the source that it stands under.
    const check = (checks as Record<string, (source: object, path: FieldPath) => FieldError[]>)[
      kind
    ];
    errors.push(...(check?.(source as object, own) ?? []));
  }
  if (count === 0) errors.push(required(path, 'must specify a volume type'));
  return errors;
}
