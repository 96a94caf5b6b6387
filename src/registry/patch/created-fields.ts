// The fields that a new object sets, as a set in upstream's order, by functions made once per type.
import { fieldOf } from '../engine/json.ts';
import { sameValue } from './compare.ts';
import { type FieldSet, isEmptySet, recursiveDifference } from './field-set.ts';
import { compareElements, compareText } from './fields-v1.ts';
import { identityFields, identityMetadata } from './settle.ts';
import {
  itemElement,
  type KeyedListShape,
  type Shape,
  type Shapes,
  type StructShape,
} from './shape.ts';

/**
 * What `VersionedComparison` would find added to and changed in the empty object of the type, less
 * identity and `ignored`, without comparing: most writes are creates by a manager that owns nothing.
 */
export type CreatedFields = (schema: string, object: object, ignored: FieldSet) => FieldSet;

/** Gives the node of a value that was not there before; never undefined: it is there itself. */
type Added = (value: unknown) => FieldSet;
type Node = Record<string, FieldSet>;
type Fields = Readonly<Record<string, unknown>>;
type ListShape = KeyedListShape | { readonly kind: 'set' };

interface AddedField {
  readonly name: string;
  readonly element: string;
  readonly shape: Shape;
  readonly added: Added;
}

const member: FieldSet = Object.freeze({});
const identity: ReadonlySet<string> = new Set(identityFields);
const metadataIdentity: ReadonlySet<string> = new Set(identityMetadata);

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hasNone(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  for (const _ in value) return false;
  return true;
}

function byText(a: AddedField, b: AddedField): number {
  return compareText(a.element, b.element);
}

const scalars: Added = () => member;

/** Makes the functions of a table's types; each is made when first asked for. */
class Compiler {
  readonly #shapes: Shapes;
  readonly #empty: (schema: string) => object;
  readonly #emptyObjects = new Map<string, object>();
  readonly #structs = new Map<StructShape, readonly AddedField[]>();

  constructor(shapes: Shapes, empty: (schema: string) => object) {
    this.#shapes = shapes;
    this.#empty = empty;
  }

  created(schema: string, object: object, ignored: FieldSet): FieldSet {
    const shape = this.#shapes(schema);
    const fields = this.#fieldsOf(shape);
    const node = this.#changedStruct(fields, this.#emptyOf(schema), object, identity);
    const metadata = shape.fields.get('metadata')?.shape;
    if (metadata?.kind === 'struct') {
      const inner = this.#fieldsOf(metadata);
      const owned = this.#changedStruct(inner, {}, fieldOf(object, 'metadata'), metadataIdentity);
      if (isEmptySet(owned)) delete node['f:metadata'];
      else node['f:metadata'] = owned;
    }
    return recursiveDifference(node, ignored);
  }

