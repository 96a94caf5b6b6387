// Checks a slice: which nodes reach its devices, and the devices and counters themselves.
import type { ResourceSlice } from '../../objects.ts';
import { validateNodeSelector } from '../core/affinity-validation.ts';
import type { NodeSelector } from '../core/types.ts';
import { sameJson } from '../engine/json.ts';
import { type FieldError, FieldPath, invalidValue, required } from '../field.ts';
import { validateDns1123Subdomain } from '../metadata/names.ts';
import { invalidEach, validateImmutableField } from '../metadata/object-meta.ts';
import { validateCounterSet } from './counter-validation.ts';
import { validateDevice } from './device-validation.ts';
import { validateSet } from './lists.ts';
import { validateDriverName, validatePoolName } from './name-validation.ts';
import type { SliceSpec } from './types.ts';

const devicesMax = 128;
/** Devices with taints or counters cost more to look at. */
const advancedDevicesMax = 64;
const counterSetsMax = 8;
const specPath = FieldPath.of('spec');

const emptySpec: SliceSpec = {
  driver: '',
  pool: { name: '', generation: 0, resourceSliceCount: 0 },
};

/** `old`: the slice that is being updated. */
export function validateSlice(next: ResourceSlice, old?: ResourceSlice): readonly FieldError[] {
  const spec = next.spec ?? emptySpec;
  const before = old?.spec;
  const devices = spec.devices ?? [];
  const errors: FieldError[] = [
    ...validateDriverName(spec.driver, specPath.child('driver')),
    ...validatePool(spec.pool, specPath.child('pool')),
    ...(before === undefined ? [] : validateFixed(spec, before)),
    ...validateReach(spec),
  ];
  if (spec.sharedCounters !== undefined && spec.devices !== undefined) {
    errors.push(invalidValue(specPath, '', 'only one of `sharedCounters` or `devices` is allowed'));
  }
  const isAdvanced = devices.some(
    ({ taints = [], consumesCounters = [] }) => taints.length + consumesCounters.length > 0,
  );
  const perDevice = spec.perDeviceNodeSelection === true;
  errors.push(
    ...validateSet(
      devices,
      isAdvanced ? advancedDevicesMax : devicesMax,
      (device, path) => {
        const same = before?.devices?.find(({ name }) => name === device.name);
        // Taints that were let in once are not looked at again.
        const taintsStand = same !== undefined && sameJson(same.taints, device.taints);
        return validateDevice(device, { perDevice, taintsStand }, path);
      },
      ({ name }) => name,
      specPath.child('devices'),
    ),
    ...validateSet(
      spec.sharedCounters,
      counterSetsMax,
      validateCounterSet,
      ({ name }) => name,
      specPath.child('sharedCounters'),
    ),
  );
  return errors;
}

function validatePool(pool: SliceSpec['pool'], path: FieldPath): readonly FieldError[] {
  const errors: FieldError[] = [...validatePoolName(pool.name, path.child('name'))];
  const { resourceSliceCount: count, generation } = pool;
  if (count <= 0) {
    errors.push(invalidValue(path.child('resourceSliceCount'), count, 'must be greater than zero'));
  }
  if (generation < 0) {
    const why = 'must be greater than or equal to zero';
    errors.push(invalidValue(path.child('generation'), generation, why));
  }
  return errors;
}

function validateFixed(spec: SliceSpec, before: SliceSpec): readonly FieldError[] {
  return [
    ...validateImmutableField(spec.pool.name, before.pool.name, specPath.child('pool', 'name')),
    ...validateImmutableField(spec.driver, before.driver, specPath.child('driver')),
    ...validateImmutableField(spec.nodeName, before.nodeName, specPath.child('nodeName')),
  ];
}

/** Exactly one of four ways to say which nodes reach the devices. */
function validateReach(spec: SliceSpec): readonly FieldError[] {
  const errors: FieldError[] = [];
  const given: string[] = [];
  const { nodeName, nodeSelector } = spec;
  const namePath = specPath.child('nodeName');
  if (nodeName === '') {
    errors.push(invalidValue(namePath, '', 'must be either unset or set to a non-empty string'));
  } else if (nodeName !== undefined) {
    given.push('`nodeName`');
    errors.push(...invalidEach(namePath, nodeName, validateDns1123Subdomain(nodeName)));
  }
  if (nodeSelector !== undefined) {
    given.push('`nodeSelector`');
    const path = specPath.child('nodeSelector');
    errors.push(...validateNodeSelector(nodeSelector as NodeSelector, path));
    const terms = nodeSelector.nodeSelectorTerms ?? [];
    if (terms.length !== 1) {
      const at = path.child('nodeSelectorTerms');
      errors.push(invalidValue(at, terms, 'must have exactly one node selector term'));
    }
  }
  for (const name of ['allNodes', 'perDeviceNodeSelection'] as const) {
    if (spec[name] === true) given.push(`\`${name}\``);
    else if (spec[name] === false) {
      const why = 'must be either unset or set to true';
      errors.push(invalidValue(specPath.child(name), false, why));
    }
  }
  const rule =
    'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required';
  if (given.length === 0) errors.push(required(specPath, rule));
  if (given.length > 1) {
    const why = `${rule}, but multiple fields are set`;
    errors.push(invalidValue(specPath, `{${given.join(', ')}}`, why));
  }
  return errors;
}
