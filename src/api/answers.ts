// Builds ApiResponses: objects as JSON or YAML, errors as metav1.Status, always with a media type.
import { describeError, type Logger } from '../logger.ts';
import { internalError, type Status, StatusError } from '../status.ts';
import {
  CompactedError,
  FutureRevisionError,
  StorageClosedError,
  StorageUnavailableError,
} from '../storage/driver.ts';
import type { Negotiated } from './negotiation.ts';
import type { ApiResponse } from './request.ts';

const jsonHeaders = {
  'content-type': 'application/json',
  'cache-control': 'no-cache, private',
} as const;
const yamlHeaders = {
  'content-type': 'application/yaml',
  'cache-control': 'no-cache, private',
} as const;

const plain: Negotiated = { format: 'json', shape: 'object', pretty: false };

export function headersFor(negotiated: Negotiated): ApiResponse['headers'] {
  return negotiated.format === 'yaml' ? yamlHeaders : jsonHeaders;
}

/** An object as the client wants it. */
export async function objectAnswer(
  status: number,
  object: unknown,
  negotiated: Negotiated = plain,
): Promise<ApiResponse> {
  if (negotiated.format === 'yaml') {
    const { stringify } = await import('yaml');
    return { status, headers: yamlHeaders, body: stringify(object, { lineWidth: 0 }) };
  }
  return jsonAnswer(status, object, negotiated.pretty);
}

export function jsonAnswer(status: number, object: unknown, pretty = false): ApiResponse {
  const body = pretty ? JSON.stringify(object, undefined, 2) : JSON.stringify(object);
  return { status, headers: jsonHeaders, body: `${body}\n` };
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

/** JSON bytes (of the cache) as they are, or as the client wants them instead. */
export async function bytesAnswer(
  status: number,
  bytes: Uint8Array,
  negotiated: Negotiated,
): Promise<ApiResponse> {
  if (negotiated.format === 'json' && !negotiated.pretty) {
    return { status, headers: jsonHeaders, body: bytes };
  }
  return objectAnswer(status, JSON.parse(Buffer.from(bytes).toString()), negotiated);
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

/** The answer to a failed request, with the headers that go with its code. */
export function errorAnswer(error: StatusError): ApiResponse {
  return statusAnswer(error.status);
}

export function statusAnswer(status: Status): ApiResponse {
  const code = status.code ?? 200;
  const answer = jsonAnswer(code, status);
  const retryAfter = status.details?.retryAfterSeconds;
  const extra: Record<string, string> = {};
  if (retryAfter !== undefined && retryAfter > 0) extra['retry-after'] = String(retryAfter);
  if (Object.keys(extra).length === 0) return answer;
  return { ...answer, headers: { ...answer.headers, ...extra } };
}
