// A node's refusal or silence as the Status that clients get.
import { describeError } from '../../logger.ts';
import { internalError, StatusError } from '../../status.ts';

const reasons: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
};

/** @param status of the node's answer; absent when there was none */
export function failureOf(url: string, error: unknown, status?: number): StatusError {
  const why = describeError(error);
  if (status === undefined) return internalError(new Error(`Get ${JSON.stringify(url)}: ${why}`));
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: why,
    reason: reasons[status] ?? 'Unknown',
    code: status,
  });
}
