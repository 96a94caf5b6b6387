// EndpointSlices: one address type for good, bounded numbers of endpoints, addresses and ports.
import { isIP } from 'node:net';
import type { EndpointSlice } from '../../objects.ts';
import { validateNonSpecialIp } from '../core/endpoints-validation.ts';
import {
  duplicate,
  type FieldError,
  FieldPath,
  invalidValue,
  notSupported,
  required,
  tooMany,
} from '../field.ts';
import {
  validateDns1123Label,
  validateDns1123Subdomain,
  validateLabelValue,
  validateQualifiedName,
} from '../metadata/names.ts';
import { invalidEach } from '../metadata/object-meta.ts';

type Endpoint = NonNullable<EndpointSlice['endpoints']>[number];
type Port = NonNullable<EndpointSlice['ports']>[number];

const addressTypes = ['FQDN', 'IPv4', 'IPv6'];
const endpointsMax = 1000;
const addressesMax = 100;
const portsMax = 20000;
const hintsMax = 8;

function validateAddress(
  address: string,
  type: string | undefined,
  list: FieldPath,
  index: number,
): FieldError[] {
  const path = list.index(index);
  if (type === 'FQDN') return invalidEach(path, address, validateDns1123Subdomain(address));
  // An address of a type that there is not has been complained about already.
  if (type !== 'IPv4' && type !== 'IPv6') return [];
  const version = type === 'IPv4' ? 4 : 6;
  const found = isIP(address);
  if (found === 0) {
    const why = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
    return [invalidValue(path, address, why)];
  }
  const wrong =
    found === version ? [] : [invalidValue(list, address, `must be an ${type} address`)];
  return [...wrong, ...validateNonSpecialIp(address, path)];
}

function validateEndpoint(
  endpoint: Endpoint,
  type: string | undefined,
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  const addresses = endpoint.addresses ?? [];
  const addressesPath = path.child('addresses');
  if (addresses.length === 0) {
    errors.push(required(addressesPath, 'must contain at least 1 address'));
  } else if (addresses.length > addressesMax) {
    errors.push(tooMany(addressesPath, addresses.length, addressesMax));
  }
  addresses.forEach((address, index) => {
    errors.push(...validateAddress(address, type, addressesPath, index));
  });
  if (endpoint.nodeName !== undefined) {
    const messages = validateDns1123Subdomain(endpoint.nodeName);
    errors.push(...invalidEach(path.child('nodeName'), endpoint.nodeName, messages));
  }
  for (const key of Object.keys(endpoint.deprecatedTopology ?? {})) {
    const own = path.child('deprecatedTopology').key(key);
    errors.push(...invalidEach(own, key, validateQualifiedName(key)));
  }
  if (endpoint.hostname !== undefined) {
    const messages = validateDns1123Label(endpoint.hostname);
    errors.push(...invalidEach(path.child('hostname'), endpoint.hostname, messages));
  }
  return [...errors, ...validateHints(endpoint, path.child('hints'))];
}

function validateHints({ hints }: Endpoint, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ['forZones', 'forNodes'] as const) {
    const list = hints?.[field] ?? [];
    const own = path.child(field);
    if (list.length > hintsMax) errors.push(tooMany(own, list.length, hintsMax));
    const seen = new Set<string>();
    list.forEach(({ name }, index) => {
      const namePath = own.index(index).child('name');
      if (seen.has(name)) errors.push(duplicate(namePath, name));
      seen.add(name);
      const check = field === 'forZones' ? validateLabelValue : validateDns1123Subdomain;
      errors.push(...invalidEach(namePath, name ?? '', check(name ?? '')));
    });
  }
  return errors;
}

function validatePorts(ports: readonly Port[], path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (ports.length > portsMax) return [tooMany(path, ports.length, portsMax)];
  const names = new Set<string>();
  for (const [index, { name = '', protocol, appProtocol }] of ports.entries()) {
    const own = path.index(index);
    if (name !== '') {
      errors.push(...invalidEach(own.child('name'), name, validateDns1123Label(name)));
    }
    if (names.has(name)) errors.push(duplicate(own.child('name'), name));
    names.add(name);
    const protocols = ['SCTP', 'TCP', 'UDP'];
    if (protocol === undefined) errors.push(required(own.child('protocol')));
    else if (!protocols.includes(protocol)) {
      errors.push(notSupported(own.child('protocol'), protocol, protocols));
    }
    if (appProtocol !== undefined) {
      const messages = validateQualifiedName(appProtocol);
      errors.push(...invalidEach(own.child('appProtocol'), appProtocol, messages));
    }
  }
  return errors;
}

export function validateEndpointSlice(slice: EndpointSlice): FieldError[] {
  const errors: FieldError[] = [];
  const typePath = FieldPath.of('addressType');
  if (!slice.addressType) errors.push(required(typePath));
  else if (!addressTypes.includes(slice.addressType)) {
    errors.push(notSupported(typePath, slice.addressType, addressTypes));
  }
  errors.push(...validatePorts(slice.ports ?? [], FieldPath.of('ports')));
  const path = FieldPath.of('endpoints');
  const endpoints = slice.endpoints ?? [];
  if (endpoints.length > endpointsMax) {
    errors.push(tooMany(path, endpoints.length, endpointsMax));
  } else {
    endpoints.forEach((endpoint, index) => {
      errors.push(...validateEndpoint(endpoint, slice.addressType, path.index(index)));
    });
  }
  return errors;
}

export function validateEndpointSliceUpdate(next: EndpointSlice, old: EndpointSlice): FieldError[] {
  if (next.addressType === old.addressType) return [];
  return [invalidValue(FieldPath.of('addressType'), next.addressType, 'field is immutable')];
}
