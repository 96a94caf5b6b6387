// Reads request bodies of every media type the server takes; protobuf goes by way of its JSON value.

import { createProtobufDecoder, ProtobufError } from '../registry/schema/protobuf-decode.ts';
import type { ReadBody } from '../registry/schema/read-body.ts';
import type { TypeTable } from '../registry/schema/types.ts';
import { badRequest } from '../status.ts';

const protobuf = 'application/vnd.kubernetes.protobuf';

/** Go clients send protobuf for built-in kinds (kubectl 1.32 on); answers to them are JSON. */
export function withProtobuf(readBody: ReadBody, table: TypeTable): ReadBody {
  const decode = createProtobufDecoder(table);
  return async (bytes, expected, options) => {
    if (!options.contentType.toLowerCase().startsWith(protobuf)) {
      return readBody(bytes, expected, options);
    }
    try {
      const { json } = decode(bytes, expected.schema);
      return await readBody(json, expected, { ...options, contentType: 'application/json' });
    } catch (error) {
      if (!(error instanceof ProtobufError)) throw error;
      const shown = JSON.stringify(expected.kind).slice(1, -1);
      throw badRequest(
        `the object provided is unrecognized (must be of type ${shown}): ${error.message}`,
      );
    }
  };
}
