// v1beta1 and v1: requests without `exactly`, devices with `basic`, and plain nodeName and allNodes.
import type { ResourceClaim, ResourceClaimTemplate, ResourceSlice } from '../../objects.ts';
import { defaultRequest } from './defaults.ts';
import type { ClaimSpec, DeviceRequest, ExactRequest, SliceSpec } from './types.ts';

/** How one kind looks in v1beta1; `defaults` are for that shape. */
export interface BetaConversion<T> {
  defaults?(object: T): void;
  toStorage(object: T): T;
  fromStorage(object: T): T;
}

/** A request of v1beta1: the fields of `exactly` stand beside the name. */
type BetaRequest = Omit<DeviceRequest, 'exactly'> & Partial<ExactRequest>;

interface BetaClaimSpec {
  devices?: Omit<NonNullable<ClaimSpec['devices']>, 'requests'> & { requests?: BetaRequest[] };
}

interface BetaDevice {
  name: string;
  basic?: object;
}

function toV1Request(request: BetaRequest): DeviceRequest {
  const { name, firstAvailable, ...exactly } = request;
  // Go writes an empty class name; alone it asks for nothing.
  const asks = Object.values(exactly).some((value) => value !== '');
  return {
    name,
    ...(asks ? { exactly: { deviceClassName: '', ...exactly } } : {}),
    ...(firstAvailable === undefined ? {} : { firstAvailable }),
  };
}

function fromV1Request({ name, exactly, firstAvailable }: DeviceRequest): BetaRequest {
  return {
    name,
    deviceClassName: '',
    ...exactly,
    ...(firstAvailable === undefined ? {} : { firstAvailable }),
  };
}

function defaultBetaSpec(spec: ClaimSpec | undefined): void {
  const { devices } = (spec ?? {}) as BetaClaimSpec;
  for (const request of devices?.requests ?? []) {
    if ((request.deviceClassName ?? '') !== '') defaultRequest(request as ExactRequest);
    else for (const each of request.tolerations ?? []) each.operator ||= 'Equal';
    for (const subRequest of request.firstAvailable ?? []) defaultRequest(subRequest);
  }
}

function mapRequests<From, To>(spec: ClaimSpec, change: (request: From) => To): ClaimSpec {
  const requests = spec.devices?.requests as From[] | undefined;
  if (requests === undefined) return spec;
  const devices = { ...spec.devices, requests: requests.map(change) };
  return { ...spec, devices } as ClaimSpec;
}

export const claimConversion: BetaConversion<ResourceClaim> = {
  defaults: ({ spec }) => defaultBetaSpec(spec),
  toStorage: (claim) => ({ ...claim, spec: mapRequests(claim.spec, toV1Request) }),
  fromStorage: (claim) => ({ ...claim, spec: mapRequests(claim.spec, fromV1Request) }),
};

export const templateConversion: BetaConversion<ResourceClaimTemplate> = {
  defaults: ({ spec }) => defaultBetaSpec(spec.spec),
  toStorage: (template) => withTemplateSpec(template, toV1Request),
  fromStorage: (template) => withTemplateSpec(template, fromV1Request),
};

function withTemplateSpec<From, To>(
  template: ResourceClaimTemplate,
  change: (request: From) => To,
): ResourceClaimTemplate {
  const { spec } = template;
  return { ...template, spec: { ...spec, spec: mapRequests(spec.spec, change) } };
}

export const sliceConversion: BetaConversion<ResourceSlice> = {
  toStorage(slice) {
    const { nodeName, allNodes, devices, ...rest } = slice.spec;
    const spec = {
      ...rest,
      ...((nodeName ?? '') === '' ? {} : { nodeName }),
      ...(allNodes === true ? { allNodes } : {}),
      ...(devices === undefined ? {} : { devices: (devices as BetaDevice[]).map(toV1Device) }),
    };
    return { ...slice, spec: spec as SliceSpec };
  },
  fromStorage(slice) {
    const { devices } = slice.spec;
    if (devices === undefined) return slice;
    const beta = devices.map(({ name, ...basic }) => ({ name, basic }));
    return { ...slice, spec: { ...slice.spec, devices: beta } };
  },
};

function toV1Device({ name, basic }: BetaDevice) {
  return { name, ...basic };
}
