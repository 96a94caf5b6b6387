// What a Secret may hold, by its type, and what may not change: type, and all once immutable.
import type { Secret } from '../../objects.ts';
import { type FieldError, FieldPath, invalidValue, required, tooLong } from '../field.ts';
import { validateConfigMapKey } from '../metadata/names.ts';
import { jsonSyntaxError } from '../schema/go-errors.ts';
import { base64Bytes, maxDataBytes, validateImmutable } from './config-map-validation.ts';

const dataPath = FieldPath.of('data');

/** The keys that a type cannot do without. */
const requiredKeys: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
};

function decoded(secret: Secret, key: string): string {
  return Buffer.from(secret.data?.[key] ?? '', 'base64').toString();
}

export function validateSecret(secret: Secret): readonly FieldError[] {
  const errors: FieldError[] = [];
  let totalBytes = 0;
  for (const [key, value] of Object.entries(secret.data ?? {})) {
    for (const message of validateConfigMapKey(key)) {
      errors.push(invalidValue(dataPath.key(key), key, message));
    }
    totalBytes += base64Bytes(value);
  }
  if (totalBytes > maxDataBytes) errors.push(tooLong(dataPath, maxDataBytes));
  return [...errors, ...validateSecretType(secret)];
}

function validateSecretType(secret: Secret): readonly FieldError[] {
  const errors: FieldError[] = [];
  const type = secret.type ?? '';
  if (type === 'kubernetes.io/service-account-token') {
    const key = 'kubernetes.io/service-account.name';
    if ((secret.metadata?.annotations?.[key] ?? '') === '') {
      errors.push(required(FieldPath.of('metadata', 'annotations').key(key)));
    }
  }
  if (type === 'kubernetes.io/basic-auth') {
    const { data } = secret;
    if (data?.username === undefined && data?.password === undefined) {
      errors.push(required(dataPath.key('username')), required(dataPath.key('password')));
    }
  }
  const needed = Object.hasOwn(requiredKeys, type) ? (requiredKeys[type] ?? []) : [];
  for (const key of needed) {
    if (secret.data?.[key] === undefined) errors.push(required(dataPath.key(key)));
  }
  for (const key of ['.dockercfg', '.dockerconfigjson']) {
    if (needed[0] !== key || secret.data?.[key] === undefined) continue;
    try {
      JSON.parse(decoded(secret, key));
    } catch {
      const why = jsonSyntaxError(decoded(secret, key));
      errors.push(invalidValue(dataPath.key(key), '<secret contents redacted>', why));
    }
  }
  return errors;
}

export function validateSecretUpdate(next: Secret, old: Secret): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (next.type !== old.type) {
    errors.push(invalidValue(FieldPath.of('type'), next.type, 'field is immutable'));
  }
  return [
    ...errors,
    ...validateImmutable(next, old, [{ name: 'data', next: next.data, old: old.data }]),
  ];
}
