// The whole API as one function: the order in which a request is seen, allowed and answered.
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { User } from '../registry/resource.ts';
import type { ProtobufCodec } from '../registry/schema/protobuf/codec.ts';
import { badRequest, type StatusError, timeout, unauthorized } from '../status.ts';
import { errorAnswer, jsonErrorAnswer, toStatusError } from './answers.ts';
import { type Authenticator, anonymousUser } from './authentication/authenticator.ts';
import { type Authorizer, attributesOf, denial } from './authorization/authorizer.ts';
import { type Exchange, warningHeaders } from './exchange.ts';
import type { Fairness } from './fairness/fairness.ts';
import type { Seat } from './fairness/seat.ts';
import { turnUnits } from './fairness/turns.ts';
import { impersonate } from './impersonation.ts';
import type { RequestMetrics, RequestTrack } from './metrics.ts';
import type { ApiHandler, ApiRequest, ApiResponse } from './request.ts';
import { parseRequest, type RequestInfo } from './request-info.ts';
import { requestTimeoutMs } from './request-timeout.ts';

export interface HandlerParts {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly fairness: Fairness;
  readonly metrics: RequestMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly protobuf: ProtobufCodec;
  /** Answers what may be answered; everything above is done. */
  readonly route: (exchange: Exchange) => Promise<ApiResponse>;
  /** Who answers a non-resource path that is not Kubernetes' own: no deadline, no body limit. */
  readonly extension: (path: string) => ApiHandler | undefined;
}

/** Reachable without credentials, as upstream's system:public-info-viewer allows. */
const publicPaths = /^\/(healthz|livez|readyz)(\/.*)?$|^\/version\/?$/;
const streamSubresources = ['exec', 'attach', 'portforward', 'proxy', 'log'];
/** Whole answers from this size on keep their seat until the client has taken them. */
const seatedBodyBytes = 64 * 1024;

/** Builds the handler; what it answers never rejects. */
export function createHandler(parts: HandlerParts): ApiHandler {
  return async (request) => {
    const info = parseRequest(request.method, request.url);
    if (info === undefined)
      return jsonErrorAnswer(badRequest('the request path or query is malformed'));
    const track = parts.metrics.start(request, info);
    if (isLongRunning(info)) track.goesOn();
    let answer: ApiResponse;
    try {
      answer = await handle(parts, request, info, track);
    } catch (error) {
      answer = await failed(parts, request, info, error);
    }
    return tracked(answer, request, track);
  };
}

/** Counts an answer when it is over, with the bytes of its body. */
function tracked(answer: ApiResponse, request: ApiRequest, track: RequestTrack): ApiResponse {
  const { body } = answer;
  if (typeof body !== 'function' && answer.upgraded !== true) {
    track.end(answer);
    return answer;
  }
  let over = false;
  const end = () => {
    if (!over) track.end(answer);
    over = true;
  };
  if (typeof body !== 'function') return whenOver(answer, request, end);
  const counted: ApiResponse['body'] = (writer) =>
    body({
      write(chunk) {
        track.bytes += chunk.length;
        return writer.write(chunk);
      },
    });
  return whenOver({ ...answer, body: counted }, request, end);
}

function failed(
  { logger, protobuf }: HandlerParts,
  request: ApiRequest,
  info: RequestInfo,
  error: unknown,
): Promise<ApiResponse> {
  return errorAnswer(toStatusError(error, logger), request, info.query, protobuf);
}

async function handle(
  parts: HandlerParts,
  request: ApiRequest,
  info: RequestInfo,
  track: RequestTrack,
): Promise<ApiResponse> {
  const timeoutMs = isLongRunning(info) ? undefined : requestTimeoutMs(info.query);
  const real = await whoAsks(parts, request, info);
  const user = await impersonate(parts.authorizer, real, request.headers);
  // Streams between clients and nodes may go on for hours, and cost this server next to nothing.
  if (isLongRunning(info) && info.verb !== 'watch') {
    return allowed(parts, { request, info, user, track, seat: undefined, timeoutMs });
  }
  const waitMaxMs = timeoutMs === undefined ? undefined : timeoutMs / 4;
  const seat = parts.fairness.enter(user, info, () => request.signal, waitMaxMs);
  let stays = false;
  try {
    if (seat.waiting !== undefined) {
      const startMs = performance.now();
      await seat.waiting;
      track.waitedMs = performance.now() - startMs;
    }
    if (seat.refused) return seat.refusal();
    const answer = await answered(parts, { request, info, user, track, seat, timeoutMs }, seat);
    stays = typeof answer.body === 'function';
    return stays ? whenOver(answer, request, () => seat.leave()) : answer;
  } finally {
    if (!stays) seat.leave();
  }
}

