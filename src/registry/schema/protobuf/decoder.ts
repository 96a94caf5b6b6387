// Compiles each type of the table to a function that reads its message into the canonical object.
import { fieldRules } from '../canonical.ts';
import { scalarZeros, setOwn } from '../scalars.ts';
import type { FieldSchema, ScalarKind, TypeRef, TypeTable } from '../types.ts';
import { type MessagePart, messageOf, tagOf } from './message.ts';
import { readUnion, unionOf } from './schema-unions.ts';
import { messageDepthMax, ProtobufError, WireReader } from './wire-reader.ts';

/**
 * Reads a message as the type named by its definition; the object is what JSON would have given:
 * fields in Go's order, empty ones dropped or written as Go does.
 *
 * @throws ProtobufError
 */
export type DecodeMessage = (typeName: string, bytes: Uint8Array) => Record<string, unknown>;

type ReadType = (reader: WireReader, end: number, depth: number) => Record<string, unknown>;

/** A type that is compiled when it is first read; types may contain themselves. */
interface TypeCell {
  read: ReadType;
}

/** How the value of a scalar is read, as source text: inline, or out of a chunk. */
const scalars: Readonly<Record<ScalarKind, readonly [read: string, wire: 0 | 1 | 2]>> = {
  string: ['r.string(c)', 2],
  bool: ['r.bool(end)', 0],
  int32: ['r.int32(end)', 0],
  int64: ['r.int64(end)', 0],
  float64: ['r.double(end)', 1],
  bytes: ['r.base64(c)', 2],
  quantity: ['r.quantity(c)', 2],
  intOrString: ['r.intOrString(c)', 2],
  time: ['r.time(c)', 2],
  microTime: ['r.microTime(c)', 2],
  duration: ['', 2],
  raw: ['r.json(c)', 2],
};

/** How a value is seen not to be empty, as source text that follows on other conditions. */
const emptyTests: Readonly<Record<TypeRef['kind'], string>> = {
  string: " && ? !== ''",
  bool: ' && ?',
  int32: ' && ? !== 0',
  int64: ' && ? !== 0',
  float64: ' && ? !== 0',
  bytes: " && ? !== ''",
  quantity: '',
  intOrString: '',
  time: '',
  microTime: '',
  duration: '',
  raw: '',
  list: '',
  map: '',
  object: '',
};

function zeroText(type: TypeRef): string {
  if (type.kind === 'list' || type.kind === 'map' || type.kind === 'object') return 'null';
  return JSON.stringify(scalarZeros[type.kind]);
}

/** What Go says of a field that nobody knows, or that comes in a wrong form. */
function unexpected(
  reader: WireReader,
  tag: number,
  end: number,
  typeName: string,
  fields: ReadonlyMap<number, string>,
): void {
  const wire = tag & 7;
  const number = (tag - wire) / 8;
  if (wire === 4) throw new ProtobufError(`proto: ${typeName}: wiretype end group for non-group`);
  if (number === 0) {
    throw new ProtobufError(`proto: ${typeName}: illegal tag 0 (wire type ${tag})`);
  }
  const field = fields.get(number);
  if (field !== undefined) {
    throw new ProtobufError(`proto: wrong wireType = ${wire} for field ${field}`);
  }
  reader.skip(tag, end);
}

function tooDeep(): never {
  throw new ProtobufError('proto: exceeded max depth');
}

