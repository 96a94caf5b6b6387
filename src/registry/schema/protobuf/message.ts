// Lays a type's fields out by their protobuf numbers, embedded messages and wrapped lists included.
import type { FieldSchema, TypeSchema } from '../types.ts';

/** A field of a message, or a message that stands for a struct which JSON inlines. */
export type MessagePart =
  | { readonly number: number; readonly field: FieldSchema; readonly index: number }
  | { readonly number: number; readonly parts: readonly MessagePart[] };

interface Growing {
  readonly number: number;
  readonly parts: (MessagePart | Growing)[];
}

function byNumber(parts: readonly (MessagePart | Growing)[]): readonly MessagePart[] {
  return parts
    .map((part) => ('parts' in part ? { ...part, parts: byNumber(part.parts) } : part))
    .sort((a, b) => a.number - b.number);
}

/** The parts of a type's message by ascending number; fields without a number are left out. */
export function messageOf(type: TypeSchema): readonly MessagePart[] {
  const top: Growing = { number: 0, parts: [] };
  for (const [index, field] of type.fields.entries()) {
    if (field.proto === 0) continue;
    let at = top;
    for (const number of field.protoVia ?? []) {
      const known = at.parts.find((part) => 'parts' in part && part.number === number);
      if (known !== undefined && 'parts' in known) {
        at = known as Growing;
      } else {
        const inner: Growing = { number, parts: [] };
        at.parts.push(inner);
        at = inner;
      }
    }
    at.parts.push({ number: field.proto, field, index });
  }
  return byNumber(top.parts);
}

/** A field's key on the wire. */
export function tagOf(number: number, wire: 0 | 1 | 2): number {
  return number * 8 + wire;
}