/** A request and who asks, with what is held and counted for it. */
interface Asked {
  readonly request: ApiRequest;
  readonly info: RequestInfo;
  readonly user: User;
  readonly track: RequestTrack;
  readonly seat: Seat | undefined;
  /** Undefined: it may go on for hours. */
  readonly timeoutMs: number | undefined;
}

/** The answer, or the error it ended with, under the headers that say how it was classified. */
async function answered(parts: HandlerParts, asked: Asked, seat: Seat): Promise<ApiResponse> {
  let answer: ApiResponse;
  try {
    answer = await allowed(parts, asked);
  } catch (error) {
    answer = await failed(parts, asked.request, asked.info, error);
  }
  const { body } = answer;
  const headers = { ...answer.headers, ...seat.headers };
  if (body === undefined || typeof body === 'function' || body.length < seatedBodyBytes) {
    return { ...answer, headers };
  }
  // Too much for a socket's buffer: who reads it slowly holds a seat meanwhile.
  return {
    ...answer,
    headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
    body: async (writer) => writer.write(body),
  };
}

async function allowed(parts: HandlerParts, asked: Asked): Promise<ApiResponse> {
  const { request, info, user, seat } = asked;
  const attributes = attributesOf(user, info);
  const deciding = parts.authorizer.authorize(attributes);
  const decision = deciding instanceof Promise ? await deciding : deciding;
  if (!decision.allowed) throw denial(attributes, decision.reason);
  const extension = info.isResource ? undefined : parts.extension(info.path);
  if (extension !== undefined) return extension(request);
  if (info.verb === 'watch') return watched(parts, asked);
  // A big answer begins in a turn of its own: its first chunk is as long as the others.
  if (seat?.wide === true) await parts.fairness.turns.take(turnUnits.chunk);
  return withDeadline(parts, asked);
}

/** A watch holds its seat while it starts, and counts as one as long as it lasts. */
async function watched(parts: HandlerParts, asked: Asked): Promise<ApiResponse> {
  const { request, info, user, seat, track } = asked;
  const warnings: string[] = [];
  const started = () => seat?.leave();
  const { signal } = request;
  const base = { request, info, user, warnings, protobuf: parts.protobuf, signal };
  const exchange = { ...base, started, sent: track.watchEvents() };
  const answer = withWarnings(await parts.route(exchange), warnings);
  if (typeof answer.body !== 'function' && answer.upgraded !== true) return answer;
  return whenOver(answer, request, parts.fairness.watches.register(info));
}

/**
 * Calls `done` when the last byte of a streamed answer is out or the client is gone: also where
 * its body is never asked for (HEAD). `done` may be called more than once.
 */
function whenOver(answer: ApiResponse, request: ApiRequest, done: () => void): ApiResponse {
  const { body } = answer;
  const { signal } = request;
  if (signal.aborted || request.method === 'HEAD') done();
  else signal.addEventListener('abort', done, { once: true });
  if (typeof body !== 'function') return answer;
  return {
    ...answer,
    body: async (writer) => {
      try {
        await body(writer);
      } finally {
        done();
      }
    },
  };
}

async function whoAsks(parts: HandlerParts, request: ApiRequest, info: RequestInfo): Promise<User> {
  const user = await parts.authenticator.authenticate(request);
  if (user !== undefined) return user;
  if (!info.isResource && publicPaths.test(info.path) && info.verb === 'get') return anonymousUser;
  throw unauthorized();
}

async function withDeadline(parts: HandlerParts, asked: Asked): Promise<ApiResponse> {
  const { request, info, user, timeoutMs } = asked;
  const warnings: string[] = [];
  const base = { request, info, user, warnings, protobuf: parts.protobuf };
  if (timeoutMs === undefined) {
    const exchange = { ...base, signal: request.signal };
    return withWarnings(await parts.route(exchange), warnings);
  }
  let expire: (error: StatusError) => void = () => undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    expire = reject;
  });
  const controller = new AbortController();
  const timer = parts.clock.setTimeout(() => {
    controller.abort();
    expire(timeout('request did not complete within the allotted timeout'));
  }, timeoutMs);
  try {
    const exchange = { ...base, signal: controller.signal };
    const answer = await Promise.race([parts.route(exchange), deadline]);
    return withWarnings(answer, warnings);
  } catch (error) {
    return withWarnings(await failed(parts, request, info, error), warnings);
  } finally {
    timer.cancel();
  }
}

function withWarnings(answer: ApiResponse, warnings: readonly string[]): ApiResponse {
  if (warnings.length === 0) return answer;
  return { ...answer, headers: { ...answer.headers, warning: warningHeaders(warnings) } };
}

/** Requests that may go on for hours: neither deadline nor seat holds them. */
export function isLongRunning(info: RequestInfo): boolean {
  if (!info.isResource) return false;
  if (info.verb === 'watch') return true;
  return streamSubresources.includes(info.subresource);
}
