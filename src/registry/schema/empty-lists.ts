// Makes null of the empty lists and maps that Go writes as null: storage knows no difference.
import { fieldRules, isEmpty } from './canonical.ts';
import type { TypeRef, TypeTable } from './types.ts';

type Fields = Record<string, unknown>;
type Walk = (value: unknown) => void;

interface WalkedField {
  readonly name: string;
  readonly nullWhenEmpty: boolean;
  readonly walk: Walk | undefined;
}

/**
 * Changes a decoded object in place: an empty list that a client wrote is one until its fields have
 * found their owner, and is none from then on.
 */
export type ForgetEmptyLists = (typeName: string, object: object) => void;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

/** Compiles each type once, when it is first met; what holds no such field is not walked. */
export function createForgetEmptyLists(table: TypeTable): ForgetEmptyLists {
  const walks = new Map<string, Walk | undefined>();

  const walkOf = (type: TypeRef): Walk | undefined => {
    if (type.kind === 'object') return walkOfType(type.type);
    if (type.kind !== 'list' && type.kind !== 'map') return undefined;
    const walk = walkOf(type.kind === 'list' ? type.item : type.value);
    if (walk === undefined) return undefined;
    return (value) => {
      if (isFields(value)) for (const each of Object.values(value)) walk(each);
    };
  };

  const walkOfType = (name: string): Walk | undefined => {
    if (walks.has(name)) return walks.get(name);
    const fields: WalkedField[] = [];
    // A type may contain itself, so it is known before its fields are.
    walks.set(name, (value) => walkFields(fields, value));
    for (const field of table(name).fields) {
      const walk = walkOf(field.type);
      const { nullWhenEmpty } = fieldRules(field);
      if (nullWhenEmpty || walk !== undefined)
        fields.push({ name: field.name, nullWhenEmpty, walk });
    }
    if (fields.length === 0) walks.set(name, undefined);
    return walks.get(name);
  };

  return (typeName, object) => walkOfType(typeName)?.(object);
}

function walkFields(fields: readonly WalkedField[], value: unknown): void {
  if (!isFields(value)) return;
  for (const { name, nullWhenEmpty, walk } of fields) {
    const child = value[name];
    if (child === undefined || child === null) continue;
    if (nullWhenEmpty && isEmpty(child)) value[name] = null;
    else walk?.(child);
  }
}
