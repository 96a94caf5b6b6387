// Checks a claim's status: what was allocated, who uses it, what drivers say of the devices.
import type { Condition, ResourceClaim } from '../../objects.ts';
import { validateNodeSelector } from '../core/affinity-validation.ts';
import { formatIp, parseIp } from '../core/ip-range.ts';
import type { NodeSelector } from '../core/types.ts';
import {
  type FieldError,
  FieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  tooLong,
  tooMany,
} from '../field.ts';
import { validateConditions } from '../metadata/conditions.ts';
import { validateImmutableField } from '../metadata/object-meta.ts';
import { validateBindingConditions } from './binding-conditions.ts';
import {
  configurationsMax,
  type RequestNames,
  requestNamesOf,
  validateConfiguration,
  validateRawObject,
  validateRequestReference,
  validateRequestReferences,
} from './claim-validation.ts';
import { validateList, validateSet } from './lists.ts';
import {
  validateDriverName,
  validateLabelLike,
  validatePoolName,
  validateUid,
} from './name-validation.ts';
import type {
  Allocation,
  AllocationConfiguration,
  AllocationResult,
  ClaimStatus,
  DeviceStatus,
} from './types.ts';

type Consumer = NonNullable<ClaimStatus['reservedFor']>[number];

const reservedForMax = 256;
const resultsMax = 32;
const deviceConditionsMax = 8;
const dataBytesMax = 10 * 1024;
const interfaceNameBytesMax = 256;
const hardwareAddressBytesMax = 128;
const addressesMax = 16;
const statusPath = FieldPath.of('status');
const sources = ['FromClaim', 'FromClass'];

/** Names a device, or a share of one, as upstream shows it in errors. */
function deviceId(device: AllocationResult | DeviceStatus) {
  const { driver, pool, device: name, shareID = '' } = device;
  return { Driver: driver, Pool: pool, Device: name, ShareID: shareID };
}

function deviceKey(device: AllocationResult | DeviceStatus): string {
  return JSON.stringify(deviceId(device));
}

function allocatedDevices(status: ClaimStatus | undefined): ReadonlySet<string> {
  return new Set((status?.allocation?.devices?.results ?? []).map(deviceKey));
}

/** What drivers said of devices that have been taken from the claim goes with them. */
export function dropDeallocatedDevices(next: ClaimStatus, old: ClaimStatus | undefined): void {
  if (next.devices === undefined) return;
  const allocated = allocatedDevices(next);
  const before = allocatedDevices(old);
  const kept = next.devices.filter((device) => {
    const key = deviceKey(device);
    return allocated.has(key) || !before.has(key);
  });
  if (kept.length > 0) next.devices = kept;
  else delete next.devices;
}

export function validateClaimStatus(next: ResourceClaim, old: ResourceClaim): FieldError[] {
  const status: ClaimStatus = next.status ?? {};
  const before: ClaimStatus = old.status ?? {};
  const allocated = allocatedDevices(status);
  const { reservedFor = [], allocation } = status;
  const reservedPath = statusPath.child('reservedFor');
  const errors = [
    ...validateSet(reservedFor, reservedForMax, validateConsumer, ({ uid }) => uid, reservedPath),
    ...validateSet(
      status.devices,
      Number.POSITIVE_INFINITY,
      (device, path) => validateDeviceStatus(device, allocated, path),
      deviceId,
      statusPath.child('devices'),
    ),
  ];
  if (reservedFor.length > 0 && allocation === undefined) {
    const why = 'may not be specified when `allocated` is not set';
    errors.push(forbiddenField(reservedPath, why));
  } else if (next.metadata?.deletionTimestamp !== undefined) {
    const known = new Set((before.reservedFor ?? []).map((consumer) => JSON.stringify(consumer)));
    if (reservedFor.some((consumer) => !known.has(JSON.stringify(consumer)))) {
      const why =
        'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set';
      errors.push(forbiddenField(reservedPath, why));
    }
  }
  const path = statusPath.child('allocation');
  if (allocation !== undefined && before.allocation !== undefined) {
    errors.push(...validateImmutableField(allocation, before.allocation, path));
  } else if (allocation !== undefined) {
    errors.push(...validateAllocation(allocation, requestNamesOf(next.spec), path));
  }
  return errors;
}

function validateConsumer({ resource, name, uid }: Consumer, path: FieldPath): FieldError[] {
  return Object.entries({ resource, name, uid })
    .filter(([, value]) => value === '')
    .map(([field]) => required(path.child(field)));
}

