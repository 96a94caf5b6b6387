// Reads the body of a virtual resource or an action, whose object is answered and not stored.
import type { FoundResource } from '../registry/engine/resource-registry.ts';
import type { ApiObject } from '../registry/resource.ts';
import type { StatedObject } from '../registry/schema/protobuf/codec.ts';
import type { ExpectedType, ReadBody } from '../registry/schema/read-body.ts';
import { objectAnswer } from './answers.ts';
import { readBytes } from './body.ts';
import { addWarning, type Exchange } from './exchange.ts';
import { type Negotiated, negotiate } from './negotiation.ts';
import { readWriteQuery, type WriteQuery } from './query-options.ts';
import type { ApiResponse } from './request.ts';

/** The options of a create, and the object in the body. */
export async function readCreate<T = ApiObject>(
  exchange: Exchange,
  readBody: ReadBody,
  expected: ExpectedType,
): Promise<{ object: T; options: WriteQuery }> {
  const { request, info } = exchange;
  // An answer that cannot be given is refused before anything is done.
  wanted(exchange);
  const options = readWriteQuery(info.query, 'CreateOptions', request.headers['user-agent']);
  const object = await readBody(await readBytes(request), expected, {
    contentType: request.headers['content-type'] ?? '',
    fieldValidation: options.fieldValidation,
    warn: (message) => addWarning(exchange, message),
  });
  return { object: object as T, options };
}

export function expectedOf(found: FoundResource): ExpectedType {
  const { group, version, resource } = found.served;
  return { group, version: version.version, kind: resource.kind, schema: version.schema };
}

/** 201 with the object, as the client wants it. */
export function createdAnswer(exchange: Exchange, object: object): Promise<ApiResponse> {
  // Bodies are read with their kind, whatever a caller knows of them.
  return objectAnswer(201, object as StatedObject, wanted(exchange), exchange.protobuf);
}

/** What is not stored has no columns for a Table. */
function wanted({ request, info }: Exchange): Negotiated {
  return negotiate(request, info.query, { serverVersion: true });
}
