// Protobuf of the built-in types in both directions, and of objects that say what they are.
import { definitionOf, type ListedTypeTable } from '../table.ts';
import { createProtobufDecoder, type DecodeMessage } from './decoder.ts';
import { createProtobufEncoder, type EncodeMessage } from './encoder.ts';
import { enveloped } from './envelope.ts';

export interface ProtobufCodec {
  readonly encode: EncodeMessage;
  readonly decode: DecodeMessage;
  /** An object in its envelope; undefined when its kind has no message (Table). */
  document(object: StatedObject): Uint8Array | undefined;
}

/** An object that says its kind. */
export interface StatedObject {
  readonly kind: string;
  readonly apiVersion?: string;
}

/** Types that answers only have without a message: their fields have no numbers. */
const unnumbered: ReadonlySet<string> = new Set(['Table']);

/** Makes the codec; each type is compiled when it is first met. */
export function createProtobufCodec(table: ListedTypeTable): ProtobufCodec {
  const encode = createProtobufEncoder(table);
  const decode = createProtobufDecoder(table);
  const types = new Map<string, string | undefined>();
  const typeOf = (kind: string, apiVersion: string): string | undefined => {
    const key = `${apiVersion} ${kind}`;
    if (types.has(key)) return types.get(key);
    const name = unnumbered.has(kind) ? undefined : definitionOf(table, kind, apiVersion);
    // Clients choose neither kind nor version of an answer, so this stays as small as the table.
    types.set(key, name);
    return name;
  };
  return {
    encode,
    decode,
    document(object) {
      const { kind, apiVersion = 'v1' } = object;
      const type = typeOf(kind, apiVersion);
      return type === undefined ? undefined : enveloped(apiVersion, kind, encode(type, object));
    },
  };
}
