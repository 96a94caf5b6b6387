// JSONSchemaPropsOrBool, OrArray and OrStringArray: one value in JSON, a message of choices in protobuf.
import type { TypeRef } from '../types.ts';
import type { WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

const union = /^(.*\.JSONSchemaProps)Or(?:Bool|Array|StringArray)$/;

/** A union's own name, and that of the schemas in it; undefined for all other types. */
export function unionOf(type: TypeRef): { name: string; schema: string } | undefined {
  if (type.kind !== 'raw' || type.ref === undefined) return undefined;
  const schema = union.exec(type.ref)?.[1];
  return schema === undefined ? undefined : { name: type.ref, schema };
}

type WriteSchema = (schema: object, writer: WireWriter) => void;
type ReadSchema = (reader: WireReader, end: number, depth: number) => unknown;

/** A bool stands under 1 before its schema, a schema under 1 before a list, both under 2. */
export function writeUnion(
  write: WriteSchema,
  writer: WireWriter,
  tag: number,
  value: unknown,
  name: string,
): void {
  const before = writer.size;
  const schema = (number: number, each: unknown): void => {
    const start = writer.size;
    write(typeof each === 'object' && each !== null ? each : {}, writer);
    writer.close(number, start);
  };
  if (Array.isArray(value)) {
    for (const each of value.toReversed() as unknown[]) {
      if (typeof each === 'string') writer.string(0x12, each);
      else schema(0x12, each);
    }
  } else if (name.endsWith('OrBool')) {
    if (typeof value !== 'boolean') schema(0x12, value);
    writer.bool(0x08, value !== false);
  } else schema(0x0a, value);
  writer.close(tag, before);
}

export function readUnion(
  read: ReadSchema,
  reader: WireReader,
  chunkEnd: number,
  depth: number,
  name: string,
): unknown {
  const isBool = name.endsWith('OrBool');
  const list: unknown[] = [];
  let value: unknown = isBool ? false : null;
  while (reader.at < chunkEnd) {
    const tag = reader.tag(chunkEnd);
    if (tag === 0x08 && isBool) {
      const allows = reader.bool(chunkEnd);
      if (typeof value === 'boolean') value = allows;
    } else if (tag === 0x12 && name.endsWith('OrStringArray')) {
      list.push(reader.string(reader.chunk(chunkEnd)));
    } else if (tag === 0x12 || (tag === 0x0a && !isBool)) {
      const schema = read(reader, reader.chunk(chunkEnd), depth);
      if (tag === 0x12 && !isBool) list.push(schema);
      else value = schema;
    } else reader.skip(tag, chunkEnd);
  }
  return list.length > 0 ? list : value;
}
