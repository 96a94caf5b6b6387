// What storage classes and classes of volume attributes have in common: a driver and parameters.
import { type FieldError, type FieldPath, invalidValue, required, tooLong } from '../field.ts';
import { validateQualifiedName } from '../metadata/names.ts';
import { invalidEach } from '../metadata/object-meta.ts';

const parametersBytesMax = 256 * 1024;
const parametersCountMax = 512;

export function validateProvisioner(name: string | undefined, path: FieldPath): FieldError[] {
  if (!name) return [required(path)];
  const lower = name.toLowerCase();
  return invalidEach(path, lower, validateQualifiedName(lower));
}

export function validateParameters(
  parameters: Readonly<Record<string, string>> | undefined,
  path: FieldPath,
): FieldError[] {
  const entries = Object.entries(parameters ?? {});
  if (entries.length > parametersCountMax) return [tooLong(path, parametersCountMax)];
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const [key, value] of entries) {
    if (key === '') errors.push(invalidValue(path, key, 'field can not be empty.'));
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (bytes > parametersBytesMax) errors.push(tooLong(path, parametersBytesMax));
  return errors;
}
