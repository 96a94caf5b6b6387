// What field ownership sees of a type: structs, maps, keyed lists, sets, and leaves owned whole.
import { toJson } from '../schema/json.ts';
import type { ScalarKind, TypeRef, TypeTable } from '../schema/types.ts';
import { valueElement } from './fields-v1.ts';

export type Shape =
  | { readonly kind: 'leaf'; readonly content: LeafContent }
  | StructShape
  | { readonly kind: 'map'; readonly value: Shape }
  | KeyedListShape
  | { readonly kind: 'set' };

/** What stands inside a leaf: a scalar, or a value that is atomic though it has parts. */
export type LeafContent =
  | { readonly kind: 'scalar'; readonly scalar: ScalarKind }
  | { readonly kind: 'list'; readonly item: Shape }
  | { readonly kind: 'map'; readonly value: Shape }
  | { readonly kind: 'struct'; readonly struct: StructShape };

export interface StructShape {
  readonly kind: 'struct';
  readonly fields: ReadonlyMap<string, StructField>;
}

export interface StructField {
  /** `f:name`, made once. */
  readonly element: string;
  readonly shape: Shape;
}

export interface KeyedListShape {
  readonly kind: 'list';
  readonly item: Shape;
  /** Sorted by name, as elements write them. */
  readonly keys: readonly ListKey[];
  /** As declared, for messages. */
  readonly declaredKeys: readonly string[];
}

export interface ListKey {
  readonly name: string;
  /** The name as elements write it, made once: `"name":`. */
  readonly label: string;
  readonly default?: unknown;
}

/** The shape of an object's type, by its definition's name. */
export type Shapes = (schema: string) => StructShape;

/** Defaults that key fields have in the upstream document, by field name. */
const keyDefaults: Readonly<Record<string, unknown>> = { protocol: 'TCP' };

/** Makes the shapes of a table's types; each is made when first asked for. */
export function createShapes(types: TypeTable): Shapes {
  const structs = new Map<string, StructShape>();
  const struct = (name: string): StructShape => {
    const known = structs.get(name);
    if (known !== undefined) return known;
    const fields = new Map<string, StructField>();
    const made: StructShape = { kind: 'struct', fields };
    structs.set(name, made);
    for (const field of types(name).fields) {
      const shape = shapeOf(field.type, field.atomic);
      fields.set(field.name, { element: `f:${field.name}`, shape });
    }
    return made;
  };
  const shapeOf = (type: TypeRef, atomic?: boolean): Shape => {
    switch (type.kind) {
      case 'object': {
        const made = struct(type.type);
        if (!(atomic ?? types(type.type).atomic ?? false)) return made;
        return { kind: 'leaf', content: { kind: 'struct', struct: made } };
      }
      case 'map': {
        const value = shapeOf(type.value);
        if (!(atomic ?? type.atomic ?? false)) return { kind: 'map', value };
        return { kind: 'leaf', content: { kind: 'map', value } };
      }
      case 'list': {
        const item = shapeOf(type.item);
        if (type.list?.type === 'set') return { kind: 'set' };
        if (type.list?.type !== 'map') return { kind: 'leaf', content: { kind: 'list', item } };
        return keyedList(item, type.list.keys ?? []);
      }
      default:
        return { kind: 'leaf', content: { kind: 'scalar', scalar: type.kind } };
    }
  };
  return struct;
}

function keyedList(item: Shape, declaredKeys: readonly string[]): KeyedListShape {
  const keys = [...declaredKeys].sort().map((name): ListKey => {
    const key = { name, label: `${toJson(name)}:` };
    return keyDefaults[name] === undefined ? key : { ...key, default: keyDefaults[name] };
  });
  return { kind: 'list', item, keys, declaredKeys };
}

/** The path element of a list's item; undefined when it has none of the key fields. */
export function itemElement(
  shape: KeyedListShape | { kind: 'set' },
  item: unknown,
): string | undefined {
  if (shape.kind === 'set') return valueElement(item);
  if (typeof item !== 'object' || item === null) return undefined;
  const fields = item as Readonly<Record<string, unknown>>;
  let text = '';
  for (const key of shape.keys) {
    const value = fields[key.name] ?? key.default;
    if (value === undefined) continue;
    text += text === '' ? key.label : `,${key.label}`;
    text += typeof value === 'string' ? JSON.stringify(value) : toJson(value);
  }
  return text === '' ? undefined : `k:{${text}}`;
}
