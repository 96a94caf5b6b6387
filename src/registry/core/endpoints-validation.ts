// Endpoints: well-formed subsets of addresses and ports.
import { isIP } from 'node:net';
import type { Endpoints } from '../../objects.ts';
import { type FieldError, FieldPath, invalidValue, notSupported, required } from '../field.ts';
import {
  validateDns1123Label,
  validateDns1123Subdomain,
  validatePortNumber,
} from '../metadata/names.ts';
import { invalidEach } from '../metadata/object-meta.ts';
import { validateIp } from './ip-validation.ts';

type Subset = NonNullable<Endpoints['subsets']>[number];
type Address = NonNullable<Subset['addresses']>[number];
type Port = NonNullable<Subset['ports']>[number];

const specialV4: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/^0\.0\.0\.0$/, 'may not be unspecified (0.0.0.0)'],
  [/^127\./, 'may not be in the loopback range (127.0.0.0/8, ::1/128)'],
  [/^169\.254\./, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
  [/^224\.0\.0\./, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'],
];
const specialV6: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/^::$/, 'may not be unspecified (::)'],
  [/^::1$/, 'may not be in the loopback range (127.0.0.0/8, ::1/128)'],
  [/^fe[89ab]/i, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
  [/^ff02:/i, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'],
];

/** Addresses that traffic must never be sent to. */
export function validateNonSpecialIp(ip: string, path: FieldPath): FieldError[] {
  if (isIP(ip) === 0) return [invalidValue(path, ip, 'must be a valid IP address')];
  const rules = isIP(ip) === 4 ? specialV4 : specialV6;
  return rules
    .filter(([pattern]) => pattern.test(ip))
    .map(([, why]) => invalidValue(path, ip, why));
}

function validateAddress(address: Address, path: FieldPath): FieldError[] {
  const ip = address.ip ?? '';
  const errors = validateIp(ip, path.child('ip'));
  if (address.hostname) {
    const messages = validateDns1123Label(address.hostname);
    errors.push(...invalidEach(path.child('hostname'), address.hostname, messages));
  }
  if (address.nodeName !== undefined) {
    const messages = validateDns1123Subdomain(address.nodeName);
    errors.push(...invalidEach(path.child('nodeName'), address.nodeName, messages));
  }
  return [...errors, ...validateNonSpecialIp(ip, path.child('ip'))];
}

function validatePort(port: Port, needsName: boolean, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (!port.name) {
    if (needsName) errors.push(required(path.child('name')));
  } else {
    errors.push(...invalidEach(path.child('name'), port.name, validateDns1123Label(port.name)));
  }
  const number = port.port ?? 0;
  errors.push(...invalidEach(path.child('port'), number, validatePortNumber(number)));
  const protocols = ['SCTP', 'TCP', 'UDP'];
  if (!port.protocol) errors.push(required(path.child('protocol')));
  else if (!protocols.includes(port.protocol)) {
    errors.push(notSupported(path.child('protocol'), port.protocol, protocols));
  }
  return errors;
}

function validateSubset(subset: Subset, path: FieldPath): FieldError[] {
  const { addresses = [], notReadyAddresses = [], ports = [] } = subset;
  const errors: FieldError[] = [];
  if (addresses.length === 0 && notReadyAddresses.length === 0) {
    errors.push(required(path, 'must specify `addresses` or `notReadyAddresses`'));
  }
  addresses.forEach((address, index) => {
    errors.push(...validateAddress(address, path.child('addresses').index(index)));
  });
  notReadyAddresses.forEach((address, index) => {
    errors.push(...validateAddress(address, path.child('notReadyAddresses').index(index)));
  });
  ports.forEach((port, index) => {
    const own = path.child('ports').index(index);
    errors.push(...validatePort(port, ports.length > 1, own));
  });
  return errors;
}

export function validateEndpoints(endpoints: Endpoints): FieldError[] {
  const path = FieldPath.of('subsets');
  return (endpoints.subsets ?? []).flatMap((subset, index) =>
    validateSubset(subset, path.index(index)),
  );
}
