// The typed client: turns verbs into requests, answers into frozen objects or StatusErrors.
import { type Clock, sleep, systemClock } from '../clock.ts';
import type { KubernetesObject, TokenRequest } from '../objects.ts';
import type {
  Client,
  DeleteOptions,
  ListOptions,
  ListResult,
  PatchType,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './client.ts';
import { deepFreeze } from './freeze.ts';
import { apiVersionOf, type ResourceRef } from './resource-ref.ts';
import { statusErrorOf } from './status-answer.ts';
import type { Transport, TransportRequest, TransportResponse } from './transport.ts';

/** How often a request that was answered with Retry-After is sent again, as client-go does. */
const retriesMax = 10;
/** Bytes of one watch event; the API's own limit on an object is 3 MiB. */
const eventBytesMax = 16 * 1024 * 1024;

const patchTypes: Record<PatchType, string> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

export interface ClientOptions {
  /** `User-Agent`; also the default field manager on the server (up to the first slash). */
  readonly userAgent: string;
  /** Waits out Retry-After; default the system's clock. */
  readonly clock?: Clock;
}

/** A client that speaks through `transport`. Sharing a transport among clients is fine. */
export function createClient(transport: Transport, options: ClientOptions): Client {
  const { clock = systemClock } = options;
  const send = async (request: TransportRequest): Promise<TransportResponse> => {
    const headers = { accept: 'application/json', 'user-agent': options.userAgent };
    const full = { ...request, headers: { ...headers, ...request.headers } };
    for (let attempt = 0; ; attempt++) {
      const response = await transport.request(full);
      if (response.status < 400) return response;
      const error = statusErrorOf(response.status, await readText(response));
      const retryAfter = Number(response.headers['retry-after']);
      const again = (error.code === 429 || error.code >= 500) && retryAfter > 0;
      if (!again || attempt >= retriesMax || request.signal?.aborted === true) throw error;
      await sleep(clock, retryAfter * 1000, request.signal);
    }
  };
  const call = async (request: TransportRequest): Promise<unknown> => {
    const text = await readText(await send(request));
    if (text === '') return undefined;
    try {
      return deepFreeze(JSON.parse(text));
    } catch (cause) {
      throw new Error(`cannot ${request.method} ${request.url}: the answer is no JSON`, { cause });
    }
  };
  return {
    transport,
    ...readVerbs(send, call),
    ...writeVerbs(call),
    createToken: (namespace, serviceAccount, request) =>
      call({
        method: 'POST',
        url: `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`,
        ...json({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', ...request }),
      }) as Promise<TokenRequest>,
    raw: (method, url, body) => call({ method, url, ...(body === undefined ? {} : json(body)) }),
  };
}

type Send = (request: TransportRequest) => Promise<TransportResponse>;
type Call = (request: TransportRequest) => Promise<unknown>;

function readVerbs(send: Send, call: Call): Pick<Client, 'get' | 'list' | 'watch'> {
  return {
    get: <T extends KubernetesObject>(ref: ResourceRef<T>, namespace: string, name: string) =>
      call({
        method: 'GET',
        url: pathOf(ref, namespace, name),
        ...accept(ref, 'PartialObjectMetadata'),
      }) as Promise<T>,
    async list<T extends KubernetesObject>(ref: ResourceRef<T>, options: ListOptions = {}) {
      const url = pathOf(ref, options.namespace) + queryOf(selectorQuery(options));
      const headers = accept(ref, 'PartialObjectMetadataList');
      const answer = (await call({ method: 'GET', url, ...headers })) as {
        metadata?: { resourceVersion?: string; continue?: string };
        items?: readonly T[] | null;
      };
      const result: ListResult<T> = {
        resourceVersion: answer.metadata?.resourceVersion ?? '',
        items: answer.items ?? [],
      };
      return result;
    },
    async *watch<T extends KubernetesObject>(ref: ResourceRef<T>, options: WatchOptions) {
      const url = pathOf(ref, options.namespace) + queryOf(watchQuery(options));
      const signal = options.signal === undefined ? {} : { signal: options.signal };
      const response = await send({
        method: 'GET',
        url,
        ...accept(ref, 'PartialObjectMetadata'),
        ...signal,
        streams: true,
      });
      for await (const line of lines(response.body)) yield watchEvent<T>(line);
    },
  };
}

function writeVerbs(
  call: Call,
): Pick<Client, 'create' | 'update' | 'patch' | 'delete' | 'deleteCollection'> {
  const write = <T extends KubernetesObject>(
    ref: ResourceRef<T>,
    method: 'POST' | 'PUT',
    object: T,
    options: WriteOptions,
  ) => {
    const { namespace = '', name } = object.metadata ?? {};
    const named = method === 'PUT' || options.subresource !== undefined ? name : undefined;
    const url = pathOf(ref, namespace, named, options.subresource) + queryOf(writeQuery(options));
    const typed = { apiVersion: apiVersionOf(ref), kind: ref.kind, ...object };
    return call({ method, url, ...json(typed), ...signalOf(options) }) as Promise<T>;
  };
  return {
    create: (ref, object, options = {}) => write(ref, 'POST', object, options),
    update: (ref, object, options = {}) => write(ref, 'PUT', object, options),
    patch: <T extends KubernetesObject>(
      ref: ResourceRef<T>,
      namespace: string,
      name: string,
      type: PatchType,
      patch: unknown,
      options: WriteOptions & { readonly force?: boolean } = {},
    ) => {
      const query = [...writeQuery(options)];
      if (options.force !== undefined) query.push(['force', String(options.force)]);
      return call({
        method: 'PATCH',
        url: pathOf(ref, namespace, name, options.subresource) + queryOf(query),
        headers: { 'content-type': patchTypes[type] },
        body: JSON.stringify(patch),
        ...signalOf(options),
      }) as Promise<T>;
    },
    async delete(ref, namespace, name, options = {}) {
      const url = pathOf(ref, namespace, name);
      await call({ method: 'DELETE', url, ...json(deleteBody(options)), ...signalOf(options) });
    },
    async deleteCollection(ref, options) {
      const url = pathOf(ref, options.namespace) + queryOf(selectorQuery(options));
      // The list's resourceVersion is in the query; preconditions do not apply to collections.
      const { resourceVersion: _, uid: __, ...body } = options;
      await call({ method: 'DELETE', url, ...json(deleteBody(body)), ...signalOf(options) });
    },
  };
}

/** The path of a collection, or of one object and its subresource. */
export function pathOf(
  ref: ResourceRef<KubernetesObject>,
  namespace?: string,
  name?: string,
  subresource?: string,
): string {
  let path = `${ref.group === '' ? '/api' : `/apis/${ref.group}`}/${ref.version}`;
  if (ref.namespaced && namespace !== undefined && namespace !== '') {
    path += `/namespaces/${encodeURIComponent(namespace)}`;
  }
  path += `/${ref.plural}`;
  if (name !== undefined) path += `/${encodeURIComponent(name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

type Query = readonly (readonly [string, string])[];

function queryOf(query: Query): string {
  if (query.length === 0) return '';
  return `?${query.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')}`;
}

function selectorQuery(options: ListOptions): [string, string][] {
  const query: [string, string][] = [];
  const { labelSelector, fieldSelector, resourceVersion, limit } = options;
  if (labelSelector !== undefined) query.push(['labelSelector', labelSelector]);
  if (fieldSelector !== undefined) query.push(['fieldSelector', fieldSelector]);
  if (resourceVersion !== undefined) query.push(['resourceVersion', resourceVersion]);
  if (limit !== undefined) query.push(['limit', String(limit)]);
  return query;
}

function watchQuery(options: WatchOptions): Query {
  const query: [string, string][] = [
    ['watch', 'true'],
    ['allowWatchBookmarks', 'true'],
  ];
  query.push(...selectorQuery(options));
  if (options.sendInitialEvents === true) {
    query.push(['sendInitialEvents', 'true'], ['resourceVersionMatch', 'NotOlderThan']);
  }
  if (options.timeoutSeconds !== undefined) {
    query.push(['timeoutSeconds', String(options.timeoutSeconds)]);
  }
  return query;
}

function writeQuery(options: WriteOptions): Query {
  const query: [string, string][] = [];
  if (options.fieldManager !== undefined) query.push(['fieldManager', options.fieldManager]);
  if (options.dryRun === true) query.push(['dryRun', 'All']);
  return query;
}

function signalOf(options: { readonly signal?: AbortSignal }): { signal?: AbortSignal } {
  return options.signal === undefined ? {} : { signal: options.signal };
}

function deleteBody(options: DeleteOptions): object {
  const { uid, resourceVersion, gracePeriodSeconds, propagationPolicy } = options;
  const conditional = uid !== undefined || resourceVersion !== undefined;
  return {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
    ...(conditional
      ? {
          preconditions: {
            ...(uid === undefined ? {} : { uid }),
            ...(resourceVersion === undefined ? {} : { resourceVersion }),
          },
        }
      : {}),
  };
}

function json(body: unknown): { headers: Record<string, string>; body: string } {
  return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

function accept(
  ref: ResourceRef<KubernetesObject>,
  as: string,
): { headers: Record<string, string> } {
  if (ref.metadataOnly !== true) return { headers: {} };
  return {
    headers: { accept: `application/json;as=${as};g=meta.k8s.io;v=v1, application/json` },
  };
}

async function readText(response: TransportResponse): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body) chunks.push(chunk);
  const [only] = chunks;
  if (only === undefined) return '';
  return chunks.length === 1 ? Buffer.from(only).toString() : Buffer.concat(chunks).toString();
}

async function* lines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  for await (const chunk of body) {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      rest.push(Buffer.from(chunk.buffer, chunk.byteOffset + from, end - from));
      const line = (rest.length === 1 ? rest[0] : Buffer.concat(rest))?.toString() ?? '';
      rest = [];
      restBytes = 0;
      from = end + 1;
      if (line !== '') yield line;
    }
    if (from < chunk.byteLength) {
      rest.push(Buffer.from(chunk.buffer, chunk.byteOffset + from, chunk.byteLength - from));
      restBytes += chunk.byteLength - from;
      if (restBytes > eventBytesMax) throw new Error('a watch event is too large');
    }
  }
}

function watchEvent<T extends KubernetesObject>(line: string): WatchEvent<T> {
  const event = JSON.parse(line) as { type: string; object: T };
  if (event.type === 'ERROR') throw statusErrorOf(500, JSON.stringify(event.object));
  const object = deepFreeze(event.object);
  if (event.type === 'BOOKMARK') {
    const annotation = object.metadata?.annotations?.['k8s.io/initial-events-end'];
    return { type: 'BOOKMARK', object, initialEventsEnd: annotation === 'true' };
  }
  if (event.type === 'ADDED' || event.type === 'MODIFIED' || event.type === 'DELETED') {
    return { type: event.type, object };
  }
  throw new Error(`a watch sent an event of unknown type ${JSON.stringify(event.type)}`);
}
