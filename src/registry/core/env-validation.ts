// Environment variables of containers: names, and the one source a value may come from.
import { type FieldError, type FieldPath, invalidValue, required } from '../field.ts';
import {
  validateConfigMapKey,
  validateDns1123Subdomain,
  validateEnvVarName,
  validateQualifiedName,
} from '../metadata/names.ts';
import { invalidEach } from '../metadata/object-meta.ts';
import { validateFieldSelector, validateResourceSelector } from './field-ref-validation.ts';
import type { EnvFromSource, EnvVar } from './types.ts';

type EnvVarSource = NonNullable<EnvVar['valueFrom']>;

const envFieldPaths = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
const onlyOne = 'may not have more than one field specified at a time';

export function validateEnv(variables: readonly EnvVar[], path: FieldPath): FieldError[] {
  return variables.flatMap((variable, index) => {
    const own = path.index(index);
    const { name = '' } = variable;
    const errors =
      name === ''
        ? [required(own.child('name'))]
        : invalidEach(own.child('name'), name, validateEnvVarName(name));
    return [...errors, ...validateValueFrom(variable, own.child('valueFrom'))];
  });
}

function validateValueFrom({ value, valueFrom }: EnvVar, path: FieldPath): FieldError[] {
  if (!valueFrom) return [];
  const { errors, count } = validateSources(valueFrom, path);
  if (count === 0) {
    const why =
      'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or ' +
      '`fileKeyRef`';
    errors.push(invalidValue(path, '', why));
  } else if ((value ?? '') !== '') {
    errors.push(invalidValue(path, '', 'may not be specified when `value` is not empty'));
  } else if (count > 1) {
    errors.push(invalidValue(path, '', onlyOne));
  }
  return errors;
}

function validateSources(
  source: EnvVarSource,
  path: FieldPath,
): { readonly errors: FieldError[]; readonly count: number } {
  const errors: FieldError[] = [];
  let count = 0;
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = source;
  if (fieldRef) {
    count++;
    const own = path.child('fieldRef');
    errors.push(...validateFieldSelector(fieldRef, envFieldPaths, own));
    errors.push(...validateSubscript(fieldRef.fieldPath ?? '', own));
  }
  if (resourceFieldRef) {
    count++;
    errors.push(
      ...validateResourceSelector(resourceFieldRef, path.child('resourceFieldRef'), false),
    );
  }
  if (configMapKeyRef) {
    count++;
    errors.push(...validateKeyRef(configMapKeyRef, path.child('configMapKeyRef')));
  }
  if (secretKeyRef) {
    count++;
    errors.push(...validateKeyRef(secretKeyRef, path.child('secretKeyRef')));
  }
  if (fileKeyRef) {
    count++;
    const own = path.child('fileKeyRef');
    for (const name of ['key', 'volumeName', 'path'] as const) {
      if (!fileKeyRef[name]) errors.push(required(own.child(name)));
    }
  }
  return { errors, count };
}

/** The key between brackets of `metadata.annotations['a.b/c']`. */
function validateSubscript(fieldPath: string, path: FieldPath): FieldError[] {
  const match = /^metadata\.(annotations|labels)\['(.*)'\]$/.exec(fieldPath);
  if (match === null) return [];
  const key = match[2] ?? '';
  const name = match[1] === 'annotations' ? key.toLowerCase() : key;
  return invalidEach(path, key, validateQualifiedName(name));
}

function validateKeyRef(
  reference: { readonly name?: string; readonly key?: string },
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  if (!reference.name) errors.push(required(path.child('name')));
  if (!reference.key) errors.push(required(path.child('key')));
  else {
    errors.push(
      ...invalidEach(path.child('key'), reference.key, validateConfigMapKey(reference.key)),
    );
  }
  return errors;
}

export function validateEnvFrom(sources: readonly EnvFromSource[], path: FieldPath): FieldError[] {
  return sources.flatMap((source, index) => {
    const own = path.index(index);
    const errors: FieldError[] = [];
    if (source.prefix) {
      const prefixPath = own.child('prefix');
      errors.push(...invalidEach(prefixPath, source.prefix, validateEnvVarName(source.prefix)));
    }
    let count = 0;
    for (const kind of ['configMapRef', 'secretRef'] as const) {
      const reference = source[kind];
      if (!reference) continue;
      count++;
      if (!reference.name) errors.push(required(own.child(kind, 'name')));
      else {
        const namePath = own.child(kind, 'name');
        const messages = validateDns1123Subdomain(reference.name);
        errors.push(...invalidEach(namePath, reference.name, messages));
      }
    }
    if (count === 0) {
      // Upstream names the list here, not the item.
      errors.push(invalidValue(path, '', 'must specify one of: `configMapRef` or `secretRef`'));
    } else if (count > 1) {
      errors.push(invalidValue(own, '', onlyOne));
    }
    return errors;
  });
}
