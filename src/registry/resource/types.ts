// The parts of claims and slices, named as the API's own documentation names them.
import type { DeviceClass, ResourceClaim, ResourceSlice } from '../../objects.ts';

type Item<T> = NonNullable<T> extends readonly (infer I)[] ? I : never;
type Value<T> = NonNullable<T> extends { [key: string]: infer V } ? V : never;

export type ClaimSpec = ResourceClaim['spec'];
export type ClaimStatus = NonNullable<ResourceClaim['status']>;
export type DeviceClaim = NonNullable<ClaimSpec['devices']>;
export type DeviceRequest = Item<DeviceClaim['requests']>;
export type ExactRequest = NonNullable<DeviceRequest['exactly']>;
export type SubRequest = Item<DeviceRequest['firstAvailable']>;
export type DeviceConstraint = Item<DeviceClaim['constraints']>;
export type DeviceSelector = Item<ExactRequest['selectors']>;
export type DeviceToleration = Item<ExactRequest['tolerations']>;
export type ClassConfiguration = Item<DeviceClass['spec']['config']>;
export type Allocation = NonNullable<ClaimStatus['allocation']>;
export type AllocationResult = Item<NonNullable<Allocation['devices']>['results']>;
export type AllocationConfiguration = Item<NonNullable<Allocation['devices']>['config']>;
export type DeviceStatus = Item<ClaimStatus['devices']>;
export type SliceSpec = NonNullable<ResourceSlice['spec']>;
export type Device = Item<SliceSpec['devices']>;
export type DeviceTaint = Item<Device['taints']>;
export type CounterSet = Item<SliceSpec['sharedCounters']>;
export type CounterConsumption = Item<Device['consumesCounters']>;
export type DeviceAttribute = Value<Device['attributes']>;
export type DeviceCapacity = Value<Device['capacity']>;
export type RequestPolicy = NonNullable<DeviceCapacity['requestPolicy']>;
