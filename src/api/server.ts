// Composes the whole API out of storage, resources and keys; knows no transport.
import { type Clock, systemClock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { Metrics } from '../metrics.ts';
import type { Random } from '../random.ts';
import { builtinResources } from '../registry/builtin.ts';
import { ParsedObjects } from '../registry/cache/parsed-objects.ts';
import { ResourceRegistry } from '../registry/engine/resource-registry.ts';
import { createFieldOwnership } from '../registry/patch/field-ownership.ts';
import { createPatchStrategies } from '../registry/patch/patch-strategies.ts';
import type { Resource } from '../registry/resource.ts';
import { type RuntimeConfig, servedSwitch } from '../registry/runtime-config.ts';
import { createDecoder } from '../registry/schema/decode.ts';
import { createProtobufCodec } from '../registry/schema/protobuf/codec.ts';
import { createBodyReader } from '../registry/schema/read-body.ts';
import { loadTypeTable } from '../registry/schema/table.ts';
import type { Driver } from '../storage/driver.ts';
import { createAccess, type TokenOptions } from './access.ts';
import { AdmissionChain } from './admission/chain.ts';
import { createServicePools } from './allocation/service-pools.ts';
import type { ServiceAccountTokens } from './authentication/service-account-tokens.ts';
import type { BootstrapOptions } from './bootstrap/server-objects.ts';
import type { Dialer } from './dialer.ts';
import { Discovery } from './discovery.ts';
import { dumpFairness } from './fairness/dump.ts';
import { Fairness } from './fairness/fairness.ts';
import type { StoredStats } from './fairness/work-estimate.ts';
import { createHandler } from './handler.ts';
import { type ServerState, serverChecks } from './health-checks.ts';
import { RequestMetrics } from './metrics.ts';
import { ObjectReader } from './object-reader.ts';
import { createOpenApi } from './openapi/documents.ts';
import type { ApiHandler } from './request.ts';
import type { RequestInfo } from './request-info.ts';
import { ResourceRequests } from './resource-requests.ts';
import { ResourceViews } from './resource-views.ts';
import { Router } from './router.ts';
import { openIdConfiguration, versionInfo } from './server-facts.ts';
import { showProcess, showStoredObjects, timedDriver } from './server-metrics.ts';
import { specialRequests } from './special-requests.ts';
import { createUpkeep } from './upkeep.ts';
import { bindingResource } from './virtual/binding.ts';

export interface ApiOptions extends BootstrapOptions, TokenOptions {
  readonly driver: Driver;
  /** Default: the built-in kinds. */
  readonly resources?: readonly Resource[];
  /** Which versions that are off by default are served, and which others are not. */
  readonly runtimeConfig?: RuntimeConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Reaches nodes; without one, logs, exec and proxies answer 503. */
  readonly dialer?: Dialer;
  readonly gitVersion?: string;
  /** Their sum is the number of seats that priority and fairness shares out; 400 and 200. */
  readonly maxRequestsInFlight?: number;
  readonly maxMutatingRequestsInFlight?: number;
  /** `controller-manager`, `scheduler`: those that run and end with this server. */
  readonly ownComponents?: readonly string[];
  /** Handlers of non-resource paths of our own, by prefix; requests come authorized. */
  readonly extensions?: ReadonlyMap<string, ApiHandler>;
}

function hostAndPort({ address, port }: ApiOptions['advertise']): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}

export interface Api {
  readonly handler: ApiHandler;
  readonly registry: ResourceRegistry;
  readonly tokens: ServiceAccountTokens;
  /** Resolves once caches are filled and the server's own objects are there. */
  ready(): Promise<void>;
  /** Requests in the middle of being answered, long-running ones not counted. */
  pendingWork(): number;
  /** Ends watches and caches; the driver stays open. */
  close(): void;
}