  #emptyOf(schema: string): object {
    let zero = this.#emptyObjects.get(schema);
    if (zero === undefined) {
      zero = this.#empty(schema);
      this.#emptyObjects.set(schema, zero);
    }
    return zero;
  }

  #fieldsOf(shape: StructShape): readonly AddedField[] {
    let fields = this.#structs.get(shape);
    if (fields === undefined) {
      const growing: AddedField[] = [];
      // A type may contain itself, so it is known before its fields are.
      this.#structs.set(shape, growing);
      for (const [name, { element, shape: inner }] of shape.fields) {
        growing.push({ name, element, shape: inner, added: this.#addedOf(inner) });
      }
      fields = growing.sort(byText);
    }
    return fields;
  }

  #addedOf(shape: Shape): Added {
    if (shape.kind === 'leaf') return scalars;
    if (shape.kind === 'map') {
      const added = this.#addedOf(shape.value);
      return (value) => (hasNone(value) || !isFields(value) ? member : addedMap(value, added));
    }
    if (shape.kind === 'struct') {
      let fields: readonly AddedField[] | undefined;
      return (value) => {
        if (hasNone(value) || !isFields(value)) return member;
        fields ??= this.#fieldsOf(shape);
        return addedStruct(fields, value);
      };
    }
    const added = shape.kind === 'list' ? this.#addedOf(shape.item) : scalars;
    return (value) =>
      Array.isArray(value) && value.length > 0
        ? withoutLoneDot(addItems({ '.': member }, shape, value, added))
        : member;
  }

  /** The node of a value whose zero value stands in the empty object, or undefined for none. */
  #changed(field: AddedField, before: unknown, value: unknown): FieldSet | undefined {
    const { shape } = field;
    if (before === undefined) return field.added(value);
    if (shape.kind === 'leaf' || (hasNone(value) && hasNone(before))) {
      return sameValue(before, value) ? undefined : member;
    }
    let node: Node = {};
    if (shape.kind === 'struct') node = this.#changedStruct(this.#fieldsOf(shape), before, value);
    else if (shape.kind === 'map') {
      if (isFields(value)) node = { ...addedMap(value, this.#addedOf(shape.value)) };
      delete node['.'];
    } else if (Array.isArray(value)) {
      const item = shape.kind === 'list' ? this.#addedOf(shape.item) : scalars;
      addItems(node, shape, value, item);
    }
    return isEmptySet(node) ? undefined : node;
  }

  #changedStruct(
    fields: readonly AddedField[],
    before: unknown,
    value: unknown,
    except?: ReadonlySet<string>,
  ): Node {
    const node: Node = {};
    if (!isFields(value)) return node;
    const old = isFields(before) ? before : {};
    for (const field of fields) {
      const child = value[field.name];
      if (child === undefined || except?.has(field.name) === true) continue;
      const found = this.#changed(field, old[field.name], child);
      if (found !== undefined) node[field.element] = found;
    }
    return node;
  }
}

/** @param empty a type's zero value */
export function createdFieldsOf(shapes: Shapes, empty: (schema: string) => object): CreatedFields {
  const compiler = new Compiler(shapes, empty);
  return (schema, object, ignored) => compiler.created(schema, object, ignored);
}

function addedStruct(fields: readonly AddedField[], value: Fields): FieldSet {
  const node: Node = { '.': member };
  for (const { name, element, added } of fields) {
    const child = value[name];
    if (child !== undefined) node[element] = added(child);
  }
  return withoutLoneDot(node);
}

/** A member without children is empty, not a node with a dot. */
function withoutLoneDot(node: Node): FieldSet {
  for (const element in node) if (element !== '.') return node;
  return member;
}

function addedMap(value: Fields, added: Added): FieldSet {
  const node: Node = { '.': member };
  const keys = Object.keys(value);
  if (keys.length > 1) keys.sort(compareText);
  for (const key of keys) {
    const child = value[key];
    if (child !== undefined) node[`f:${key}`] = added(child);
  }
  return node;
}

interface Item {
  readonly element: string;
  /** The value of the first key, by which most items can be told apart. */
  readonly first: unknown;
  node: FieldSet;
}

/** Adds items in the order of their keys; several with one key count as a leaf. */
function addItems(node: Node, shape: ListShape, items: readonly unknown[], added: Added): Node {
  const firstKey = shape.kind === 'list' ? shape.keys[0] : undefined;
  const found: Item[] = [];
  let inOrder = true;
  for (const item of items) {
    const element = itemElement(shape, item);
    if (element === undefined) continue;
    const first = firstKey === undefined ? item : ((item as Fields)[firstKey.name] ?? undefined);
    const next = { element, first, node: added(item) };
    const last = found.at(-1);
    if (last !== undefined && compareItems(last, next) >= 0) inOrder = false;
    found.push(next);
  }
  if (!inOrder) found.sort(compareItems);
  let last: Item | undefined;
  for (const item of found) {
    node[item.element] = item.element === last?.element ? member : item.node;
    last = item;
  }
  return node;
}

function compareItems(a: Item, b: Item): number {
  const [ours, theirs] = [a.first, b.first];
  if (ours !== theirs) {
    if (typeof ours === 'string' && typeof theirs === 'string') return compareText(ours, theirs);
    if (typeof ours === 'number' && typeof theirs === 'number') return ours - theirs;
  }
  return compareElements(a.element, b.element);
}
