// Finds who answers a request that may be answered: a resource, a virtual one, or a plain path.
import type { FoundResource, ResourceRegistry } from '../registry/engine/resource-registry.ts';
import { badRequest, httpMethodNotAllowed, resourceNotFound } from '../status.ts';
import { jsonAnswer, pageNotFound, textAnswer } from './answers.ts';
import type { Discovery } from './discovery.ts';
import type { Exchange } from './exchange.ts';
import { type HealthCheck, healthAnswer } from './health.ts';
import { HealthMetrics } from './health-metrics.ts';
import { negotiate } from './negotiation.ts';
import type { OpenApi, OpenApiDocument } from './openapi/documents.ts';
import { openApiProtobufType } from './openapi/protobuf-type.ts';
import { checkRepresentation } from './representations.ts';
import type { ApiResponse } from './request.ts';
import type { RequestInfo } from './request-info.ts';
import type { ResourceRequests } from './resource-requests.ts';
import { checkVerb } from './served-verbs.ts';

/** Answers a virtual resource or a subresource that is no view of the stored object. */
export type SpecialRequest = (exchange: Exchange, found: FoundResource) => Promise<ApiResponse>;

export interface RouterParts {
  readonly registry: ResourceRegistry;
  readonly resources: ResourceRequests;
  readonly discovery: Discovery;
  readonly openApi: OpenApi;
  /** Keyed `group/plural` for virtual resources, `group/plural/subresource` otherwise. */
  readonly special: ReadonlyMap<string, SpecialRequest>;
  readonly checks: readonly HealthCheck[];
  readonly version: unknown;
  readonly metricsText: () => string;
  /** The text of a `/debug/` path, or undefined. */
  readonly debug: (info: RequestInfo) => string | undefined;
  readonly openIdConfiguration: () => unknown;
  readonly keySet: () => unknown;
}

const isDiscovery = /^\/(?:api|apis)(?:\/|$)/;

export class Router {
  readonly #parts: RouterParts;
  readonly #health = new HealthMetrics();

  constructor(parts: RouterParts) {
    this.#parts = parts;
  }

  async route(exchange: Exchange): Promise<ApiResponse> {
    return exchange.info.isResource ? this.#resource(exchange) : this.#path(exchange);
  }

