// An HTTP/2 client for load: a few sessions that share out their streams.
import { type ClientHttp2Session, connect, constants } from 'node:http2';
import type { Answer, Ask, Connection } from './connection.ts';
import { type Target, tlsOptions } from './target.ts';

/** As Go's client: enough that flow control does not decide the figure. */
const streamWindowBytes = 4 * 1024 * 1024;
const sessionWindowBytes = 64 * 1024 * 1024;

export class Http2Pool {
  readonly #sessions: readonly ClientHttp2Session[];
  readonly #target: Target;

  private constructor(sessions: readonly ClientHttp2Session[], target: Target) {
    this.#sessions = sessions;
    this.#target = target;
  }

  static async open(target: Target, count: number): Promise<Http2Pool> {
    const sessions = await Promise.all(Array.from({ length: count }, () => openSession(target)));
    return new Http2Pool(sessions, target);
  }

  /** Closing one closes its session: all of a load process end together. */
  connection(index: number): Connection {
    const session = this.#sessions[index % this.#sessions.length];
    if (session === undefined) throw new Error('the pool has no session');
    const target = this.#target;
    return {
      ask: (ask) => request(session, target, ask),
      close: () => session.destroy(),
    };
  }
}

function openSession(target: Target): Promise<ClientHttp2Session> {
  const scheme = target.secure ? 'https' : 'http';
  return new Promise((resolve, reject) => {
    const session = connect(`${scheme}://${target.host}:${target.port}`, {
      ...(target.secure ? tlsOptions(target, 'h2') : {}),
      settings: { initialWindowSize: streamWindowBytes, enablePush: false },
    });
    session.once('error', reject);
    session.once('connect', () => {
      session.setLocalWindowSize(sessionWindowBytes);
      session.removeListener('error', reject);
      session.on('error', () => undefined);
      resolve(session);
    });
  });
}

function request(session: ClientHttp2Session, target: Target, ask: Ask): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request(
      {
        [constants.HTTP2_HEADER_METHOD]: ask.method,
        [constants.HTTP2_HEADER_PATH]: target.basePath + ask.path,
        'user-agent': 'coracle-bench',
        accept: ask.accept ?? 'application/json',
        ...(target.token === undefined ? {} : { authorization: `Bearer ${target.token}` }),
        ...(ask.body === undefined
          ? {}
          : { 'content-type': ask.contentType ?? 'application/json' }),
      },
      { endStream: ask.body === undefined },
    );
    let status = 0;
    let bytes = 0;
    stream.on('response', (headers) => {
      status = Number(headers[constants.HTTP2_HEADER_STATUS]);
    });
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      ask.onData?.(chunk);
    });
    stream.on('error', reject);
    stream.on('end', () => resolve({ status, bytes }));
    stream.on('close', () => reject(new Error('the stream was closed')));
    if (ask.body !== undefined) stream.end(ask.body);
  });
}
