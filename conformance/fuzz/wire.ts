// Sends requests byte for byte as they were made: no path is tidied, no answer is trusted.
import { type ClientRequest, Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import { isIP } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { KubeConfig } from '@kubernetes/client-node';

export interface WireRequest {
  readonly method: string;
  /** Path and query, as they go over the wire. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** Watches, logs and streams: cut after this long; what is not long and does not end hangs. */
  readonly cutAfterMs?: number;
}

export interface WireAnswer {
  /** 0 where none came: `problem` says why. */
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
  /** The client ended it, as `cutAfterMs` told it to. */
  readonly cut: boolean;
  readonly problem?: string;
}

export interface Wire {
  send(request: WireRequest): Promise<WireAnswer>;
  close(): void;
}

/** An answer that is not whole after so long hangs. */
const hangMs = 180_000;
const closedMeanwhile = 'the connection was closed meanwhile';
/** More than that of an answer is read but not kept. */
const keptBytesMax = 64 << 20;

export async function openWire(kubeconfig: string, connections: number): Promise<Wire> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) throw new Error(`${kubeconfig} has no current cluster`);
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const { ca, cert, key, headers = {}, rejectUnauthorized } = options;
  const { hostname, port, protocol, pathname } = new URL(server);
  const secure = protocol === 'https:';
  const kept = { keepAlive: true, maxSockets: connections };
  const agent = secure
    ? new Agent({ ...kept, ca, cert, key, rejectUnauthorized })
    : new HttpAgent(kept);
  const prefix = pathname === '/' ? '' : pathname;
  const own = headers as Record<string, string>;
  return {
    async send(request) {
      const answer = await sendOnce(request);
      // The server has closed a kept connection just as it was used again: no answer to anything.
      return answer.problem === closedMeanwhile ? sendOnce(request) : answer;
    },
    close: () => agent.destroy(),
  };

  function sendOnce(request: WireRequest): Promise<WireAnswer> {
    const call = (secure ? httpsRequest : httpRequest)({
      agent,
      host: hostname,
      // Else a Host header would be the name that the certificate is checked for.
      servername: isIP(hostname) === 0 ? hostname : '',
      port,
      method: request.method,
      path: `${prefix}${request.path}`,
      headers: {
        ...own,
        ...request.headers,
        ...(request.body === undefined ? {} : { 'content-length': request.body.length }),
      },
    });
    return answerOf(call, request);
  }
}

function unzipped(encoding: string | undefined, body: Buffer): Buffer {
  return encoding === 'gzip' && body.length > 0 ? gunzipSync(body) : body;
}

function answerOf(call: ClientRequest, { body, cutAfterMs }: WireRequest): Promise<WireAnswer> {
  return new Promise((resolve) => {
    let status = 0;
    let contentType = '';
    let kept = 0;
    let encoding: string | undefined;
    const chunks: Buffer[] = [];
    const finish = (cut: boolean, problem?: string) => {
      clearTimeout(timer);
      const answer = { status, contentType, body: unzipped(encoding, Buffer.concat(chunks)), cut };
      resolve(problem === undefined ? answer : { ...answer, problem });
    };
    const timer = setTimeout(() => {
      call.destroy();
      finish(cutAfterMs !== undefined, cutAfterMs === undefined ? 'no whole answer' : undefined);
    }, cutAfterMs ?? hangMs);
    call.on('error', (error: NodeJS.ErrnoException) => {
      const closed = call.reusedSocket && error.code === 'ECONNRESET' && status === 0;
      finish(false, closed ? closedMeanwhile : error.message);
    });
    call.on('upgrade', (answer, socket) => {
      status = answer.statusCode ?? 0;
      socket.destroy();
      finish(true);
    });
    call.on('response', (answer) => {
      status = answer.statusCode ?? 0;
      contentType = answer.headers['content-type'] ?? '';
      answer.on('data', (chunk: Buffer) => {
        kept += chunk.length;
        if (kept <= keptBytesMax) chunks.push(chunk);
      });
      answer.on('error', (error) => finish(false, `in the middle of the answer: ${error.message}`));
      answer.on('end', () => {
        encoding = answer.headers['content-encoding'];
        finish(false);
      });
    });
    call.end(body);
  });
}
