// Field paths and field errors: what validation collects, spelled as upstream's field package does.

import type { StatusCause } from '../status.ts';
import { toJson } from './schema/json.ts';

/** An immutable path such as `spec.containers[0].name` or `metadata.annotations[a.b/c]`. */
export class FieldPath {
  readonly #text: string;
  private constructor(text: string) {
    this.#text = text;
  }
  static readonly root: FieldPath = new FieldPath('');
  /** `FieldPath.of('spec', 'template')`. */
  static of(...names: readonly string[]): FieldPath {
    return new FieldPath(names.join('.'));
  }
  child(...names: readonly string[]): FieldPath {
    const tail = names.join('.');
    return new FieldPath(this.#text === '' ? tail : `${this.#text}.${tail}`);
  }
  index(index: number): FieldPath {
    return new FieldPath(`${this.#text}[${index}]`);
  }
  key(key: string): FieldPath {
    return new FieldPath(`${this.#text}[${key}]`);
  }
  toString(): string {
    return this.#text === '' ? '<nil>' : this.#text;
  }
}

/** field.Error: converts to the cause that clients print. */
export interface FieldError extends StatusCause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

/** How Go's %v / %q shows a bad value inside a message. */
function shown(value: unknown): string {
  if (value === undefined || value === null) return 'null';
  if (typeof value === 'object') return toJson(value);
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

function fieldError(reason: string, path: FieldPath, message: string): FieldError {
  return { reason, message, field: path.toString() };
}

export function required(path: FieldPath, detail = ''): FieldError {
  return fieldError('FieldValueRequired', path, `Required value${detail && `: ${detail}`}`);
}

export function invalidValue(path: FieldPath, value: unknown, detail: string): FieldError {
  const suffix = detail === '' ? '' : `: ${detail}`;
  return fieldError('FieldValueInvalid', path, `Invalid value: ${shown(value)}${suffix}`);
}

/** The same without the value: what is long, secret or nobody's words. */
export function invalidOmitted(path: FieldPath, detail: string): FieldError {
  return fieldError('FieldValueInvalid', path, `Invalid value: ${detail}`);
}

export function notSupported(
  path: FieldPath,
  value: unknown,
  supported: readonly string[],
): FieldError {
  const list = supported.map((each) => JSON.stringify(each)).join(', ');
  const detail = supported.length === 0 ? '' : `: supported values: ${list}`;
  return fieldError('FieldValueNotSupported', path, `Unsupported value: ${shown(value)}${detail}`);
}

export function duplicate(path: FieldPath, value: unknown): FieldError {
  return fieldError('FieldValueDuplicate', path, `Duplicate value: ${shown(value)}`);
}

export function forbiddenField(path: FieldPath, detail: string): FieldError {
  return fieldError('FieldValueForbidden', path, `Forbidden: ${detail}`);
}

export function notFoundValue(path: FieldPath, value: unknown): FieldError {
  return fieldError('FieldValueNotFound', path, `Not found: ${shown(value)}`);
}

export function tooLong(path: FieldPath, maxLength: number): FieldError {
  return fieldError('FieldValueTooLong', path, `Too long: may not be more than ${maxLength} bytes`);
}

export function tooMany(path: FieldPath, actual: number, max: number): FieldError {
  return fieldError(
    'FieldValueTooMany',
    path,
    `Too many: ${actual}: must have at most ${max} items`,
  );
}
