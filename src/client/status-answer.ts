// Makes the StatusError of an answer with an error status, whatever its body is.
import { type Status, StatusError } from '../status.ts';

const reasons: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Gone',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** The body's own Status where it is one, else one made of the HTTP status and the text. */
export function statusErrorOf(code: number, text: string): StatusError {
  const parsed = parse(text);
  if (parsed !== undefined) return new StatusError({ ...parsed, code: parsed.code ?? code });
  const words = text.trim().slice(0, 1024);
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: words === '' ? `the server answered with HTTP status ${code}` : words,
    reason: reasons[code] ?? 'Unknown',
    code,
  });
}

function parse(text: string): Status | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    const status = value as Partial<Status>;
    return status.kind === 'Status' ? (value as Status) : undefined;
  } catch {
    return undefined;
  }
}
