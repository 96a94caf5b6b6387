// Checks what a claim asks for: requests, constraints, and configuration for drivers.

import {
  type FieldError,
  type FieldPath,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from '../field.ts';
import { validateLabelValue } from '../metadata/names.ts';
import { invalidEach } from '../metadata/object-meta.ts';
import { toJson } from '../schema/json.ts';
import { validateLabelName } from '../selector-validation.ts';
import { validateList, validateSet } from './lists.ts';
import {
  validateDeviceClassName,
  validateDriverName,
  validateFullAttributeName,
  validateLabelLike,
} from './name-validation.ts';
import type {
  ClaimSpec,
  ClassConfiguration,
  DeviceConstraint,
  DeviceRequest,
  DeviceSelector,
  DeviceToleration,
  ExactRequest,
  SubRequest,
} from './types.ts';

export const requestsMax = 32;
const constraintsMax = 32;
export const configurationsMax = 32;
export const selectorsMax = 32;
const firstAvailableMax = 8;
const celBytesMax = 10 * 1024;
const opaqueBytesMax = 10 * 1024;
const allocationModes = ['All', 'ExactCount'];
export const taintEffects: readonly string[] = ['NoExecute', 'NoSchedule', 'None'];
const tolerationOperators = ['Equal', 'Exists'];

/** What other fields may refer to: each request with its subrequests. */
export type RequestNames = ReadonlyMap<string, ReadonlySet<string>>;

export function requestNamesOf(spec: ClaimSpec | undefined): RequestNames {
  const requests = spec?.devices?.requests ?? [];
  return new Map(
    requests.map(({ name, firstAvailable = [] }) => [
      name,
      new Set(firstAvailable.map((subRequest) => subRequest.name)),
    ]),
  );
}

/** `path` is that of the spec. */
export function validateClaimSpec(
  spec: ClaimSpec | undefined,
  path: FieldPath,
): readonly FieldError[] {
  const names = requestNamesOf(spec);
  const devices = path.child('devices');
  const { requests, constraints, config } = spec?.devices ?? {};
  return [
    ...validateSet(
      requests,
      requestsMax,
      validateRequest,
      ({ name }) => name,
      devices.child('requests'),
    ),
    ...validateList(
      constraints,
      constraintsMax,
      (constraint, at) => validateConstraint(constraint, names, at),
      devices.child('constraints'),
    ),
    ...validateList(
      config,
      configurationsMax,
      (entry, at) => [
        ...validateRequestReferences(entry.requests, names, at.child('requests')),
        ...validateConfiguration(entry, at),
      ],
      devices.child('config'),
    ),
  ];
}

function validateRequest(request: DeviceRequest, path: FieldPath): readonly FieldError[] {
  const errors: FieldError[] = [...validateLabelLike(request.name, path.child('name'))];
  const { exactly, firstAvailable = [] } = request;
  const why = 'exactly one of `exactly` or `firstAvailable` is required';
  if (exactly !== undefined && firstAvailable.length > 0) {
    errors.push(invalidValue(path, null, `${why}, but multiple fields are set`));
  } else if (exactly !== undefined) {
    errors.push(...validateWanted(exactly, path.child('exactly')));
  } else if (firstAvailable.length > 0) {
    const check = (each: SubRequest, at: FieldPath) => [
      ...validateLabelLike(each.name, at.child('name')),
      ...validateWanted(each, at),
    ];
    const at = path.child('firstAvailable');
    errors.push(...validateSet(firstAvailable, firstAvailableMax, check, ({ name }) => name, at));
  } else errors.push(required(path, why));
  return errors;
}

/** What a request and a subrequest have in common: which devices, and how many. */
function validateWanted(wanted: ExactRequest | SubRequest, path: FieldPath): readonly FieldError[] {
  const { deviceClassName, selectors, tolerations = [] } = wanted;
  return [
    ...validateDeviceClassName(deviceClassName, path.child('deviceClassName')),
    ...validateSelectors(selectors, path.child('selectors')),
    ...validateAllocationMode(wanted, path),
    ...tolerations.flatMap((toleration, index) =>
      validateToleration(toleration, path.child('tolerations').index(index)),
    ),
  ];
}

function validateAllocationMode(
  { allocationMode: mode = '', count = 0 }: ExactRequest | SubRequest,
  path: FieldPath,
): readonly FieldError[] {
  const at = path.child('count');
  if (mode === 'ExactCount') {
    return count > 0 ? [] : [invalidValue(at, count, 'must be greater than zero')];
  }
  if (mode !== 'All') return [notSupported(path.child('allocationMode'), mode, allocationModes)];
  const why = "must not be specified when allocationMode is 'All'";
  return count === 0 ? [] : [invalidValue(at, count, why)];
}

export function validateSelectors(
  selectors: readonly DeviceSelector[] | undefined,
  path: FieldPath,
): readonly FieldError[] {
  return validateList(selectors, selectorsMax, validateSelector, path);
}

/** Whether the expression compiles is the CEL compiler's to say, which is not there yet. */
function validateSelector({ cel }: DeviceSelector, path: FieldPath): readonly FieldError[] {
  if (cel === undefined) return [required(path.child('cel'))];
  if (Buffer.byteLength(cel.expression) <= celBytesMax) return [];
  return [tooLong(path.child('cel', 'expression'), celBytesMax)];
}

function validateToleration(
  { key = '', operator = '', value = '', effect = '' }: DeviceToleration,
  path: FieldPath,
): readonly FieldError[] {
  const errors: FieldError[] = key === '' ? [] : validateLabelName(key, path.child('key'));
  const valuePath = path.child('value');
  if (operator === 'Exists') {
    if (value !== '') {
      errors.push(invalidValue(valuePath, value, 'must be empty for operator `Exists`'));
    }
  } else if (operator === 'Equal') {
    errors.push(...invalidEach(valuePath, value, validateLabelValue(value)));
  } else if (operator === '') errors.push(required(path.child('operator')));
  else errors.push(notSupported(path.child('operator'), operator, tolerationOperators));
  if (effect !== '' && !taintEffects.includes(effect)) {
    errors.push(notSupported(path.child('effect'), effect, taintEffects));
  }
  return errors;
}

function validateConstraint(
  { requests, matchAttribute, distinctAttribute }: DeviceConstraint,
  names: RequestNames,
  path: FieldPath,
): readonly FieldError[] {
  const errors = [...validateRequestReferences(requests, names, path.child('requests'))];
  if (matchAttribute !== undefined) {
    errors.push(...validateFullAttributeName(matchAttribute, path.child('matchAttribute')));
  } else if (distinctAttribute !== undefined) {
    errors.push(...validateFullAttributeName(distinctAttribute, path.child('distinctAttribute')));
  } else {
    // Upstream's words, though none is set here.
    const why =
      'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields ' +
      'are set';
    errors.push(required(path, why));
  }
  return errors;
}

export function validateRequestReferences(
  references: readonly string[] | undefined,
  names: RequestNames,
  path: FieldPath,
): readonly FieldError[] {
  const check = (name: string, at: FieldPath) => validateRequestReference(name, names, at);
  return validateSet(references, requestsMax, check, (name) => name, path);
}

/** `request` or `request/subrequest`. */
export function validateRequestReference(
  name: string,
  names: RequestNames,
  path: FieldPath,
): readonly FieldError[] {
  const why =
    'must be the name of a request in the claim or the name of a request and a subrequest ' +
    "separated by '/'";
  const segments = name.split('/');
  if (segments.length > 2) return [invalidValue(path, name, why)];
  const errors = segments.flatMap((segment) => validateLabelLike(segment, path));
  const [request = '', subRequest] = segments;
  const found = names.get(request);
  const known = subRequest === undefined ? found !== undefined : found?.has(subRequest) === true;
  return known ? errors : [...errors, invalidValue(path, name, why)];
}

/** `path` is that of the entry that embeds the configuration. */
export function validateConfiguration(
  { opaque }: ClassConfiguration,
  path: FieldPath,
): readonly FieldError[] {
  const at = path.child('opaque');
  if (opaque === undefined) return [required(at)];
  return [
    ...validateDriverName(opaque.driver, at.child('driver')),
    ...validateRawObject(opaque.parameters, at.child('parameters'), opaqueBytesMax),
  ];
}

/** A JSON object that is there and not too long. */
export function validateRawObject(
  value: unknown,
  path: FieldPath,
  bytesMax: number,
): readonly FieldError[] {
  if (value === undefined || value === null) return [required(path)];
  if (Buffer.byteLength(toJson(value)) > bytesMax) return [tooLong(path, bytesMax)];
  if (typeof value === 'object' && !Array.isArray(value)) return [];
  return [invalidValue(path, '<value omitted>', 'must be a valid JSON object')];
}