  /** As upstream's router: what the path is, then its methods, then its media types. */
  #resource(exchange: Exchange): Promise<ApiResponse> {
    const { registry, resources, special } = this.#parts;
    const { info } = exchange;
    const found = registry.find(info.group, info.version, info.resource);
    if (found === undefined) {
      const known = registry.list().some(({ served }) => served.group === info.group);
      if (!known) return Promise.resolve(pageNotFound());
      throw resourceNotFound();
    }
    checkVerb(exchange, found);
    checkRepresentation(exchange);
    checkName(info.name);
    const base = `${info.group}/${info.resource}`;
    const answers = special.get(info.subresource === '' ? base : `${base}/${info.subresource}`);
    return answers?.(exchange, found) ?? resources.answer(exchange, found);
  }

  async #path(exchange: Exchange): Promise<ApiResponse> {
    const { info } = exchange;
    const health = await healthAnswer(info, this.#parts.checks, (...result) =>
      this.#health.observe(...result),
    );
    if (health === undefined && isDiscovery.test(info.path) && info.verb === 'head') {
      throw httpMethodNotAllowed();
    }
    const answer = health ?? (await this.#known(exchange));
    if (answer === undefined) return pageNotFound();
    if (info.verb !== 'get' && info.verb !== 'head') throw httpMethodNotAllowed();
    checkRepresentation(exchange);
    return answer;
  }

  async #known(exchange: Exchange): Promise<ApiResponse | undefined> {
    const { openApi, registry } = this.#parts;
    const { path } = exchange.info;
    switch (path) {
      case '/':
      case '/index.html':
        return jsonAnswer(200, { paths: rootPaths(registry) });
      case '/version':
      case '/version/':
        return jsonAnswer(200, this.#parts.version, true);
      case '/metrics':
        return textAnswer(200, this.#parts.metricsText(), 'text/plain; version=0.0.4');
      case '/metrics/slis':
        return textAnswer(200, this.#health.text(), 'text/plain; version=0.0.4');
      case '/.well-known/openid-configuration':
        return jsonAnswer(200, this.#parts.openIdConfiguration());
      case '/openid/v1/jwks':
        return jsonAnswer(200, this.#parts.keySet());
      case '/openapi/v2':
        return openApiV2(exchange, openApi);
      case '/openapi/v3':
      case '/openapi/v3/':
        return documentAnswer(exchange, await openApi.index(), 'index');
      default:
    }
    if (path.startsWith('/openapi/v3/')) {
      const document = await openApi.groupVersion(path.slice('/openapi/v3/'.length));
      return document === undefined ? undefined : documentAnswer(exchange, document, 'v3');
    }
    if (path.startsWith('/debug/')) {
      const text = this.#parts.debug(exchange.info);
      return text === undefined ? undefined : textAnswer(200, text);
    }
    return this.#parts.discovery.answer(exchange);
  }
}

/** The spelling with `@` is what kubectl sends; the other is the registered one. */
const protobufTypes = /^application\/com\.github\.proto-openapi\.spec\.v2[@.]v1\.0\+protobuf$/;

async function openApiV2(exchange: Exchange, openApi: OpenApi): Promise<ApiResponse> {
  const json = await openApi.v2();
  const { accept = '', 'if-none-match': known } = exchange.request.headers;
  const [wanted = ''] = accept.split(/[,;]/);
  if (!protobufTypes.test(wanted.trim())) return documentAnswer(exchange, json, 'v2');
  // Another form, another tag: clients keep answers by it.
  const headers = {
    'content-type': openApiProtobufType,
    vary: 'Accept',
    etag: `"${json.hash}-PROTOBUF"`,
    'cache-control': 'no-cache, private',
  };
  if (known === headers.etag) return { status: 304, headers };
  return { status: 200, headers, body: await openApi.v2Protobuf() };
}

function documentAnswer(
  exchange: Exchange,
  document: OpenApiDocument,
  form: 'v2' | 'v3' | 'index',
): ApiResponse {
  const { headers } = exchange.request;
  const hash = exchange.info.query.get('hash');
  const caching: Record<string, string> =
    form === 'v3' && hash === document.hash
      ? { 'cache-control': 'public, immutable', expires: 'Thu, 31 Dec 2037 23:55:55 GMT' }
      : { 'cache-control': 'no-cache, private' };
  const all = {
    'content-type': 'application/json',
    vary: 'Accept',
    etag: document.etag,
    ...caching,
  };
  if (headers['if-none-match'] === document.etag) return { status: 304, headers: all };
  // Of version 3 there is only JSON; whoever asks for protobuf first takes that, too.
  if (headers.accept?.includes('com.github') !== true) {
    negotiate(exchange.request, exchange.info.query, { protobuf: false });
  }
  return { status: 200, headers: all, body: document.body };
}

/** Upstream's path segment rule; nothing that could climb out of a key's prefix is a name. */
function checkName(name: string): void {
  if (name === '.' || name === '..') {
    throw badRequest(`Name parameter invalid: ${JSON.stringify(name)}: may not be '${name}'`);
  }
  // An escaped slash parts a path as any other: there is nothing below a name.
  if (name.includes('/')) throw resourceNotFound();
  if (!name.includes('%')) return;
  throw badRequest(`Name parameter invalid: ${JSON.stringify(name)}: may not contain '%'`);
}

function rootPaths(registry: ResourceRegistry): readonly string[] {
  const paths = new Set([
    '/.well-known/openid-configuration',
    '/api',
    '/api/v1',
    '/apis',
    '/healthz',
    '/livez',
    '/metrics',
    '/metrics/slis',
    '/openapi/v2',
    '/openapi/v3',
    '/openid/v1/jwks',
    '/readyz',
    '/version',
  ]);
  for (const { served } of registry.list()) {
    if (served.group === '') continue;
    paths.add(`/apis/${served.group}`);
    paths.add(`/apis/${served.group}/${served.version.version}`);
  }
  return [...paths].sort();
}
