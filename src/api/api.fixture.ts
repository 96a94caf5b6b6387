// The whole API over memory for tests, with an administrator's token and, where asked for, sockets.

import {
  createAuthority,
  createSigningKey,
  issueCertificate,
  type KeyPair,
} from '../certificates.ts';
import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';
import { type Logger, silentLogger } from '../logger.ts';
import { seededRandom } from '../random.ts';
import { createMemoryDriver } from '../storage/memory.ts';
import { type HttpsServer, serveHttps } from './https.ts';
import type { ApiRequest, ApiResponse } from './request.ts';
import { type Api, type ApiOptions, createApi } from './server.ts';

export const adminToken = 'admin-token-of-tests';

export interface TestApi {
  readonly api: Api;
  readonly authority: KeyPair;
  /** One request by the administrator, or by whoever `headers` names; JSON in and out. */
  call(
    method: string,
    url: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<{ status: number; headers: ApiResponse['headers']; body: TestBody }>;
  listen(): Promise<HttpsServer>;
}

/** Whatever JSON came back; tests look into it freely. */
export interface TestBody {
  readonly [field: string]: TestBody;
}

export async function testApi(
  options: Partial<ApiOptions> & { clock?: Clock; logger?: Logger } = {},
): Promise<TestApi> {
  const clock = options.clock ?? systemClock;
  const logger = options.logger ?? silentLogger;
  const authority = await createAuthority('coracle-test', clock);
  const api = await createApi({
    driver: createMemoryDriver({ clock }),
    clock,
    random: seededRandom(7),
    logger,
    signingKey: await createSigningKey(),
    staticTokens: [{ token: adminToken, user: { name: 'admin', groups: ['system:masters'] } }],
    serviceRange: '10.96.0.0/16',
    advertise: { address: '192.0.2.1', port: 6443 },
    clientAuthority: authority.certificate,
    ...options,
  });
  await api.ready();
  return {
    api,
    authority,
    call: (method, url, body, headers = {}) => call(api, method, url, body, headers),
    async listen() {
      const serving = await issueCertificate(
        authority,
        {
          commonName: 'kube-apiserver',
          dnsNames: ['localhost'],
          ipAddresses: ['127.0.0.1'],
          usages: ['server'],
          durationMs: 3_600_000,
        },
        clock,
      );
      return serveHttps({
        handler: api.handler,
        logger,
        tls: { ...serving, clientAuthority: authority.certificate },
        addresses: [{ host: '127.0.0.1', port: 0 }],
        insecure: { port: 0 },
      });
    },
  };
}

async function call(
  api: Api,
  method: string,
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>>,
) {
  const bytes =
    body === undefined
      ? undefined
      : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const request: ApiRequest = {
    method,
    url,
    headers: {
      authorization: `Bearer ${adminToken}`,
      ...(bytes === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(bytes === undefined ? {} : { body: once(bytes) }),
    signal: new AbortController().signal,
  };
  const answer = await api.handler(request);
  return { status: answer.status, headers: answer.headers, body: await parse(answer) };
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

async function parse(answer: ApiResponse): Promise<TestBody> {
  const { body } = answer;
  let text = '';
  if (typeof body === 'function') {
    await body({
      write(chunk) {
        text += Buffer.from(chunk).toString();
        return undefined;
      },
    });
  } else if (body !== undefined) {
    text = Buffer.from(body).toString();
  }
  try {
    return JSON.parse(text) as TestBody;
  } catch {
    return text as unknown as TestBody;
  }
}