function validateAllocation(
  { devices, nodeSelector }: Allocation,
  names: RequestNames,
  path: FieldPath,
): readonly FieldError[] {
  const at = path.child('devices');
  return [
    ...validateList(
      devices?.results,
      resultsMax,
      (result, own) => validateResult(result, names, own),
      at.child('results'),
    ),
    // The class's and the claim's.
    ...validateList(
      devices?.config,
      2 * configurationsMax,
      (entry, own) => validateAllocationConfiguration(entry, names, own),
      at.child('config'),
    ),
    ...(nodeSelector === undefined
      ? []
      : validateNodeSelector(nodeSelector as NodeSelector, path.child('nodeSelector'))),
  ];
}

function validateResult(
  result: AllocationResult,
  names: RequestNames,
  path: FieldPath,
): readonly FieldError[] {
  return [
    ...validateRequestReference(result.request, names, path.child('request')),
    ...validateDriverName(result.driver, path.child('driver')),
    ...validatePoolName(result.pool, path.child('pool')),
    ...validateLabelLike(result.device, path.child('device')),
    ...validateBindingConditions(result, path),
    ...(result.shareID === undefined ? [] : validateUid(result.shareID, path.child('shareID'))),
  ];
}

function validateAllocationConfiguration(
  entry: AllocationConfiguration,
  names: RequestNames,
  path: FieldPath,
): readonly FieldError[] {
  const { source } = entry;
  const errors: FieldError[] = [];
  if (source === '') errors.push(required(path.child('source')));
  else if (!sources.includes(source)) {
    errors.push(notSupported(path.child('source'), source, sources));
  }
  return [
    ...errors,
    ...validateRequestReferences(entry.requests, names, path.child('requests')),
    ...validateConfiguration(entry, path),
  ];
}

function validateDeviceStatus(
  device: DeviceStatus,
  allocated: ReadonlySet<string>,
  path: FieldPath,
): readonly FieldError[] {
  const errors: FieldError[] = [
    ...validateDriverName(device.driver, path.child('driver')),
    ...validatePoolName(device.pool, path.child('pool')),
    ...validateLabelLike(device.device, path.child('device')),
    ...(device.shareID === undefined ? [] : validateUid(device.shareID, path.child('shareID'))),
  ];
  if (!allocated.has(deviceKey(device))) {
    errors.push(invalidValue(path, deviceId(device), 'must be an allocated device in the claim'));
  }
  const conditions = (device.conditions ?? []) as Condition[];
  const at = path.child('conditions');
  if (conditions.length > deviceConditionsMax) {
    errors.push(tooMany(at, conditions.length, deviceConditionsMax));
  }
  errors.push(...validateConditions(conditions, at));
  if (device.data !== undefined) {
    errors.push(...validateRawObject(device.data, path.child('data'), dataBytesMax));
  }
  return [...errors, ...validateNetworkData(device.networkData, path.child('networkData'))];
}

function validateNetworkData(
  data: DeviceStatus['networkData'],
  path: FieldPath,
): readonly FieldError[] {
  const { interfaceName = '', hardwareAddress = '', ips } = data ?? {};
  const errors: FieldError[] = [];
  if (Buffer.byteLength(interfaceName) > interfaceNameBytesMax) {
    errors.push(tooLong(path.child('interfaceName'), interfaceNameBytesMax));
  }
  if (Buffer.byteLength(hardwareAddress) > hardwareAddressBytesMax) {
    errors.push(tooLong(path.child('hardwareAddress'), hardwareAddressBytesMax));
  }
  const addresses = validateSet(
    ips,
    addressesMax,
    validateInterfaceAddress,
    (each) => each,
    path.child('ips'),
  );
  return [...errors, ...addresses];
}

/** An address with the length of its network, in the canonical form. */
function validateInterfaceAddress(text: string, path: FieldPath): readonly FieldError[] {
  const slash = text.indexOf('/');
  const address = parseIp(text.slice(0, Math.max(slash, 0)));
  const bits = Number(/^\d{1,3}$/.exec(text.slice(slash + 1))?.[0] ?? Number.NaN);
  if (address === undefined || !(bits <= (address.family === 'IPv4' ? 32 : 128))) {
    const why = 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)';
    return [invalidValue(path, text, why)];
  }
  const canonical = `${formatIp(address)}/${bits}`;
  if (text === canonical) return [];
  return [invalidValue(path, text, `must be in canonical form (${JSON.stringify(canonical)})`)];
}
