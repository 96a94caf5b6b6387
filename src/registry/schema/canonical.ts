// The rules by which Go keeps, drops or writes a field; JSON and protobuf end in the same object by them.
import { structScalars } from './scalars.ts';
import type { FieldSchema, TypeRef } from './types.ts';

export interface FieldRules {
  /** Whether an empty value is left out. */
  readonly omitEmpty: boolean;
  /** Whether an empty value is written as null: a list that Go does not omit; storage knows no difference. */
  readonly nullWhenEmpty: boolean;
  /** What stands for an absent value: nothing, null, or the zero value of its type. */
  readonly absent: 'nothing' | 'null' | 'zero';
}

export function isEmpty(value: unknown): boolean {
  if (value === '' || value === 0 || value === false || value === null) return true;
  if (typeof value !== 'object') return false;
  if (Array.isArray(value)) return value.length === 0;
  for (const _key in value) return false;
  return true;
}

function isStruct(type: TypeRef): boolean {
  return type.kind === 'object' || structScalars.has(type.kind);
}

export function fieldRules(field: FieldSchema): FieldRules {
  const { type, omit, pointer = false, keepsEmpty = false } = field;
  const isCollection = type.kind === 'list' || type.kind === 'map' || type.kind === 'bytes';
  if (isCollection && omit === undefined) {
    return { omitEmpty: false, nullWhenEmpty: true, absent: 'null' };
  }
  const omitted = omit === 'zero' || (omit === 'empty' && (pointer || !isStruct(type)));
  return {
    omitEmpty: omitted && !pointer && !keepsEmpty,
    nullWhenEmpty: false,
    absent: omitted ? 'nothing' : pointer ? 'null' : 'zero',
  };
}
