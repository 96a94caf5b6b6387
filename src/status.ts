// The catalogue of API errors: typed constructors that yield a metav1.Status with upstream's words.

/** metav1.StatusCause. */
export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** metav1.StatusDetails. */
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** metav1.Status as it goes over the wire. */
export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: Readonly<Record<string, never>> | { readonly continue?: string };
  readonly status: 'Failure' | 'Success';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code?: number;
}

/** An error that has a Status; everything that the API refuses is one of these. */
export class StatusError extends Error {
  readonly status: Status;
  constructor(status: Status, options?: ErrorOptions) {
    super(status.message ?? status.reason ?? 'unknown', options);
    this.status = status;
  }
  get code(): number {
    return this.status.code ?? 500;
  }
  get reason(): string {
    return this.status.reason ?? '';
  }
}

/** Whether `error` is a StatusError with `reason` (`NotFound`, `Conflict`, …). */
export function isReason(error: unknown, reason: string): error is StatusError {
  return error instanceof StatusError && error.status.reason === reason;
}

/** A resource as error messages name it: `deployments.apps`, or `pods` in the core group. */
export interface ResourceName {
  readonly group: string;
  readonly resource: string;
}

function qualified(resource: ResourceName): string {
  return resource.group === '' ? resource.resource : `${resource.resource}.${resource.group}`;
}

function detailsOf(resource: ResourceName, name: string): StatusDetails {
  return {
    ...(name === '' ? {} : { name }),
    ...(resource.group === '' ? {} : { group: resource.group }),
    ...(resource.resource === '' ? {} : { kind: resource.resource }),
  };
}

function failure(
  code: number,
  reason: string,
  message: string,
  details?: StatusDetails,
  options?: ErrorOptions,
): StatusError {
  const status: Status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    ...(details === undefined ? {} : { details }),
    code,
  };
  return new StatusError(status, options);
}

export function notFound(resource: ResourceName, name: string): StatusError {
  const message = `${qualified(resource)} ${JSON.stringify(name)} not found`;
  return failure(404, 'NotFound', message, detailsOf(resource, name));
}

/** The path names no resource that is served; the message is the one that clients print. */
export function resourceNotFound(): StatusError {
  return failure(404, 'NotFound', 'the server could not find the requested resource', {});
}

export function alreadyExists(resource: ResourceName, name: string): StatusError {
  const message = `${qualified(resource)} ${JSON.stringify(name)} already exists`;
  return failure(409, 'AlreadyExists', message, detailsOf(resource, name));
}

/** A generated name was taken on every try (upstream answers 409 AlreadyExists with a hint). */
export function generateNameConflict(resource: ResourceName, name: string): StatusError {
  const message =
    `${qualified(resource)} ${JSON.stringify(name)} already exists, ` +
    'the server was not able to generate a unique name for the object';
  return failure(409, 'AlreadyExists', message, {
    ...detailsOf(resource, name),
    retryAfterSeconds: 1,
  });
}

export const optimisticLockMessage =
  'the object has been modified; please apply your changes to the latest version and try again';

export function conflict(
  resource: ResourceName,
  name: string,
  why: string = optimisticLockMessage,
): StatusError {
  const message = `Operation cannot be fulfilled on ${qualified(resource)} ${JSON.stringify(name)}: ${why}`;
  return failure(409, 'Conflict', message, detailsOf(resource, name));
}

/** Server-side apply found other owners; causes have reason FieldManagerConflict. */
export function applyConflict(message: string, causes: readonly StatusCause[]): StatusError {
  return failure(409, 'Conflict', message, { causes });
}

/**
 * Validation failed with every cause at once.
 *
 * @param kind group and kind of the object, not its resource: `Pod`, `Deployment` in `apps`
 */
export function invalid(
  kind: { readonly group: string; readonly kind: string },
  name: string,
  causes: readonly StatusCause[],
): StatusError {
  const qualifiedKind = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
  const lines = [...new Set(causes.map((cause) => `${cause.field}: ${cause.message}`))];
  const [only = ''] = lines;
  const summary = lines.length === 1 ? only : `[${lines.join(', ')}]`;
  const message = `${qualifiedKind} ${JSON.stringify(name)} is invalid${lines.length === 0 ? '' : `: ${summary}`}`;
  return failure(422, 'Invalid', message, {
    ...(name === '' ? {} : { name }),
    ...(kind.group === '' ? {} : { group: kind.group }),
    ...(kind.kind === '' ? {} : { kind: kind.kind }),
    causes,
  });
}

export function badRequest(message: string, options?: ErrorOptions): StatusError {
  return failure(400, 'BadRequest', message, undefined, options);
}

export function unauthorized(): StatusError {
  return failure(401, 'Unauthorized', 'Unauthorized');
}

/** Authorization or admission said no; `why` follows the colon. */
export function forbidden(resource: ResourceName, name: string, why: string): StatusError {
  const what =
    resource.resource === ''
      ? `forbidden: ${why}`
      : name === ''
        ? `${qualified(resource)} is forbidden: ${why}`
        : `${qualified(resource)} ${JSON.stringify(name)} is forbidden: ${why}`;
  return failure(403, 'Forbidden', what, detailsOf(resource, name));
}

export function methodNotAllowed(resource: ResourceName, verb: string): StatusError {
  const message = `${verb} is not supported on resources of kind ${JSON.stringify(qualified(resource))}`;
  return failure(405, 'MethodNotAllowed', message, detailsOf(resource, ''));
}

/** The HTTP method fits no verb of this path. */
export function httpMethodNotAllowed(): StatusError {
  return failure(
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
    {},
  );
}

export function notAcceptable(accepted: readonly string[]): StatusError {
  const message = `only the following media types are accepted: ${accepted.join(', ')}`;
  return failure(406, 'NotAcceptable', message);
}

export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`;
  return failure(415, 'UnsupportedMediaType', message);
}

/** The asked-for revision is gone (compaction, a continue token that is too old). */
export function expired(message: string, continueToken?: string): StatusError {
  const error = failure(410, 'Expired', message);
  if (continueToken === undefined) return error;
  return new StatusError({ ...error.status, metadata: { continue: continueToken } });
}

export function gone(message: string): StatusError {
  return failure(410, 'Gone', message);
}

export function requestEntityTooLarge(message: string): StatusError {
  return failure(413, 'RequestEntityTooLarge', `Request entity too large: ${message}`);
}

export function tooManyRequests(message: string, retryAfterSeconds: number): StatusError {
  return failure(429, 'TooManyRequests', message, { retryAfterSeconds });
}

export function timeout(message: string, retryAfterSeconds = 0): StatusError {
  return failure(504, 'Timeout', `Timeout: ${message}`, { retryAfterSeconds });
}

/** The revision a client asked for lies in the future; clients retry on this cause. */
export function tooLargeResourceVersion(asked: number, current: number): StatusError {
  return failure(504, 'Timeout', `Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

export function serviceUnavailable(message: string): StatusError {
  return failure(503, 'ServiceUnavailable', message);
}

export function internalError(cause: unknown): StatusError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return failure(
    500,
    'InternalError',
    `Internal error occurred: ${message}`,
    { causes: [{ message }] },
    { cause },
  );
}

/** What upstream answers where a plain error reaches its handlers: 500 without a reason. */
export function unexplained(message: string): StatusError {
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    code: 500,
  });
}

/** The answer to a delete that left nothing behind, and to other calls with nothing to show. */
export function success(details?: StatusDetails): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    ...(details === undefined ? {} : { details }),
  };
}
