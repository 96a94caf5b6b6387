// Plain HTTP requests to the API server of a kubeconfig, for what typed clients cannot send.
import { request as httpRequest } from 'node:http';
import { Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';

export interface ApiRequest {
  readonly body?: string | Buffer | object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly contentType?: string;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** The fields that every object and every Status has, as far as suites look at them. */
export interface AnyObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name?: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly generation?: number;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
    readonly managedFields?: readonly {
      readonly manager?: string;
      readonly operation?: string;
      readonly fieldsV1?: object;
    }[];
  };
  readonly items?: readonly AnyObject[];
  readonly data?: Readonly<Record<string, string>>;
}

export interface StatusObject {
  readonly kind: string;
  readonly status: string;
  readonly message: string;
  readonly reason: string;
  readonly code: number;
  readonly details?: {
    readonly name?: string;
    readonly kind?: string;
    readonly causes?: readonly {
      readonly reason: string;
      readonly message: string;
      readonly field?: string;
    }[];
  };
}

/** A line of a watch. */
export interface WatchLine {
  readonly type: string;
  readonly object: AnyObject;
}

export interface Api {
  request(method: string, path: string, options?: ApiRequest): Promise<ApiAnswer>;
  /** The object of an answer of 2xx; anything else throws with the server's words. */
  ok<T = AnyObject>(method: string, path: string, options?: ApiRequest): Promise<T>;
  /** Lines of a watch as they come; ends when the server or the consumer ends it. */
  watch(path: string): AsyncGenerator<WatchLine, void, void>;
  close(): void;
}

export async function createApi(config: KubeConfig): Promise<Api> {
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) throw new Error('the kubeconfig has no current cluster');
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const { ca, cert, key, rejectUnauthorized, headers: ownHeaders } = options;
  const secure = new URL(server).protocol === 'https:';
  const trusted = { keepAlive: true, ca, cert, key, rejectUnauthorized };
  const agent = secure ? new Agent(trusted) : undefined;
  const send = secure ? httpsRequest : httpRequest;
  const open = (method: string, path: string, request: ApiRequest) => {
    const { body } = request;
    const text =
      body === undefined || typeof body === 'string' || Buffer.isBuffer(body)
        ? body
        : JSON.stringify(body);
    const call = send(new URL(path, server), {
      ...(agent === undefined ? {} : { agent }),
      method,
      headers: {
        ...(ownHeaders as Record<string, string> | undefined),
        accept: 'application/json',
        ...(text === undefined
          ? {}
          : {
              'content-type': request.contentType ?? 'application/json',
              'content-length': Buffer.byteLength(text),
            }),
        ...request.headers,
      },
    });
    call.end(text);
    return call;
  };
  const request = (method: string, path: string, options: ApiRequest = {}) =>
    new Promise<ApiAnswer>((resolve, reject) => {
      const call = open(method, path, options);
      call.on('error', reject);
      call.on('response', (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text });
        });
      });
    });
  return {
    request,
    async ok<T>(method: string, path: string, options?: ApiRequest) {
      const answer = await request(method, path, options);
      if (answer.status >= 200 && answer.status < 300) return JSON.parse(answer.text) as T;
      throw new Error(`${method} ${path}: ${answer.status} ${answer.text.slice(0, 500)}`);
    },
    async *watch(path) {
      const call = open('GET', path, {});
      try {
        const answer = await new Promise<NodeJS.ReadableStream>((resolve, reject) => {
          call.on('response', resolve);
          call.on('error', reject);
        });
        let rest = '';
        for await (const chunk of answer) {
          const lines = `${rest}${chunk}`.split('\n');
          rest = lines.pop() ?? '';
          for (const line of lines) if (line !== '') yield JSON.parse(line) as WatchLine;
        }
      } finally {
        call.destroy();
      }
    },
    close: () => agent?.destroy(),
  };
}

/** The Status that an answer carries. */
export function statusOf(answer: ApiAnswer): StatusObject {
  return JSON.parse(answer.text) as StatusObject;
}
