// What each source of storage requires, alike in pods' volumes and in PersistentVolumes.
import type { PersistentVolume } from '../../objects.ts';
import {
  type FieldError,
  type FieldPath,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from '../field.ts';
import { validateDns1123Label, validateDns1123Subdomain } from '../metadata/names.ts';
import { invalidEach } from '../metadata/object-meta.ts';
import { validateNoBacksteps } from './path-validation.ts';
import type { Volume } from './types.ts';

type PersistentVolumeSpec = NonNullable<PersistentVolume['spec']>;
/** Pods and PersistentVolumes have mostly the same types here; secrets have a namespace in the latter. */
type Source<Kind extends keyof Volume & keyof PersistentVolumeSpec> =
  | NonNullable<Volume[Kind]>
  | NonNullable<PersistentVolumeSpec[Kind]>;

export const onlyOneVolumeType = 'may not specify more than 1 volume type';
export const noVolumeType = 'must specify a volume type';

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

/** `Required value` for each of `names` that is missing or empty. */
export function requireFields<T extends object>(
  source: T,
  names: readonly (keyof T & string)[],
  path: FieldPath,
): FieldError[] {
  return names.filter((name) => !source[name]).map((name) => required(path.child(name)));
}

/** A list that must not be empty. */
export function requireSome(list: readonly unknown[] | undefined, path: FieldPath): FieldError[] {
  return (list ?? []).length === 0 ? [required(path)] : [];
}

/** The name of a referenced secret, and its namespace where the reference has one. */
export function requireSecretName(
  reference: { readonly name?: string; readonly namespace?: string } | undefined,
  path: FieldPath,
  namespaced = false,
): FieldError[] {
  if (!reference) return [];
  return requireFields(reference, namespaced ? ['name', 'namespace'] : ['name'], path);
}

export function validateHostPath(source: Source<'hostPath'>, path: FieldPath): FieldError[] {
  if (!source.path) return [required(path.child('path'))];
  const errors = validateNoBacksteps(source.path, path.child('path'));
  const { type } = source;
  if (type !== undefined && !hostPathTypes.includes(type)) {
    errors.push(notSupported(path.child('type'), type, hostPathTypes));
  }
  return errors;
}

/** Partitions of disks. Zero is allowed, whatever the message says. */
function validatePartition(partition: number | undefined, path: FieldPath): FieldError[] {
  if (partition === undefined || (partition >= 0 && partition <= 255)) return [];
  return [invalidValue(path, partition, 'must be between 1 and 255, inclusive')];
}

export function validateGcePersistentDisk(
  source: Source<'gcePersistentDisk'>,
  path: FieldPath,
): FieldError[] {
  return [
    ...requireFields(source, ['pdName'], path),
    ...validatePartition(source.partition, path.child('partition')),
  ];
}

export function validateAwsElasticBlockStore(
  source: Source<'awsElasticBlockStore'>,
  path: FieldPath,
): FieldError[] {
  return [
    ...requireFields(source, ['volumeID'], path),
    ...validatePartition(source.partition, path.child('partition')),
  ];
}

export function validateNfs(source: Source<'nfs'>, path: FieldPath): FieldError[] {
  const errors = requireFields(source, ['server', 'path'], path);
  if (!(source.path ?? '').startsWith('/')) {
    errors.push(invalidValue(path.child('path'), source.path ?? '', 'must be an absolute path'));
  }
  return errors;
}

export function validateFibreChannel(source: Source<'fc'>, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const { lun, targetWWNs = [], wwids = [] } = source;
  const targets = path.child('targetWWNs');
  if (targetWWNs.length === 0 && wwids.length === 0) {
    errors.push(required(targets, 'must specify either targetWWNs or wwids, but not both'));
  }
  if (targetWWNs.length > 0 && wwids.length > 0) {
    const why = 'targetWWNs and wwids can not be specified simultaneously';
    errors.push(invalidValue(targets, targetWWNs, why));
  }
  if (targetWWNs.length === 0) return errors;
  if (lun === undefined) {
    return [...errors, required(path.child('lun'), 'lun is required if targetWWNs is specified')];
  }
  return [...errors, ...validateLun(lun, path.child('lun'))];
}

export function validateLun(lun: number | undefined, path: FieldPath): FieldError[] {
  if (lun === undefined || (lun >= 0 && lun <= 255)) return [];
  return [invalidValue(path, lun, 'must be between 0 and 255, inclusive')];
}

/** What Go's net.SplitHostPort takes: one port, and colons in the host only within brackets. */
function isHostPort(text: string): boolean {
  return /^(?:\[[^[\]]*\]|[^:[\]]*):[^:[\]]*$/.test(text);
}

export function validateQuobyte(source: Source<'quobyte'>, path: FieldPath): FieldError[] {
  const { registry, tenant = '' } = source;
  const pairs = 'must be a host:port pair or multiple pairs separated by commas';
  const errors: FieldError[] = [];
  if (!registry) errors.push(required(path.child('registry'), pairs));
  else if (Buffer.byteLength(tenant) >= 65) {
    const why = 'must be a UUID and may not exceed a length of 64 characters';
    errors.push(required(path.child('tenant'), why));
  } else {
    const wrong = registry.split(',').filter((pair) => !isHostPort(pair));
    errors.push(...wrong.map(() => invalidValue(path.child('registry'), registry, pairs)));
  }
  return [...errors, ...requireFields(source, ['volume'], path)];
}

export function validateFlocker(source: Source<'flocker'>, path: FieldPath): FieldError[] {
  const { datasetName = '', datasetUUID = '' } = source;
  const errors: FieldError[] = [];
  if (datasetName === '' && datasetUUID === '') {
    errors.push(required(path, 'one of datasetName and datasetUUID is required'));
  }
  if (datasetName !== '' && datasetUUID !== '') {
    const why = 'datasetName and datasetUUID can not be specified simultaneously';
    errors.push(invalidValue(path, 'resource', why));
  }
  if (datasetName.includes('/')) {
    errors.push(invalidValue(path.child('datasetName'), datasetName, "must not contain '/'"));
  }
  return errors;
}

export function validateRbd(source: Source<'rbd'>, path: FieldPath): FieldError[] {
  return [
    ...requireSome(source.monitors, path.child('monitors')),
    ...requireFields(source, ['image'], path),
  ];
}

export function validateCephFs(source: Source<'cephfs'>, path: FieldPath): FieldError[] {
  return requireSome(source.monitors, path.child('monitors'));
}

/** Options in Kubernetes' own domains are the kubelet's to set. */
export function validateFlexVolume(source: Source<'flexVolume'>, path: FieldPath): FieldError[] {
  const errors = requireFields(source, ['driver'], path);
  for (const key of Object.keys(source.options ?? {})) {
    const domain = `.${(key.split('/')[0] ?? '').toLowerCase()}`;
    if (!domain.endsWith('.kubernetes.io') && !domain.endsWith('.k8s.io')) continue;
    const why = 'kubernetes.io and k8s.io namespaces are reserved';
    errors.push(invalidValue(path.child('options').key(key), key, why));
  }
  return errors;
}

const cachingModes = ['None', 'ReadOnly', 'ReadWrite'];
const diskKinds = ['Dedicated', 'Managed', 'Shared'];
const managedDiskUri =
  '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}';
const blobDiskUri = 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd';

export function validateAzureDisk(source: Source<'azureDisk'>, path: FieldPath): FieldError[] {
  const errors = requireFields(source, ['diskName', 'diskURI'], path);
  const { cachingMode, kind, diskURI = '' } = source;
  if (cachingMode !== undefined && !cachingModes.includes(cachingMode)) {
    errors.push(notSupported(path.child('cachingMode'), cachingMode, cachingModes));
  }
  if (kind === undefined) return errors;
  if (!diskKinds.includes(kind)) errors.push(notSupported(path.child('kind'), kind, diskKinds));
  const [prefix, example] =
    kind === 'Managed' ? ['/subscriptions/', managedDiskUri] : ['https://', blobDiskUri];
  if (!diskURI.startsWith(prefix)) {
    errors.push(notSupported(path.child('diskURI'), diskURI, [example]));
  }
  return errors;
}

export function validateStorageOs(source: Source<'storageos'>, path: FieldPath): FieldError[] {
  const { volumeName = '', volumeNamespace = '' } = source;
  const errors =
    volumeName === ''
      ? [required(path.child('volumeName'))]
      : invalidEach(path.child('volumeName'), volumeName, validateDns1123Label(volumeName));
  if (volumeNamespace !== '') {
    const messages = validateDns1123Label(volumeNamespace);
    errors.push(...invalidEach(path.child('volumeNamespace'), volumeNamespace, messages));
  }
  return errors;
}

/** Names of CSI drivers: subdomains, in whatever case, of at most 63 bytes. */
export function validateCsiDriverName(name: string | undefined, path: FieldPath): FieldError[] {
  if (!name) return [required(path)];
  const errors = Buffer.byteLength(name) > 63 ? [tooLong(path, 63)] : [];
  return [...errors, ...invalidEach(path, name, validateDns1123Subdomain(name.toLowerCase()))];
}
