// Reads an object that is sent, with the options beside it; answers one that is not stored.
import type { FoundResource } from '../registry/engine/resource-registry.ts';
import type { ApiObject } from '../registry/resource.ts';
import type { StatedObject } from '../registry/schema/protobuf/codec.ts';
import { bodyMediaType, type ExpectedType, type ReadBody } from '../registry/schema/read-body.ts';
import { badRequest } from '../status.ts';
import { objectAnswer } from './answers.ts';
import { readBytes } from './body.ts';
import { addWarning, type Exchange } from './exchange.ts';
import { type Negotiated, negotiate } from './negotiation.ts';
import { readWriteQuery, type WriteQuery } from './query-options.ts';
import type { ApiResponse } from './request.ts';

/** An action's or a virtual resource's object, in the namespace that the path says. */
export async function readCreate<T = ApiObject>(
  exchange: Exchange,
  readBody: ReadBody,
  expected: ExpectedType,
): Promise<{ object: T; options: WriteQuery }> {
  // An answer that cannot be given is refused before anything is done.
  wanted(exchange);
  const { request, info } = exchange;
  const { namespace } = info;
  // In upstream's order: media type, size, options, object.
  bodyMediaType(request.headers['content-type'] ?? '');
  const bytes = await readBytes(request);
  const options = readWriteQuery(info.query, 'CreateOptions', request.headers['user-agent']);
  const object = await readObject(exchange, readBody, bytes, expected, options);
  const stated = object.metadata.namespace ?? '';
  if (stated !== '' && namespace !== '' && stated !== namespace) {
    throw badRequest(
      'the namespace of the provided object does not match the namespace sent on the request',
    );
  }
  if (namespace !== '') object.metadata.namespace = namespace;
  return { object: object as T, options };
}

/** The object that `bytes` are; what is only doubtful about them becomes warnings. */
export function readObject(
  exchange: Exchange,
  readBody: ReadBody,
  bytes: Uint8Array,
  expected: ExpectedType,
  { fieldValidation }: WriteQuery,
): Promise<ApiObject> {
  return readBody(bytes, expected, {
    contentType: exchange.request.headers['content-type'] ?? '',
    fieldValidation,
    warn: (message) => addWarning(exchange, message),
  });
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
