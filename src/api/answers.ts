// Builds ApiResponses: objects as JSON or YAML, errors as metav1.Status, always with a media type.
import { describeError, type Logger } from '../logger.ts';
import { fromJson, toJson } from '../registry/schema/json.ts';
import type { ProtobufCodec, StatedObject } from '../registry/schema/protobuf/codec.ts';
import { internalError, type Status, StatusError } from '../status.ts';
import {
  CompactedError,
  FutureRevisionError,
  StorageClosedError,
  StorageUnavailableError,
} from '../storage/driver.ts';
import { contentTypes, type Format, type Negotiated, negotiate, refusal } from './negotiation.ts';
import type { ApiRequest, ApiResponse } from './request.ts';

const headersOf: Readonly<Record<Format, ApiResponse['headers']>> = {
  json: headersWith(contentTypes.json),
  yaml: headersWith(contentTypes.yaml),
  protobuf: headersWith(contentTypes.protobuf),
};
const protobufWatchHeaders = headersWith(`${contentTypes.protobuf};stream=watch`);

/** Go writes YAML by way of maps, which it sorts. */
const yamlForm = {
  version: '1.1',
  lineWidth: 80,
  indentSeq: false,
  sortMapEntries: true,
  aliasDuplicateObjects: false,
} as const;

function headersWith(contentType: string): ApiResponse['headers'] {
  return { 'content-type': contentType, 'cache-control': 'no-cache, private' };
}

export function headersFor({ format }: Negotiated): ApiResponse['headers'] {
  return headersOf[format];
}

export function watchHeadersFor({ format }: Negotiated): ApiResponse['headers'] {
  return format === 'protobuf' ? protobufWatchHeaders : headersOf[format];
}

/**
 * An object as the client wants it.
 *
 * @throws StatusError 406 when it has no form in protobuf
 */
export async function objectAnswer(
  status: number,
  object: StatedObject,
  negotiated: Negotiated,
  protobuf: ProtobufCodec,
): Promise<ApiResponse> {
  const headers = headersFor(negotiated);
  switch (negotiated.format) {
    case 'yaml': {
      const { stringify } = await import('yaml');
      return { status, headers, body: stringify(object, yamlForm) };
    }
    case 'protobuf': {
      const body = protobuf.document(object);
      if (body === undefined) throw notMarshalable(object.kind);
      return { status, headers, body };
    }
    case 'json':
      return jsonAnswer(status, object, negotiated.pretty);
  }
}

function notMarshalable(kind: string): StatusError {
  return refusal(
    `object *v1.${kind} does not implement the protobuf marshalling interface and cannot be ` +
      'encoded to a protobuf message',
  );
}

export function jsonAnswer(status: number, object: unknown, pretty = false): ApiResponse {
  const body = toJson(object, pretty ? 2 : undefined);
  return { status, headers: headersOf.json, body: `${body}\n` };
}

export function textAnswer(status: number, body: string, type = 'text/plain'): ApiResponse {
  return {
    status,
    headers: {
      'content-type': `${type}; charset=utf-8`,
      'cache-control': 'no-cache, private',
      'x-content-type-options': 'nosniff',
    },
    body,
  };
}

/** Bytes of the cache as they are, or, being JSON, as the client wants them instead. */
export async function bytesAnswer(
  status: number,
  bytes: Uint8Array,
  negotiated: Negotiated,
): Promise<ApiResponse> {
  const { format, pretty } = negotiated;
  if (format === 'protobuf' || (format === 'json' && !pretty)) {
    return { status, headers: headersFor(negotiated), body: bytes };
  }
  const object = fromJson(Buffer.from(bytes).toString());
  if (format === 'json') return jsonAnswer(status, object, pretty);
  const { stringify } = await import('yaml');
  return { status, headers: headersOf.yaml, body: stringify(object, yamlForm) };
}

/** What Go's own router says where no handler is: no Status, whatever the client accepts. */
export function pageNotFound(): ApiResponse {
  return textAnswer(404, '404 page not found\n');
}

/** Any thrown thing as the Status that clients get; what nobody foresaw is logged. */
export function toStatusError(error: unknown, logger: Logger): StatusError {
  if (error instanceof StatusError) return error;
  if (error instanceof StorageUnavailableError || error instanceof StorageClosedError) {
    return storageDown(error);
  }
  if (error instanceof CompactedError || error instanceof FutureRevisionError) {
    return new StatusError({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'The resourceVersion for the provided request is too old.',
      reason: 'Expired',
      code: 410,
    });
  }
  if (error instanceof Error && error.name === 'AbortError') {
    logger.debug('the client went away', { error: describeError(error) });
  } else {
    logger.error('a request failed', error, { stack: error instanceof Error ? error.stack : '' });
  }
  return internalError(error);
}

function storageDown(error: Error): StatusError {
  return new StatusError(
    {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: `etcdserver: ${error.message}`,
      reason: 'ServiceUnavailable',
      details: { retryAfterSeconds: 1 },
      code: 503,
    },
    { cause: error },
  );
}

/**
 * The answer to a failed request as its client wants answers; one that wants what there is not gets
 * JSON, so that the failure is not hidden behind another one.
 */
export async function errorAnswer(
  error: StatusError,
  request: Pick<ApiRequest, 'headers'>,
  query: URLSearchParams,
  protobuf: ProtobufCodec,
): Promise<ApiResponse> {
  let negotiated: Negotiated;
  try {
    negotiated = negotiate(request, query, {});
  } catch {
    return withRetry(error.status, jsonAnswer(error.code, error.status, true));
  }
  return withRetry(
    error.status,
    await objectAnswer(error.code, error.status, negotiated, protobuf),
  );
}

/** The same in JSON, for paths that are not Kubernetes' own. */
export function jsonErrorAnswer(error: StatusError): ApiResponse {
  return withRetry(error.status, jsonAnswer(error.code, error.status));
}

function withRetry(status: Status, answer: ApiResponse): ApiResponse {
  const retryAfter = status.details?.retryAfterSeconds ?? 0;
  if (retryAfter <= 0) return answer;
  return { ...answer, headers: { ...answer.headers, 'retry-after': String(retryAfter) } };
}