/** How Go names a field in its messages; metadata goes by its type. */
function goName({ name, type }: FieldSchema): string {
  if (name === 'metadata' && type.kind === 'object') return shortName(type.type);
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function shortName(typeName: string): string {
  return typeName.slice(typeName.lastIndexOf('.') + 1);
}

/** The source of one type's function; what it refers to is gathered in `cells` and `names`. */
class Source {
  readonly #typeName: string;
  readonly #cell: (name: string) => TypeCell;
  readonly #declared: string[] = [];
  readonly #lines: string[] = [];
  readonly cells: TypeCell[] = [];
  readonly names: Map<number, string>[] = [];
  /** Fields read once all of the message is seen: messages, whose parts may come in several chunks. */
  readonly #later: { readonly field: FieldSchema; readonly index: number }[] = [];
  #embedded = 0;

  constructor(typeName: string, cell: (name: string) => TypeCell) {
    this.#typeName = shortName(typeName);
    this.#cell = cell;
  }

  build(parts: readonly MessagePart[], fields: readonly FieldSchema[]): string {
    this.#loop(parts);
    for (const { field, index } of this.#later) this.#message(field, index);
    this.#object(fields);
    return [
      'return (r, end, depth) => {',
      `if (depth > ${messageDepthMax}) tooDeep();`,
      ...this.#declared,
      ...this.#lines,
      'return o;',
      '};',
    ].join('\n');
  }

  /** Goes through one message; embedded messages, being part of the same struct, come after it. */
  #loop(parts: readonly MessagePart[]): void {
    const names = new Map<number, string>();
    const embedded: { readonly id: string; readonly parts: readonly MessagePart[] }[] = [];
    this.#lines.push('while (r.at < end) {', 'const tag = r.tag(end);', 'switch (tag) {');
    for (const part of parts) {
      if ('field' in part) {
        names.set(part.number, goName(part.field));
        this.#case(part.field, part.number, part.index);
      } else {
        const id = `e${this.#embedded++}`;
        names.set(part.number, id);
        embedded.push({ id, parts: part.parts });
        this.#spans(id, part.number);
      }
    }
    const known = `names[${this.names.length}]`;
    this.names.push(names);
    const typeName = JSON.stringify(this.#typeName);
    this.#lines.push(`default: unexpected(r, tag, end, ${typeName}, ${known});`, '}', '}');
    for (const { id, parts: inner } of embedded) {
      this.#lines.push(`if (${id}s !== undefined) {`, `const outer = r; const outerEnd = end;`);
      this.#lines.push(`if (${id}s.length === 2) { r.at = ${id}s[0]; end = ${id}s[1]; }`);
      this.#lines.push(`else { r = r.joined(${id}s); end = r.bytes.length; }`);
      this.#loop(inner);
      this.#lines.push('r = outer; end = outerEnd; r.at = end;', '}');
    }
  }

  /** Remembers where a message lies; protobuf merges those that come again. */
  #spans(id: string, number: number): void {
    this.#declared.push(`let ${id}s;`);
    this.#lines.push(
      `case ${tagOf(number, 2)}: { const c = r.chunk(end);`,
      `if (${id}s === undefined) ${id}s = [r.at, c]; else ${id}s.push(r.at, c);`,
      'r.at = c; break; }',
    );
  }

  #case(field: FieldSchema, number: number, index: number): void {
    const { type, wrapped = false } = field;
    const value = `f${index}`;
    this.#declared.push(`let ${value};`);
    if (type.kind === 'object') {
      this.#spans(value, number);
      // The chunk is read where this message's reader still is the current one.
      this.#declared.push(`let ${value}r;`);
      this.#lines.splice(-1, 1, `${value}r = r; r.at = c; break; }`);
      this.#later.push({ field, index });
    } else if (wrapped && type.kind === 'list') {
      this.#lines.push(`case ${tagOf(number, 2)}: { const c = r.chunk(end);`);
      this.#lines.push(`if (${value} === undefined) ${value} = [];`);
      this.#items(type.item, value);
      this.#lines.push('break; }');
    } else if (type.kind === 'list') {
      this.#listCase(type.item, number, value);
    } else if (type.kind === 'map') {
      this.#mapCase(type.value, number, value);
    } else {
      const [, wire] = this.#scalar(type.kind);
      this.#lines.push(`case ${tagOf(number, wire)}: {`);
      if (wire === 2) this.#lines.push('const c = r.chunk(end);');
      this.#lines.push(`${value} = ${this.#chunk(type)}; break; }`);
    }
  }

  #scalar(kind: ScalarKind): readonly [read: string, wire: 0 | 1 | 2] {
    const scalar = scalars[kind];
    if (scalar[0] === '') throw new Error(`cannot decode ${kind}: no type has one`);
    return scalar;
  }

  /** The expression that reads a value out of the chunk that ends at `c`. */
  #chunk(type: TypeRef): string {
    if (type.kind === 'object') {
      return `cells[${this.#cellIndex(type.type)}].read(r, c, depth + 1)`;
    }
    if (type.kind === 'list' || type.kind === 'map') throw new Error('a list of lists has no form');
    const union = unionOf(type);
    if (union !== undefined) {
      const read = `(r, c, depth) => cells[${this.#cellIndex(union.schema)}].read(r, c, depth)`;
      return `readUnion(${read}, r, c, depth + 1, ${JSON.stringify(union.name)})`;
    }
    return this.#scalar(type.kind)[0];
  }

  #cellIndex(typeName: string): number {
    return this.cells.push(this.#cell(typeName)) - 1;
  }

  #listCase(item: TypeRef, number: number, list: string): void {
    const wire = item.kind in scalars ? this.#scalar(item.kind as ScalarKind)[1] : 2;
    if (wire !== 2) {
      const [read] = this.#scalar(item.kind as ScalarKind);
      this.#lines.push(
        `case ${tagOf(number, wire)}: if (${list} === undefined) ${list} = [];`,
        `${list}.push(${read}); break;`,
        // Packed, as proto3 writes numbers.
        `case ${tagOf(number, 2)}: { const c = r.chunk(end);`,
        `if (${list} === undefined) ${list} = [];`,
        `while (r.at < c) ${list}.push(${read.replace('end', 'c')}); break; }`,
      );
      return;
    }
    this.#lines.push(
      `case ${tagOf(number, 2)}: { const c = r.chunk(end);`,
      `if (${list} === undefined) ${list} = [];`,
      `${list}.push(${this.#chunk(item)}); break; }`,
    );
  }

  /** Reads a list's own message, with its items under 1, into `list`; it ends at `c`. */
  #items(item: TypeRef, list: string): void {
    this.#lines.push(
      'while (r.at < c) { const t = r.tag(c);',
      'if (t !== 10) { r.skip(t, c); continue; }',
      `{ const end = c; { const c = r.chunk(end); ${list}.push(${this.#chunk(item)}); } } }`,
    );
  }

  #mapCase(item: TypeRef, number: number, map: string): void {
    const isList = item.kind === 'list';
    const isScalar = item.kind in scalars;
    const [read, wire] = isScalar ? this.#scalar(item.kind as ScalarKind) : ['', 2];
    this.#lines.push(
      `case ${tagOf(number, 2)}: { const entryEnd = r.chunk(end);`,
      `if (${map} === undefined) ${map} = {};`,
      "let key = ''; let value;",
      'while (r.at < entryEnd) { const t = r.tag(entryEnd); const end = entryEnd;',
      'if (t === 10) key = r.string(r.chunk(end));',
      `else if (t === ${tagOf(2, wire as 0 | 1 | 2)}) {`,
      wire === 2 ? 'const c = r.chunk(end);' : '',
    );
    if (isList) {
      this.#lines.push('value = [];');
      this.#items(item.item, 'value');
      this.#lines.push('if (value.length === 0) value = null;');
    } else this.#lines.push(`value = ${wire === 2 ? this.#chunk(item) : read};`);
    this.#lines.push('} else r.skip(t, end); }');
    // An entry with a key only has its type's zero value; that of bytes is not nil here.
    const zero = item.kind === 'bytes' ? "''" : zeroText(item);
    const made =
      item.kind === 'object'
        ? `{ const c = r.at; value = ${this.#chunk(item)}; }`
        : `value = ${zero};`;
    this.#lines.push(`if (value === undefined) ${made}`, `setOwn(${map}, key, value); break; }`);
  }

  #message(field: FieldSchema, index: number): void {
    const value = `f${index}`;
    if (field.type.kind !== 'object') return;
    this.#lines.push(
      `if (${value}s !== undefined) {`,
      `let r = ${value}r; let c = ${value}s[1];`,
      `if (${value}s.length === 2) r.at = ${value}s[0];`,
      `else { r = r.joined(${value}s); c = r.bytes.length; }`,
      `${value} = ${this.#chunk(field.type)}; r.at = end;`,
      '}',
    );
  }

  /** Puts the fields together by the rules that JSON's decoder has, too. */
  #object(fields: readonly FieldSchema[]): void {
    this.#lines.push('r.at = end;', 'const o = {};');
    for (const [index, field] of fields.entries()) {
      if (field.proto === 0) continue;
      this.#set(field, `f${index}`);
    }
  }

  #set(field: FieldSchema, value: string): void {
    const { omitEmpty, nullWhenEmpty, absent } = fieldRules(field);
    const target = `o[${JSON.stringify(field.name)}]`;
    const { kind } = field.type;
    if (kind === 'map')
      this.#lines.push(`if (${value} !== undefined) ${value} = inOrder(${value});`);
    // Bytes may be there and empty; a list or a map in protobuf never is.
    const dropped = omitEmpty || (nullWhenEmpty && kind === 'bytes') ? emptyTests[kind] : '';
    const present = `${value} !== undefined && ${value} !== null${dropped.replace('?', value)}`;
    const otherwise = absent === 'nothing' ? '' : ` else ${target} = ${this.#absent(field)};`;
    this.#lines.push(`if (${present}) ${target} = ${value};${otherwise}`);
  }

  #absent({ type, ...field }: FieldSchema): string {
    if (fieldRules({ type, ...field }).absent === 'null') return 'null';
    if (type.kind !== 'object') return zeroText(type);
    return `cells[${this.#cellIndex(type.type)}].read(r, end, depth + 1)`;
  }
}

