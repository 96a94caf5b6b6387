// Where a container sees its volumes: mounts of file systems and block devices.
import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  notFoundValue,
  notSupported,
  required,
} from '../field.ts';
import { validateDescendingPath, validateNoBacksteps } from './path-validation.ts';
import type { Container, EphemeralContainer, Volume, VolumeDevice, VolumeMount } from './types.ts';

/** The volumes of a pod that are right in themselves, by name; no other can be mounted. */
export type SoundVolumes = ReadonlyMap<string, Volume>;

// Upstream names these fields by the list of mounts, without the index.
function validateSubPaths(mount: VolumeMount, path: FieldPath, own: FieldPath): FieldError[] {
  const { subPath, subPathExpr } = mount;
  const errors = subPath ? validateDescendingPath(subPath, path.child('subPath')) : [];
  if (!subPathExpr) return errors;
  if (subPath) {
    const why = 'subPathExpr and subPath are mutually exclusive';
    errors.push(invalidValue(own.child('subPathExpr'), subPathExpr, why));
  }
  return [...errors, ...validateDescendingPath(subPathExpr, path.child('subPathExpr'))];
}

function validatePropagation(
  mount: VolumeMount,
  container: Container | EphemeralContainer,
  path: FieldPath,
): FieldError[] {
  const { mountPropagation: propagation } = mount;
  const errors: FieldError[] = [];
  const supported = ['Bidirectional', 'HostToContainer', 'None'];
  if (propagation !== undefined && !supported.includes(propagation)) {
    errors.push(notSupported(path, propagation, supported));
  }
  if (propagation === 'Bidirectional' && container.securityContext?.privileged !== true) {
    const why = 'Bidirectional mount propagation is available only to privileged containers';
    errors.push(forbiddenField(path, why));
  }
  return errors;
}

function validateRecursiveReadOnly(mount: VolumeMount, path: FieldPath): FieldError[] {
  const { mountPropagation: propagation, recursiveReadOnly } = mount;
  if (recursiveReadOnly === undefined || recursiveReadOnly === 'Disabled') return [];
  if (!['Enabled', 'IfPossible'].includes(recursiveReadOnly)) {
    return [notSupported(path, recursiveReadOnly, ['Disabled', 'Enabled', 'IfPossible'])];
  }
  const errors: FieldError[] = [];
  if (mount.readOnly !== true) {
    errors.push(forbiddenField(path, 'may only be specified when readOnly is true'));
  }
  if (propagation !== undefined && propagation !== 'None') {
    const why = 'may only be specified when mountPropagation is None or not specified';
    errors.push(forbiddenField(path, why));
  }
  return errors;
}

export function validateMounts(
  container: Container | EphemeralContainer,
  volumes: SoundVolumes,
  path: FieldPath,
): FieldError[] {
  const { volumeMounts = [], volumeDevices = [] } = container;
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [index, mount] of volumeMounts.entries()) {
    const own = path.index(index);
    const { name = '', mountPath = '' } = mount;
    const [namePath, mountPathPath] = [own.child('name'), own.child('mountPath')];
    if (name === '') errors.push(required(namePath));
    if (!volumes.has(name)) errors.push(notFoundValue(namePath, name));
    if (mountPath === '') errors.push(required(mountPathPath));
    if (seen.has(mountPath)) errors.push(invalidValue(mountPathPath, mountPath, 'must be unique'));
    seen.add(mountPath);
    if (volumeDevices.some((device) => (device.name ?? '') === name)) {
      errors.push(invalidValue(namePath, name, 'must not already exist in volumeDevices'));
    }
    if (volumeDevices.some((device) => (device.devicePath ?? '') === mountPath)) {
      const why = 'must not already exist as a path in volumeDevices';
      errors.push(invalidValue(mountPathPath, mountPath, why));
    }
    errors.push(
      ...validateSubPaths(mount, path, own),
      ...validatePropagation(mount, container, path.child('mountPropagation')),
      ...validateRecursiveReadOnly(mount, path.child('recursiveReadOnly')),
    );
  }
  return errors;
}

/** Only claims can be block devices. */
function isClaim(volume: Volume): boolean {
  return Boolean(volume.persistentVolumeClaim ?? volume.ephemeral);
}

function validateDevice(
  device: VolumeDevice,
  mounts: readonly VolumeMount[],
  path: FieldPath,
): FieldError[] {
  const { name = '', devicePath = '' } = device;
  const errors: FieldError[] = [];
  if (mounts.some((mount) => (mount.name ?? '') === name)) {
    errors.push(invalidValue(path.child('name'), name, 'must not already exist in volumeMounts'));
  }
  if (mounts.some((mount) => (mount.mountPath ?? '') === devicePath)) {
    const why = 'must not already exist as a path in volumeMounts';
    errors.push(invalidValue(path.child('devicePath'), devicePath, why));
  }
  return errors;
}

export function validateDevices(
  { volumeDevices = [], volumeMounts = [] }: Container | EphemeralContainer,
  volumes: SoundVolumes,
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  const paths = new Set<string>();
  for (const [index, device] of volumeDevices.entries()) {
    const own = path.index(index);
    const { name = '', devicePath = '' } = device;
    const [namePath, devicePathPath] = [own.child('name'), own.child('devicePath')];
    const volume = volumes.get(name);
    if (name === '') errors.push(required(namePath));
    if (names.has(name)) errors.push(invalidValue(namePath, name, 'must be unique'));
    if (volume === undefined) errors.push(notFoundValue(namePath, name));
    else if (!isClaim(volume)) {
      const why =
        'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode';
      errors.push(invalidValue(namePath, name, why));
    }
    if (devicePath === '') errors.push(required(devicePathPath));
    if (paths.has(devicePath)) {
      errors.push(invalidValue(devicePathPath, devicePath, 'must be unique'));
    }
    if (validateNoBacksteps(devicePath, devicePathPath).length > 0) {
      const why = "can not contain backsteps ('..')";
      errors.push(invalidValue(devicePathPath, devicePath, why));
    } else paths.add(devicePath);
    errors.push(...validateDevice(device, volumeMounts, own));
    if (name !== '') names.add(name);
  }
  return errors;
}