/** Makes the API; it answers at once, `/readyz` says when it is complete. */
export async function createApi(options: ApiOptions): Promise<Api> {
  const { clock, random, logger } = options;
  const gitVersion = options.gitVersion ?? 'v1.36.0+coracle';
  const prometheus = new Metrics();
  const driver = timedDriver(options.driver, prometheus);
  const { registry, types, parsed, protobuf, readBody, admission } = createKinds(options, driver);
  const objects = new ObjectReader(registry);
  const access = createAccess({ ...options, registry, objects });
  const { authenticator, authorizer, rbac, tokens } = access;
  const pools = createServicePools({ ...options, registry, objects });
  admission.configure({ objects, authorizer, registry, rbac, pools, ...options });

  const views = new ResourceViews(parsed, clock, protobuf);
  registry.onChange(() => views.keepOnly(new Set(registry.list().map(({ store }) => store))));
  const openApi = createOpenApi({
    table: types,
    served: () => registry.list().map(({ served }) => served),
  });
  registry.onChange(() => openApi.reset());
  const metrics = new RequestMetrics(prometheus);
  showStoredObjects(prometheus, registry);
  showProcess(prometheus, gitVersion);
  const { maxRequestsInFlight, maxMutatingRequestsInFlight } = options;
  const fairness = new Fairness({
    metrics: prometheus,
    clock: systemClock,
    ...(maxRequestsInFlight === undefined ? {} : { maxRequestsInFlight }),
    ...(maxMutatingRequestsInFlight === undefined ? {} : { maxMutatingRequestsInFlight }),
    stats: (info) => storedStats(registry, info),
  });
  const upkeep = createUpkeep({ ...options, registry, objects, fairness, ports: pools.real.ports });
  const state: ServerState = { started: false, closing: false };
  const router = new Router({
    registry,
    resources: new ResourceRequests({ views, readBody, random, turns: fairness.turns }),
    discovery: new Discovery(registry, hostAndPort(options.advertise)),
    openApi,
    special: specialRequests({
      registry,
      objects,
      authenticator,
      authorizer,
      rbac,
      tokens,
      admission,
      readBody,
      clock,
      random,
      dialer: options.dialer,
      driver,
      ownComponents: options.ownComponents ?? [],
    }),
    checks: serverChecks(driver, state),
    version: versionInfo(gitVersion),
    metricsText: () => prometheus.text(),
    debug: (info) => dumpFairness(fairness, info),
    openIdConfiguration: () => openIdConfiguration(tokens.issuer),
    keySet: () => tokens.jwks(),
  });
  const handler = createHandler({
    authenticator,
    authorizer,
    fairness,
    metrics,
    clock,
    logger,
    protobuf,
    route: (exchange) => router.route(exchange),
    extension: (path) => extensionFor(options.extensions, path),
  });
  const ready = registry
    .ready()
    .then(() => upkeep.start())
    .then(() => {
      state.started = true;
    });
  fairness.start();
  ready.catch((error: unknown) => logger.error('the server could not start', error));
  return {
    handler,
    registry,
    tokens,
    ready: () => ready,
    pendingWork: () => fairness.inFlight(),
    close() {
      state.closing = true;
      fairness.close();
      upkeep.close();
      rbac.close();
      views.close();
      registry.close();
    },
  };
}

/** The kinds that are served, and what reads and shows objects of all of them. */
function createKinds(options: ApiOptions, driver: Driver) {
  const { clock, random, logger } = options;
  const types = loadTypeTable();
  const decode = createDecoder(types);
  const parsed = new ParsedObjects();
  const protobuf = createProtobufCodec(types);
  const readBody = createBodyReader(types, decode, protobuf);
  const admission = new AdmissionChain();
  const resources = options.resources ?? [...builtinResources, bindingResource];
  const environment = {
    driver,
    types,
    decode,
    parsed,
    admission,
    ownership: createFieldOwnership({ types, decode, clock }),
    patches: createPatchStrategies(types),
    clock,
    random,
    logger: logger.child('registry'),
  };
  const isServed = servedSwitch(resources, options.runtimeConfig ?? new Map());
  const registry = new ResourceRegistry(environment, isServed);
  for (const resource of resources) registry.add(resource);
  return { registry, types, parsed, protobuf, readBody, admission };
}

function storedStats(registry: ResourceRegistry, info: RequestInfo): StoredStats | undefined {
  const found = registry.find(info.group, info.version, info.resource);
  if (found === undefined || found.served.resource.virtual === true) return undefined;
  const { cache } = found.store;
  return { count: cache.size, bytes: cache.bytes };
}

function extensionFor(extensions: ApiOptions['extensions'], path: string): ApiHandler | undefined {
  for (const [prefix, handler] of extensions ?? []) {
    if (path === prefix || path.startsWith(`${prefix}/`)) return handler;
  }
  return undefined;
}
