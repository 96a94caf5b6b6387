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

function isManagedFieldsEntry(type: TypeRef): boolean {
  return type.kind === 'object' && type.type.endsWith('.ManagedFieldsEntry');
}

export function fieldRules({ type, omit, pointer = false }: FieldSchema): FieldRules {
  const isCollection = type.kind === 'list' || type.kind === 'map' || type.kind === 'bytes';
  if (isCollection && omit === undefined) {
    return { omitEmpty: false, nullWhenEmpty: true, absent: 'null' };
  }
  const omitted = omit === 'zero' || (omit === 'empty' && (pointer || !isStruct(type)));
  // A client resets field ownership with an empty list, which must differ from none at all.
  const resets = type.kind === 'list' && isManagedFieldsEntry(type.item);
  return {
    omitEmpty: omitted && !pointer && !resets,
    nullWhenEmpty: false,
    absent: omitted ? 'nothing' : pointer ? 'null' : 'zero',
  };
}
