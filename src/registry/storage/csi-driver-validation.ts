// CSIDrivers: what a driver says of itself, and what it cannot take back.
import type { CSIDriver } from '../../objects.ts';
import { sameJson } from '../engine/json.ts';
import {
  duplicate,
  type FieldError,
  FieldPath,
  invalidValue,
  notSupported,
  required,
} from '../field.ts';
import { validateImmutableField } from '../metadata/object-meta.ts';

type Spec = NonNullable<CSIDriver['spec']>;
type TokenRequest = NonNullable<Spec['tokenRequests']>[number];

const specPath = FieldPath.of('spec');
const fsGroupPolicies = ['File', 'None', 'ReadWriteOnceWithFSType'];
const lifecycleModes = ['Persistent', 'Ephemeral'];
const updatePeriodMinSeconds = 10;

function validateTokenRequests(requests: readonly TokenRequest[], path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const audiences = new Set<string>();
  for (const [index, { audience = '', expirationSeconds: seconds }] of requests.entries()) {
    const own = path.index(index);
    if (audiences.has(audience)) {
      errors.push(duplicate(own.child('audience'), audience));
      continue;
    }
    audiences.add(audience);
    const secondsPath = own.child('expirationSeconds');
    if (seconds !== undefined && seconds < 600) {
      const why = 'may not specify a duration less than 10 minutes';
      errors.push(invalidValue(secondsPath, seconds, why));
    }
    if (seconds !== undefined && seconds > 2 ** 32) {
      const why = 'may not specify a duration larger than 2^32 seconds';
      errors.push(invalidValue(secondsPath, seconds, why));
    }
  }
  return errors;
}

/** Defaults fill these; upstream checks them all the same. */
const requiredFields = [
  ['attachRequired', 'attachedRequired'],
  ['podInfoOnMount', 'podInfoOnMount'],
  ['storageCapacity', 'storageCapacity'],
] as const;

export function validateCsiDriver(driver: CSIDriver): FieldError[] {
  const spec: Partial<Spec> = driver.spec ?? {};
  const { fsGroupPolicy, tokenRequests = [], nodeAllocatableUpdatePeriodSeconds: period } = spec;
  const errors = requiredFields.flatMap(([field, name]) =>
    spec[field] === undefined ? [required(specPath.child(name))] : [],
  );
  if (fsGroupPolicy !== undefined && !fsGroupPolicies.includes(fsGroupPolicy)) {
    const own = specPath.child('fsGroupPolicy');
    errors.push(notSupported(own, fsGroupPolicy, fsGroupPolicies));
  }
  errors.push(...validateTokenRequests(tokenRequests, specPath.child('tokenRequests')));
  for (const mode of spec.volumeLifecycleModes ?? []) {
    if (lifecycleModes.includes(mode)) continue;
    errors.push(notSupported(specPath.child('volumeLifecycleModes'), mode, lifecycleModes));
  }
  if (spec.seLinuxMount === undefined) errors.push(required(specPath.child('seLinuxMount')));
  if (period !== undefined && period < updatePeriodMinSeconds) {
    const own = specPath.child('nodeAllocatableUpdatePeriodSeconds');
    errors.push(invalidValue(own, period, 'must be greater than or equal to 10 seconds'));
  }
  const { serviceAccountTokenInSecrets: inSecrets } = spec;
  if (inSecrets !== undefined && tokenRequests.length === 0) {
    const own = specPath.child('serviceAccountTokenInSecrets');
    const why = 'serviceAccountTokenInSecrets is set but no tokenRequests are specified';
    errors.push(invalidValue(own, inSecrets, why));
  }
  return errors;
}

export function validateCsiDriverUpdate(next: CSIDriver, old: CSIDriver): readonly FieldError[] {
  const [spec, before] = [next.spec, old.spec];
  const attach = specPath.child('attachedRequired');
  const modes = specPath.child('volumeLifecycleModes');
  return [
    ...validateImmutableField(spec?.attachRequired, before?.attachRequired, attach),
    ...validateImmutableField(spec?.volumeLifecycleModes, before?.volumeLifecycleModes, modes),
  ];
}

/** On create, and where an update changes the tokens that a driver asks for. */
export function csiDriverWarnings(driver: CSIDriver, old: CSIDriver | undefined): string[] {
  const { tokenRequests = [], serviceAccountTokenInSecrets } = driver.spec ?? {};
  if (tokenRequests.length === 0 || serviceAccountTokenInSecrets !== undefined) return [];
  if (old !== undefined && sameJson(old.spec?.tokenRequests, tokenRequests)) return [];
  return [
    'spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to ' +
      'prevent possible logging of tokens in volume attributes',
  ];
}
