// How long a request may take that is no watch, log or stream.
import { GoDurationError, parseGoDuration } from '../go-duration.ts';
import { badRequest } from '../status.ts';

/** kube-apiserver's --request-timeout. */
const timeoutMaxMs = 60_000;

/**
 * What `?timeout=` asks for, a minute at most; `0s` asks for nothing in particular.
 *
 * @throws StatusError 400
 */
export function requestTimeoutMs(query: URLSearchParams): number {
  const asked = query.get('timeout') ?? '';
  if (asked === '') return timeoutMaxMs;
  try {
    const ms = parseGoDuration(asked);
    return ms > 0 && ms < timeoutMaxMs ? ms : timeoutMaxMs;
  } catch (error) {
    if (!(error instanceof GoDurationError)) throw error;
    throw badRequest(`invalid timeout specified in the request URL - ${error.message}`);
  }
}
