// The transport within one event loop: a request is a call of the API's handler.
import { abortError, ByteChannel } from './byte-channel.ts';
import type { Transport, TransportRequest, TransportResponse } from './transport.ts';

/** Who calls, as authentication sees a verified client certificate. */
export interface DirectPeer {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly verified: boolean;
}

/** What a handler gets; the API's own request type has the same shape (and more). */
export interface HandlerRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body?: AsyncIterable<Uint8Array>;
  readonly peer?: DirectPeer;
  readonly remoteAddress?: string;
  readonly insecure?: boolean;
  readonly signal: AbortSignal;
}

/** Where a handler writes a streamed body. */
export interface HandlerWriter {
  write(chunk: Uint8Array | string): Promise<void> | undefined;
}

export interface HandlerResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: Uint8Array | string | ((writer: HandlerWriter) => Promise<void>);
}

/** The API as a function (structurally `ApiHandler`). Never rejects. */
export type RequestHandler = (request: HandlerRequest) => Promise<HandlerResponse>;

export interface DirectOptions {
  /** Calls count as coming from this certificate's owner. */
  readonly peer?: DirectPeer;
  readonly remoteAddress?: string;
  readonly insecure?: boolean;
}

export interface DirectTransport extends Transport {
  /** Requests without an answer yet, and answers with bytes that nobody has read. */
  pending(): number;
}

/** Calls `handler` in this loop; skips TLS and framing, nothing else. */
export function createDirectTransport(
  handler: RequestHandler,
  options: DirectOptions = {},
): DirectTransport {
  const open = new Set<AbortController>();
  const streams = new Set<ByteChannel>();
  let waiting = 0;
  let closed = false;
  return {
    async request(request) {
      if (closed) throw new Error('cannot send the request: the transport is closed');
      if (request.signal?.aborted === true) throw abortError(request.signal);
      const controller = new AbortController();
      open.add(controller);
      const abort = () => controller.abort(abortError(request.signal));
      request.signal?.addEventListener('abort', abort, { once: true });
      const release = () => {
        open.delete(controller);
        request.signal?.removeEventListener('abort', abort);
      };
      waiting++;
      try {
        const answer = handler(handlerRequest(request, options, controller.signal));
        const response = await untilAborted(answer, controller.signal);
        return respond(response, controller, streams, release);
      } catch (error) {
        release();
        throw error;
      } finally {
        waiting--;
      }
    },
    pending() {
      let unread = 0;
      for (const stream of streams) if (stream.bufferedBytes > 0) unread++;
      return waiting + unread;
    },
    async close() {
      closed = true;
      for (const controller of open) controller.abort(new Error('the transport is closed'));
    },
  };
}

/** The request as the handler's type has it. */
export function handlerRequest(
  request: Pick<TransportRequest, 'method' | 'url' | 'headers' | 'body'>,
  options: DirectOptions,
  signal: AbortSignal,
): HandlerRequest {
  const { body } = request;
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const headers: Record<string, string> = { ...request.headers };
  if (bytes !== undefined) headers['content-length'] = String(bytes.byteLength);
  return {
    method: request.method,
    url: request.url,
    headers,
    ...(bytes === undefined ? {} : { body: once(bytes) }),
    ...options,
    signal,
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Header values as one string each. */
export function flatHeaders(
  headers: Readonly<Record<string, string | readonly string[]>>,
): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    flat[name.toLowerCase()] = typeof value === 'string' ? value : value.join(', ');
  }
  return flat;
}

function respond(
  response: HandlerResponse,
  controller: AbortController,
  streams: Set<ByteChannel>,
  release: () => void,
): TransportResponse {
  const { body } = response;
  const channel = new ByteChannel({ onCancel: () => controller.abort(new Error('cancelled')) });
  streams.add(channel);
  const finish = (error?: unknown) => {
    streams.delete(channel);
    release();
    if (error === undefined) channel.end();
    else channel.fail(error);
  };
  if (typeof body === 'function') {
    const { signal } = controller;
    signal.addEventListener('abort', () => finish(abortError(signal)), { once: true });
    if (signal.aborted) finish(abortError(signal));
    body(channel).then(() => finish(), finish);
  } else {
    if (body !== undefined) channel.write(body)?.catch(() => undefined);
    finish();
  }
  return { status: response.status, headers: flatHeaders(response.headers), body: channel };
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(abortError(signal));
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
