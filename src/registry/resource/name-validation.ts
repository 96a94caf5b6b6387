// The names that claims and slices use: drivers, pools, requests, attributes.
import { type FieldError, type FieldPath, invalidValue, required, tooLong } from '../field.ts';
import {
  validateCIdentifier,
  validateDns1123Label,
  validateDns1123Subdomain,
} from '../metadata/names.ts';
import { invalidEach } from '../metadata/object-meta.ts';

const driverNameLengthMax = 63;
const poolNameLengthMax = 253;
const idLengthMax = 32;
/** `domain/name` of an attribute or a capacity. */
export const qualifiedNameLengthMax: number = driverNameLengthMax + 1 + idLengthMax;

/** Names of requests, devices and counters. */
export function validateLabelLike(name: string, path: FieldPath): readonly FieldError[] {
  return invalidEach(path, name, validateDns1123Label(name));
}

export function validateDriverName(name: string, path: FieldPath): readonly FieldError[] {
  if (name === '') return [required(path)];
  const errors: FieldError[] = [];
  if (Buffer.byteLength(name) > driverNameLengthMax) {
    errors.push(tooLong(path, driverNameLengthMax));
  }
  return [...errors, ...invalidEach(path, name, validateDns1123Subdomain(name.toLowerCase()))];
}

/** Subdomains with slashes between them. */
export function validatePoolName(name: string, path: FieldPath): readonly FieldError[] {
  if (name === '') return [required(path)];
  const errors: FieldError[] = [];
  if (Buffer.byteLength(name) > poolNameLengthMax) errors.push(tooLong(path, poolNameLengthMax));
  for (const part of name.split('/')) {
    errors.push(...invalidEach(path, part, validateDns1123Subdomain(part)));
  }
  return errors;
}

export function validateDeviceClassName(name: string, path: FieldPath): readonly FieldError[] {
  if (name === '') return [required(path)];
  return invalidEach(path, name, validateDns1123Subdomain(name));
}

/** `name` or `domain/name`; as upstream, nothing is said of more slashes. */
export function validateAttributeName(name: string, path: FieldPath): readonly FieldError[] {
  const parts = name.split('/');
  if (parts.length > 2) return [];
  if (parts.length === 1) return validateId(name, path);
  const [domain = '', id = ''] = parts;
  return [
    ...(domain === ''
      ? [invalidValue(path, '', 'the domain must not be empty')]
      : validateDriverName(domain, path)),
    ...(id === '' ? [invalidValue(path, '', 'the name must not be empty')] : validateId(id, path)),
  ];
}

/** The same with a domain. */
export function validateFullAttributeName(name: string, path: FieldPath): readonly FieldError[] {
  const errors = [...validateAttributeName(name, path)];
  if (!name.includes('/')) {
    const why = 'a fully qualified name must be a domain and a name separated by a slash';
    errors.push(invalidValue(path, name, why));
  }
  return errors;
}

function validateId(id: string, path: FieldPath): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (Buffer.byteLength(id) > idLengthMax) errors.push(tooLong(path, idLengthMax));
  return [...errors, ...invalidEach(path, id, validateCIdentifier(id))];
}

const uuid = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;
/** Plain, with a urn prefix, in braces, without dashes. */
const uuidLengths = new Set([36, 45, 38, 32]);

/** Lower-case hexadecimal digits in the RFC's groups. */
export function validateUid(uid: string, path: FieldPath): readonly FieldError[] {
  if (uuid.test(uid)) return [];
  const bare = uid.replace(/^urn:uuid:/i, '').replaceAll(/[{}]/g, '');
  if (!uuidLengths.has(uid.length)) {
    const why = `error validating uid: invalid UUID length: ${uid.length}`;
    return [invalidValue(path, uid, why)];
  }
  if (!uuid.test(bare.toLowerCase()) && !/^[0-9a-f]{32}$/i.test(bare)) {
    return [invalidValue(path, uid, 'error validating uid: invalid UUID format')];
  }
  const why =
    'uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with ' +
    'lowercase hexadecimal characters';
  return [invalidValue(path, uid, why)];
}
