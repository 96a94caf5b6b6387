// Compiles each type of the table to a function that writes its canonical object as protobuf.
import type { ScalarKind, TypeRef, TypeTable } from '../types.ts';
import { type MessagePart, messageOf, tagOf } from './message.ts';
import { unionOf, writeUnion } from './schema-unions.ts';
import { WireWriter } from './wire-writer.ts';

/** Writes an object's message; fields that Go does not hold as pointers are always written. */
export type EncodeMessage = (typeName: string, object: object) => Uint8Array<ArrayBuffer>;

type WriteType = (object: object, writer: WireWriter) => void;

/** A type that is compiled when it is first written; types may contain themselves. */
interface TypeCell {
  write: WriteType;
}

const nothing: object = Object.freeze({});

/** How the value of a scalar is written, as source text, and Go's zero value of it. */
const scalars: Readonly<
  Record<ScalarKind, readonly [method: string, zero: string, wire: 0 | 1 | 2]>
> = {
  string: ['string', "''", 2],
  bool: ['bool', 'false', 0],
  int32: ['integer', '0', 0],
  int64: ['integer', '0', 0],
  float64: ['double', '0', 1],
  bytes: ['base64', "''", 2],
  quantity: ['quantity', "'0'", 2],
  intOrString: ['intOrString', '0', 2],
  time: ['time', '', 2],
  microTime: ['microTime', '', 2],
  duration: ['', '', 2],
  raw: ['json', '', 2],
};

/** Keys as Go writes maps: by their UTF-8 bytes. */
function sortedKeys(map: object): readonly string[] {
  const keys = Object.keys(map);
  if (keys.length < 2) return keys;
  keys.sort();
  if (!keys.some((key) => /[\ud800-\udfff]/.test(key))) return keys;
  return keys.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** The source of one type's function; what it refers to is gathered in `cells`. */
class Source {
  readonly #lines: string[] = [];
  readonly #cell: (name: string) => TypeCell;
  readonly cells: TypeCell[] = [];
  #names = 0;

  constructor(cell: (name: string) => TypeCell) {
    this.#cell = cell;
  }

  get text(): string {
    return this.#lines.join('\n');
  }

  #name(): string {
    return `v${this.#names++}`;
  }

  /** Writes backwards: the last field comes first. */
  parts(parts: readonly MessagePart[]): void {
    for (const part of parts.toReversed()) {
      if ('field' in part) this.#field(part.field, part.number);
      else this.#message(part.number, () => this.parts(part.parts));
    }
  }

  #message(number: number, inside: () => void): void {
    const before = this.#name();
    this.#lines.push(`const ${before} = w.size;`);
    inside();
    this.#lines.push(`w.close(${tagOf(number, 2)}, ${before});`);
  }

  #field(field: Extract<MessagePart, { field: unknown }>['field'], number: number): void {
    const { type, pointer = false, name, wrapped = false } = field;
    const value = this.#name();
    this.#lines.push(`const ${value} = o[${JSON.stringify(name)}];`);
    this.#lines.push(`if (${value} !== undefined && ${value} !== null) {`);
    if (wrapped) this.#message(number, () => this.#value(type, 1, value));
    else this.#value(type, number, value);
    const isOptional =
      pointer || type.kind === 'list' || type.kind === 'map' || type.kind === 'bytes';
    if (!isOptional) {
      this.#lines.push('} else {');
      this.#zero(type, number);
    }
    this.#lines.push('}');
  }

  #value(type: TypeRef, number: number, value: string): void {
    switch (type.kind) {
      case 'object':
        this.#message(number, () => this.#call(type.type, value));
        break;
      case 'list':
        this.#list(type.item, number, value);
        break;
      case 'map':
        this.#map(type.value, number, value);
        break;
      default: {
        const union = unionOf(type);
        if (union !== undefined) {
          this.#union(union, number, value);
          break;
        }
        const [method, , wire] = scalars[type.kind];
        if (method === '') throw new Error(`cannot encode ${type.kind}: no type has one`);
        this.#lines.push(`w.${method}(${tagOf(number, wire)}, ${value});`);
      }
    }
  }

  #call(typeName: string, value: string): void {
    this.#lines.push(`cells[${this.cells.length}].write(${value}, w);`);
    this.cells.push(this.#cell(typeName));
  }

  #union(union: { name: string; schema: string }, number: number, value: string): void {
    const write = `(o, w) => cells[${this.cells.length}].write(o, w)`;
    this.cells.push(this.#cell(union.schema));
    const name = JSON.stringify(union.name);
    this.#lines.push(`writeUnion(${write}, w, ${tagOf(number, 2)}, ${value}, ${name});`);
  }

  /** What an absent value is written as where Go always writes one. */
  #zero(type: TypeRef, number: number): void {
    if (type.kind === 'object') this.#value(type, number, 'nothing');
    else if (type.kind === 'list' || type.kind === 'map') this.#message(number, () => undefined);
    else {
      const [, zero] = scalars[type.kind];
      if (zero === '') this.#message(number, () => undefined);
      else this.#value(type, number, zero);
    }
  }

  #each(type: TypeRef, number: number, value: string): void {
    this.#lines.push(`if (${value} !== undefined && ${value} !== null) {`);
    this.#value(type, number, value);
    this.#lines.push('} else {');
    this.#zero(type, number);
    this.#lines.push('}');
  }

  #list(item: TypeRef, number: number, list: string): void {
    const [index, value] = [this.#name(), this.#name()];
    this.#lines.push(`for (let ${index} = ${list}.length - 1; ${index} >= 0; ${index}--) {`);
    this.#lines.push(`const ${value} = ${list}[${index}];`);
    this.#each(item, number, value);
    this.#lines.push('}');
  }

  #map(item: TypeRef, number: number, map: string): void {
    const [keys, index, value] = [this.#name(), this.#name(), this.#name()];
    this.#lines.push(`const ${keys} = sortedKeys(${map});`);
    this.#lines.push(`for (let ${index} = ${keys}.length - 1; ${index} >= 0; ${index}--) {`);
    this.#lines.push(`const ${value} = ${map}[${keys}[${index}]];`);
    this.#message(number, () => {
      // A list in a map is a message of its own, with its items under 1.
      if (item.kind === 'list') {
        this.#message(2, () => {
          this.#lines.push(`if (${value} !== undefined && ${value} !== null) {`);
          this.#value(item, 1, value);
          this.#lines.push('}');
        });
      } else this.#each(item, 2, value);
      this.#lines.push(`w.string(10, ${keys}[${index}]);`);
    });
    this.#lines.push('}');
  }
}

/** Makes the encoder of a table's types. */
export function createProtobufEncoder(table: TypeTable): EncodeMessage {
  const cells = new Map<string, TypeCell>();
  const cellOf = (name: string): TypeCell => {
    let cell = cells.get(name);
    if (cell === undefined) {
      const made: TypeCell = {
        write(object, writer) {
          made.write = compile(name);
          made.write(object, writer);
        },
      };
      cells.set(name, made);
      cell = made;
    }
    return cell;
  };
  const compile = (name: string): WriteType => {
    const source = new Source(cellOf);
    source.parts(messageOf(table(name)));
    const text = `return (o, w) => {\n${source.text}\n};`;
    const make = new Function('cells', 'nothing', 'sortedKeys', 'writeUnion', text);
    return make(source.cells, nothing, sortedKeys, writeUnion) as WriteType;
  };
  const writer = new WireWriter();
  return (typeName, object) => {
    try {
      cellOf(typeName).write(object, writer);
      return writer.take();
    } finally {
      writer.clear();
    }
  };
}