/** JSON shows maps in the order of their keys. */
function inOrder(map: Record<string, unknown>): Record<string, unknown> {
  const keys = Object.keys(map);
  if (keys.every((key, index) => index === 0 || (keys[index - 1] ?? '') < key)) return map;
  const ordered: Record<string, unknown> = {};
  for (const key of keys.sort()) setOwn(ordered, key, map[key]);
  return ordered;
}

/** Makes the decoder of a table's types. */
export function createProtobufDecoder(table: TypeTable): DecodeMessage {
  const cells = new Map<string, TypeCell>();
  const cellOf = (name: string): TypeCell => {
    const known = cells.get(name);
    if (known !== undefined) return known;
    const cell: TypeCell = {
      read(reader, end, depth) {
        cell.read = compile(name);
        return cell.read(reader, end, depth);
      },
    };
    cells.set(name, cell);
    return cell;
  };
  const compile = (name: string): ReadType => {
    const type = table(name);
    const source = new Source(name, cellOf);
    const text = source.build(messageOf(type), type.fields);
    const given = {
      cells: source.cells,
      names: source.names,
      unexpected,
      tooDeep,
      setOwn,
      inOrder,
      readUnion,
    };
    const make = new Function(...Object.keys(given), text);
    return make(...Object.values(given)) as ReadType;
  };
  return (typeName, bytes) => cellOf(typeName).read(new WireReader(bytes), bytes.byteLength, 0);
}
