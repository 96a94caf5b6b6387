// The transport between threads: requests and streamed answers over a MessagePort, with credit.
import type { MessagePort } from 'node:worker_threads';
import { abortError, ByteChannel, channelBytesMax } from './byte-channel.ts';
import { type DirectOptions, flatHeaders, handlerRequest, type RequestHandler } from './direct.ts';
import type { Transport, TransportRequest, TransportResponse } from './transport.ts';

/** Bytes of one answer that may be under way before the reader has taken any. */
export const windowBytes = channelBytesMax;

type ToServer =
  | {
      readonly type: 'request';
      readonly id: number;
      readonly method: TransportRequest['method'];
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly body?: Uint8Array | string;
    }
  | { readonly type: 'credit'; readonly id: number; readonly bytes: number }
  | { readonly type: 'abort'; readonly id: number };

type ToClient =
  | {
      readonly type: 'head';
      readonly id: number;
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
    }
  | { readonly type: 'data'; readonly id: number; readonly chunk: Uint8Array | string }
  | { readonly type: 'end'; readonly id: number; readonly error?: string };

interface Call {
  readonly channel: ByteChannel;
  readonly resolve: (response: TransportResponse) => void;
  readonly reject: (error: unknown) => void;
  readonly release: () => void;
}

/** The calling end. Closing the transport closes the port. */
export function createPortTransport(port: MessagePort): Transport {
  const calls = new Map<number, Call>();
  let nextId = 1;
  let closed = false;
  const send = (message: ToServer) => port.postMessage(message);
  const take = (id: number) => {
    const call = calls.get(id);
    calls.delete(id);
    call?.release();
    return call;
  };
  port.on('message', (message: ToClient) => {
    if (message.type === 'end') {
      const call = take(message.id);
      if (message.error === undefined) return call?.channel.end();
      const error = new Error(message.error);
      call?.reject(error);
      return call?.channel.fail(error);
    }
    const call = calls.get(message.id);
    if (message.type === 'head') {
      const { status, headers } = message;
      return call?.resolve({ status, headers, body: call.channel });
    }
    // The writer waits for credit, not for this promise.
    call?.channel.write(message.chunk)?.catch(() => undefined);
  });
  port.on('close', () => {
    closed = true;
    for (const id of [...calls.keys()]) {
      const call = take(id);
      call?.reject(new Error('the port is closed'));
      call?.channel.fail(new Error('the port is closed'));
    }
  });
  port.start();
  return {
    request(request) {
      const { signal, method, url, headers = {}, body } = request;
      return new Promise((resolve, reject) => {
        if (closed) return reject(new Error('cannot send the request: the port is closed'));
        if (signal?.aborted === true) return reject(abortError(signal));
        const id = nextId++;
        const stop = (error: Error) => {
          if (!calls.has(id)) return;
          const call = take(id);
          send({ type: 'abort', id });
          call?.reject(error);
          call?.channel.fail(error);
        };
        const abort = () => stop(abortError(signal));
        signal?.addEventListener('abort', abort, { once: true });
        const release = () => signal?.removeEventListener('abort', abort);
        const channel = new ByteChannel({
          onRead: (bytes) => calls.has(id) && send({ type: 'credit', id, bytes }),
          onCancel: () => stop(new Error('cancelled')),
        });
        calls.set(id, { channel, resolve, reject, release });
        send({
          type: 'request',
          id,
          method,
          url,
          headers,
          ...(body === undefined ? {} : { body }),
        });
      });
    },
    async close() {
      port.close();
    },
  };
}

interface Served {
  readonly controller: AbortController;
  outstandingBytes: number;
  resume: (() => void) | undefined;
}

/** The answering end: serves `handler` until the port or the returned function closes it. */
export function servePort(
  port: MessagePort,
  handler: RequestHandler,
  options: DirectOptions = {},
): () => void {
  const served = new Map<number, Served>();
  port.on('message', (message: ToServer) => {
    if (message.type === 'request') return void serve(port, handler, options, served, message);
    const call = served.get(message.id);
    if (call === undefined) return;
    if (message.type === 'abort') call.controller.abort(new Error('the client is gone'));
    else call.outstandingBytes -= message.bytes;
    if (message.type === 'abort' || call.outstandingBytes <= windowBytes / 2) call.resume?.();
  });
  port.on('close', () => {
    for (const call of served.values()) {
      call.controller.abort(new Error('the port is closed'));
      call.resume?.();
    }
  });
  port.start();
  return () => port.close();
}

async function serve(
  port: MessagePort,
  handler: RequestHandler,
  options: DirectOptions,
  served: Map<number, Served>,
  message: ToServer & { readonly type: 'request' },
): Promise<void> {
  const { id } = message;
  const call: Served = {
    controller: new AbortController(),
    outstandingBytes: 0,
    resume: undefined,
  };
  served.set(id, call);
  const { signal } = call.controller;
  const send = (reply: ToClient) => port.postMessage(reply);
  const write = (chunk: Uint8Array | string): Promise<void> | undefined => {
    if (signal.aborted) throw abortError(signal);
    call.outstandingBytes +=
      typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.byteLength;
    send({ type: 'data', id, chunk });
    if (call.outstandingBytes <= windowBytes) return undefined;
    return new Promise((resolve, reject) => {
      call.resume = () => {
        call.resume = undefined;
        if (signal.aborted) reject(abortError(signal));
        else resolve();
      };
    });
  };
  try {
    const response = await handler(handlerRequest(message, options, signal));
    const { status, body } = response;
    send({ type: 'head', id, status, headers: flatHeaders(response.headers) });
    if (typeof body === 'function') await body({ write });
    else if (body !== undefined) send({ type: 'data', id, chunk: body });
    send({ type: 'end', id });
  } catch (error) {
    send({ type: 'end', id, error: error instanceof Error ? error.message : String(error) });
  } finally {
    served.delete(id);
  }
}
