// Checks one device of a slice: attributes, capacity, taints, counters and the nodes that reach it.
import { validateNodeSelector } from '../core/affinity-validation.ts';
import type { NodeSelector } from '../core/types.ts';
import {
  type FieldError,
  type FieldPath,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from '../field.ts';
import { validateDns1123Subdomain, validateLabelValue } from '../metadata/names.ts';
import { invalidEach } from '../metadata/object-meta.ts';
import { validateLabelName } from '../selector-validation.ts';
import { validateBindingConditions } from './binding-conditions.ts';
import { validateCapacity } from './capacity-validation.ts';
import { taintEffects } from './claim-validation.ts';
import { validateConsumption } from './counter-validation.ts';
import { validateList, validateMap, validateSet } from './lists.ts';
import {
  qualifiedNameLengthMax,
  validateAttributeName,
  validateLabelLike,
} from './name-validation.ts';
import type { Device, DeviceAttribute, DeviceTaint } from './types.ts';

const attributesAndCapacitiesMax = 32;
const attributeValuesMax = 48;
const attributeBytesMax = 64;
const taintsMax = 16;
const consumptionsMax = 2;

export interface DeviceRules {
  /** Each device says by itself which nodes reach it. */
  readonly perDevice: boolean;
  /** The taints are as they were before the update. */
  readonly taintsStand: boolean;
}

export function validateDevice(
  device: Device,
  { perDevice, taintsStand }: DeviceRules,
  path: FieldPath,
): readonly FieldError[] {
  const errors: FieldError[] = [
    ...validateLabelLike(device.name, path.child('name')),
    ...validateAmounts(device, path),
  ];
  const limits = { max: Number.POSITIVE_INFINITY, keyLengthMax: qualifiedNameLengthMax };
  const shared = device.allowMultipleAllocations === true;
  errors.push(
    ...validateMap(
      device.attributes,
      limits,
      validateAttributeName,
      validateAttribute,
      path.child('attributes'),
    ),
    ...validateMap(
      device.capacity,
      limits,
      validateAttributeName,
      (capacity, at) => validateCapacity(capacity, shared, at),
      path.child('capacity'),
    ),
  );
  if (!taintsStand) {
    errors.push(...validateList(device.taints, taintsMax, validateTaint, path.child('taints')));
  }
  const consumptions = device.consumesCounters;
  const consumptionsPath = path.child('consumesCounters');
  return [
    ...errors,
    ...validateSet(
      consumptions,
      consumptionsMax,
      validateConsumption,
      ({ counterSet }) => counterSet,
      consumptionsPath,
    ),
    ...(perDevice ? validateReach(device, path) : validateNoReach(device, path)),
    ...validateBindingConditions(device, path),
  ];
}

function validateAmounts(
  { attributes = {}, capacity = {} }: Device,
  path: FieldPath,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  const values = Object.keys(attributes).length;
  const both = values + Object.keys(capacity).length;
  if (both > attributesAndCapacitiesMax) {
    const why = `the total number of attributes and capacities must not exceed ${attributesAndCapacitiesMax}`;
    errors.push(invalidValue(path, both, why));
  }
  if (values > attributeValuesMax) {
    const why = `the total number of attribute values must not exceed ${attributeValuesMax}`;
    errors.push(invalidValue(path, values, why));
  }
  return errors;
}

const number = '(0|[1-9]\\d*)';
const preRelease = '(0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)';
const build = '[0-9a-zA-Z-]+';
const semanticVersion = new RegExp(
  `^${number}\\.${number}\\.${number}(-${preRelease}(\\.${preRelease})*)?` +
    `(\\+${build}(\\.${build})*)?$`,
);

/** One value, of one of four types. */
function validateAttribute(attribute: DeviceAttribute, path: FieldPath): readonly FieldError[] {
  const errors: FieldError[] = [];
  const { string, version } = attribute;
  if (string !== undefined && Buffer.byteLength(string) > attributeBytesMax) {
    errors.push(tooLong(path.child('string'), attributeBytesMax));
  }
  if (version !== undefined) {
    const at = path.child('version');
    if (!semanticVersion.test(version)) {
      const why = 'must be a string compatible with semver.org spec 2.0.0';
      errors.push(invalidValue(at, version, why));
    }
    if (Buffer.byteLength(version) > attributeBytesMax) {
      errors.push(tooLong(at, attributeBytesMax));
    }
  }
  const given = (['bool', 'int', 'string', 'version'] as const).filter(
    (name) => attribute[name] !== undefined,
  );
  if (given.length !== 1) {
    const shown = given.length === 0 ? '' : attribute;
    errors.push(invalidValue(path, shown, 'exactly one value must be specified'));
  }
  return errors;
}

/** `oldEffect`: an effect that stood before is let be. */
export function validateTaint(
  { key, value = '', effect }: DeviceTaint,
  path: FieldPath,
  oldEffect?: string,
): readonly FieldError[] {
  const errors: FieldError[] = [...validateLabelName(key, path.child('key'))];
  errors.push(...invalidEach(path.child('value'), value, validateLabelValue(value)));
  if (effect === oldEffect) return errors;
  if (effect === '') errors.push(required(path.child('effect')));
  else if (!taintEffects.includes(effect)) {
    errors.push(notSupported(path.child('effect'), effect, taintEffects));
  }
  return errors;
}

const reachRule =
  'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when ' +
  '`perDeviceNodeSelection` is set to true in the ResourceSlice spec';

function validateReach(
  { nodeName, nodeSelector, allNodes }: Device,
  path: FieldPath,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  const given: string[] = [];
  const namePath = path.child('nodeName');
  if (nodeName === '') errors.push(invalidValue(namePath, '', 'must not be empty'));
  else if (nodeName !== undefined) {
    given.push('`nodeName`');
    errors.push(...invalidEach(namePath, nodeName, validateDns1123Subdomain(nodeName)));
  }
  if (nodeSelector !== undefined) {
    given.push('`nodeSelector`');
    const at = path.child('nodeSelector');
    errors.push(...validateNodeSelector(nodeSelector as NodeSelector, at));
  }
  if (allNodes === true) given.push('`allNodes`');
  else if (allNodes === false) {
    const why = 'must be either unset or set to true';
    errors.push(invalidValue(path.child('allNodes'), false, why));
  }
  if (given.length === 0) errors.push(required(path, reachRule));
  if (given.length > 1) errors.push(invalidValue(path, `{${given.join(', ')}}`, reachRule));
  return errors;
}

function validateNoReach(device: Device, path: FieldPath): readonly FieldError[] {
  const { nodeName, nodeSelector, allNodes } = device;
  if (nodeName === undefined && nodeSelector === undefined && allNodes === undefined) return [];
  const why =
    '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is ' +
    'set to true in the ResourceSlice spec';
  return [invalidValue(path, null, why)];
}
