// Reads the options of a verb from the query, with upstream's words for values that cannot be.

import type { FieldValidation } from '../registry/engine/types.ts';
import { type FieldError, FieldPath, invalidValue, notSupported } from '../registry/field.ts';
import { badRequest, invalid } from '../status.ts';

/** What create, update and patch take. */
export interface WriteQuery {
  readonly dryRun: boolean;
  readonly fieldManager: string;
  readonly fieldValidation: FieldValidation;
  readonly force: boolean | undefined;
}

const fieldManagerLengthMax = 128;

/**
 * @param kind `CreateOptions`, `UpdateOptions`, `PatchOptions`
 * @throws StatusError 422
 */
export function readWriteQuery(
  query: URLSearchParams,
  kind: string,
  userAgent: string | undefined,
): WriteQuery {
  if (query.size === 0) {
    return {
      dryRun: false,
      fieldManager: managerOf(userAgent),
      fieldValidation: 'Warn',
      force: undefined,
    };
  }
  const errors: FieldError[] = [];
  const dryRun = readDryRun(query, errors);
  const manager = query.get('fieldManager') ?? '';
  if (manager.length > fieldManagerLengthMax) {
    const path = FieldPath.of('fieldManager');
    errors.push({
      reason: 'FieldValueTooLong',
      field: path.toString(),
      message: `Too long: may not be more than ${fieldManagerLengthMax} bytes`,
    });
  } else if (!/^\P{C}*$/u.test(manager)) {
    errors.push(
      invalidValue(
        FieldPath.of('fieldManager'),
        manager,
        'should only contain printable characters',
      ),
    );
  }
  const validation = query.get('fieldValidation') ?? '';
  if (!['', 'Strict', 'Warn', 'Ignore'].includes(validation)) {
    errors.push(
      notSupported(FieldPath.of('fieldValidation'), validation, ['', 'Ignore', 'Warn', 'Strict']),
    );
  }
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind }, '', errors);
  return {
    dryRun,
    fieldManager: manager === '' ? managerOf(userAgent) : manager,
    fieldValidation: validation === '' ? 'Warn' : (validation as FieldValidation),
    force: readBoolean(query, 'force'),
  };
}

export function readDryRun(query: URLSearchParams, errors: FieldError[]): boolean {
  const values = query.getAll('dryRun');
  if (values.some((value) => value !== 'All')) {
    errors.push(
      notSupported(FieldPath.of('dryRun'), values.length === 1 ? values[0] : values, ['All']),
    );
  }
  return values.includes('All');
}

/** Go's conversion of a query value to a bool: any text but false and 0 is true. */
export function readBoolean(query: URLSearchParams, name: string): boolean | undefined {
  const value = query.get(name);
  if (value === null) return undefined;
  return !(value === 'false' || value === '0');
}

/** @throws StatusError 400 */
export function readInteger(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null || value === '') return undefined;
  if (!/^[+-]?\d{1,18}$/.test(value)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
  }
  return Number(value);
}

/** The default field manager: the part of the user agent before its `/`. */
export function managerOf(userAgent: string | undefined): string {
  const agent = userAgent ?? '';
  const slash = agent.indexOf('/');
  const name = slash === -1 ? agent : agent.slice(0, slash);
  return [...name].slice(0, fieldManagerLengthMax).join('') || 'unknown';
}
