// Reads the options of a verb from the query, with upstream's words for values that cannot be.

import type { FieldValidation } from '../registry/engine/types.ts';
import {
  type FieldError,
  FieldPath,
  forbiddenField,
  notSupported,
  required,
} from '../registry/field.ts';
import { validateFieldManager } from '../registry/metadata/object-meta.ts';
import { badRequest, invalid } from '../status.ts';
import { isTrue } from './request-info.ts';

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
 * @param patch what PATCH the options are of: each kind knows options that the other refuses
 * @throws StatusError 422
 */
export function readWriteQuery(
  query: URLSearchParams,
  kind: string,
  userAgent: string | undefined,
  patch?: 'apply' | 'other',
): WriteQuery {
  if (query.size === 0 && patch !== 'apply') {
    return {
      dryRun: false,
      fieldManager: managerOf(userAgent),
      fieldValidation: 'Warn',
      force: undefined,
    };
  }
  const errors: FieldError[] = [];
  const manager = query.get('fieldManager') ?? '';
  const force = readBoolean(query, 'force');
  if (patch === 'apply' && manager === '') {
    // A user agent would not be the same one next time.
    errors.push(required(FieldPath.of('fieldManager'), 'is required for apply patch'));
  }
  if (patch === 'other' && force !== undefined) {
    const detail = 'may not be specified for non-apply patch';
    errors.push(forbiddenField(FieldPath.of('force'), detail));
  }
  errors.push(...validateFieldManager(manager, FieldPath.of('fieldManager')));
  const dryRun = readDryRun(query, errors);
  const validation = query.get('fieldValidation') ?? '';
  if (!['', 'Strict', 'Warn', 'Ignore'].includes(validation)) {
    errors.push(
      notSupported(FieldPath.of('fieldValidation'), validation, ['', 'Ignore', 'Strict', 'Warn']),
    );
  }
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind }, '', errors);
  return {
    dryRun,
    fieldManager: manager === '' ? managerOf(userAgent) : manager,
    fieldValidation: validation === '' ? 'Warn' : (validation as FieldValidation),
    force,
  };
}

export function readDryRun(query: URLSearchParams, errors: FieldError[]): boolean {
  const values = query.getAll('dryRun');
  if (values.some((value) => value !== 'All')) {
    errors.push(notSupported(FieldPath.of('dryRun'), values, ['All']));
  }
  return values.includes('All');
}

export function readBoolean(query: URLSearchParams, name: string): boolean | undefined {
  const value = query.get(name);
  return value === null ? undefined : isTrue(value);
}

/** @throws StatusError 400 */
export function readInteger(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null) return undefined;
  const refuse = (why: string) =>
    badRequest(`strconv.ParseInt: parsing ${JSON.stringify(value)}: ${why}`);
  if (!/^[+-]?\d+$/.test(value)) throw refuse('invalid syntax');
  if (BigInt.asIntN(64, BigInt(value)) !== BigInt(value)) throw refuse('value out of range');
  return Number(value);
}

/** The default field manager: the part of the user agent before its `/`. */
export function managerOf(userAgent: string | undefined): string {
  const agent = userAgent ?? '';
  const slash = agent.indexOf('/');
  const name = slash === -1 ? agent : agent.slice(0, slash);
  return [...name].slice(0, fieldManagerLengthMax).join('') || 'unknown';
}
