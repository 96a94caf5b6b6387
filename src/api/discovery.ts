// Discovery: which groups, versions and resources there are, in the legacy and aggregated forms.
import { createHash } from 'node:crypto';
import type { FoundResource, ResourceRegistry } from '../registry/engine/resource-registry.ts';
import { compareGroups, compareVersions } from '../registry/group-priorities.ts';
import type { Resource } from '../registry/resource.ts';
import type { StatedObject } from '../registry/schema/protobuf/codec.ts';
import { resourceNotFound } from '../status.ts';
import { objectAnswer, pageNotFound } from './answers.ts';
import type { Exchange } from './exchange.ts';
import { contentTypes, type Negotiated, negotiate } from './negotiation.ts';
import type { ApiResponse } from './request.ts';
import { subresourcesOf, verbsOf } from './served-verbs.ts';

const aggregatedForm = ';g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

interface Aggregated {
  readonly list: StatedObject;
  /** Of its JSON, whatever form it is given in. */
  readonly etag: string;
}

/** Answers are built from the live registry and kept until it changes. */
export class Discovery {
  readonly #registry: ResourceRegistry;
  readonly #serverAddress: string;
  #aggregated = new Map<string, Aggregated>();

  /** @param serverAddress `host:port`, by which clients inside and outside reach the server */
  constructor(registry: ResourceRegistry, serverAddress: string) {
    this.#registry = registry;
    this.#serverAddress = serverAddress;
    registry.onChange(() => this.#aggregated.clear());
  }

  /**
   * `/api`, `/apis`, `/api/v1`, `/apis/<group>`, `/apis/<group>/<version>`, each also with a slash
   * at its end; undefined: no such.
   */
  answer(exchange: Exchange): Promise<ApiResponse> | undefined {
    const [, prefix, group, version, more] = exchange.info.path.replace(/\/$/, '').split('/');
    if (more !== undefined) return undefined;
    if (prefix === 'api') {
      if (group === undefined) return this.#root(exchange, 'api');
      return version === undefined ? this.#resources(exchange, '', group) : undefined;
    }
    if (prefix !== 'apis') return undefined;
    if (group === undefined) return this.#root(exchange, 'apis');
    if (version === undefined) return this.#group(exchange, group);
    return this.#resources(exchange, group, version);
  }

  /** Groups and their versions in the order of their priorities. */
  #groups(): ReadonlyMap<string, ReadonlyMap<string, readonly FoundResource[]>> {
    const groups = new Map<string, Map<string, FoundResource[]>>();
    for (const found of this.#registry.list()) {
      const { group, version } = found.served;
      const versions = groups.get(group) ?? new Map<string, FoundResource[]>();
      groups.set(group, versions);
      const resources = versions.get(version.version) ?? [];
      versions.set(version.version, resources);
      resources.push(found);
    }
    return new Map(
      [...groups]
        .sort(([a], [b]) => compareGroups(a, b))
        .map(([group, versions]) => [
          group,
          new Map([...versions].sort(([a], [b]) => compareVersions(group, a, b))),
        ]),
    );
  }

  async #root(exchange: Exchange, prefix: 'api' | 'apis'): Promise<ApiResponse> {
    const { request, info, protobuf } = exchange;
    const negotiated = negotiate(request, info.query, { discovery: true });
    if (negotiated.shape === 'discovery') return this.#aggregate(exchange, prefix, negotiated);
    const body = prefix === 'api' ? apiVersions(this.#serverAddress) : this.#groupList();
    const answer = await objectAnswer(200, body, negotiated, protobuf);
    return answer;
  }

  #groupList(): StatedObject & Record<string, unknown> {
    const groups = [...this.#groups()].filter(([group]) => group !== '');
    return {
      kind: 'APIGroupList',
      apiVersion: 'v1',
      groups: groups.map(([group, versions]) => groupOf(group, [...versions.keys()])),
    };
  }

  #group(exchange: Exchange, group: string): Promise<ApiResponse> {
    const versions = this.#groups().get(group);
    if (versions === undefined || group === '') return Promise.resolve(pageNotFound());
    const body = { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(group, [...versions.keys()]) };
    return this.#plain(exchange, body);
  }

  #resources(exchange: Exchange, group: string, version: string): Promise<ApiResponse> {
    const found = this.#groups().get(group)?.get(version);
    if (found === undefined) throw resourceNotFound();
    return this.#plain(exchange, {
      kind: 'APIResourceList',
      ...(group === '' ? {} : { apiVersion: 'v1' }),
      groupVersion: group === '' ? version : `${group}/${version}`,
      resources: sorted(found).flatMap((each) => legacyResources(each)),
    });
  }

  #plain<T extends StatedObject>(
    { request, info, protobuf }: Exchange,
    body: T,
  ): Promise<ApiResponse> {
    return objectAnswer(200, body, negotiate(request, info.query, {}), protobuf);
  }

  async #aggregate(
    { request, protobuf }: Exchange,
    prefix: 'api' | 'apis',
    negotiated: Negotiated,
  ): Promise<ApiResponse> {
    const { list, etag } = this.#aggregatedList(prefix);
    const headers = {
      'content-type': contentTypes[negotiated.format] + aggregatedForm,
      'cache-control': 'public',
      etag,
      vary: 'Accept',
    };
    if (request.headers['if-none-match'] === etag) return { status: 304, headers };
    return { ...(await objectAnswer(200, list, negotiated, protobuf)), headers };
  }

  #aggregatedList(prefix: 'api' | 'apis'): Aggregated {
    const known = this.#aggregated.get(prefix);
    if (known !== undefined) return known;
    const items = [...this.#groups()]
      .filter(([group]) => (group === '') === (prefix === 'api'))
      .map(([group, versions]) => aggregatedGroup(group, versions));
    const list = {
      kind: 'APIGroupDiscoveryList',
      apiVersion: 'apidiscovery.k8s.io/v2',
      metadata: {},
      items,
    };
    const hash = createHash('sha512').update(JSON.stringify(list)).digest('hex').toUpperCase();
    const made = { list, etag: `"${hash}"` };
    this.#aggregated.set(prefix, made);
    return made;
  }
}

function apiVersions(serverAddress: string): StatedObject & Record<string, unknown> {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  };
}

function groupOf(group: string, versions: readonly string[]): object {
  const entries = versions.map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions: entries, preferredVersion: entries[0] };
}

function sorted(found: readonly FoundResource[]): readonly FoundResource[] {
  const plural = (each: FoundResource) => each.served.resource.plural;
  return [...found].sort((a, b) => (plural(a) < plural(b) ? -1 : 1));
}

/**
 * Changes when objects begin to be stored in another version, so that storage migration knows.
 * https://github.com/kubernetes/apiserver (pkg/endpoints/discovery/storageversionhash.go)
 */
function storageVersionHash({ kind, groups }: Resource): string {
  const [stored] = groups;
  const version = stored?.versions[0]?.version ?? '';
  const hash = createHash('sha256')
    .update(`${stored?.group ?? ''}/${version}/${kind}`)
    .digest();
  return hash.subarray(0, 8).toString('base64');
}

function legacyResources(found: FoundResource): unknown[] {
  const { resource, group, version } = found.served;
  const main = {
    name: resource.plural,
    singularName: resource.singular,
    namespaced: resource.namespaced,
    kind: resource.kind,
    verbs: verbsOf(resource),
    ...(resource.shortNames === undefined ? {} : { shortNames: resource.shortNames }),
    ...(resource.categories === undefined ? {} : { categories: resource.categories }),
    ...(resource.virtual === true ? {} : { storageVersionHash: storageVersionHash(resource) }),
  };
  const rest = subresourcesOf(found).map((each) => ({
    name: `${resource.plural}/${each.name}`,
    singularName: '',
    namespaced: resource.namespaced,
    ...(each.group === group && each.version === version.version
      ? {}
      : { group: each.group, version: each.version }),
    kind: each.kind,
    verbs: each.verbs,
  }));
  return [main, ...rest];
}

function aggregatedGroup(
  group: string,
  versions: ReadonlyMap<string, readonly FoundResource[]>,
): unknown {
  return {
    metadata: group === '' ? {} : { name: group },
    versions: [...versions].map(([version, resources]) => ({
      version,
      resources: sorted(resources).map((each) => aggregatedResource(each)),
      freshness: 'Current',
    })),
  };
}

function aggregatedResource(found: FoundResource): unknown {
  const { resource, group, version } = found.served;
  const subresources = subresourcesOf(found).map((each) => ({
    subresource: each.name,
    responseKind: { group: each.group, version: each.version, kind: each.kind },
    verbs: each.verbs,
  }));
  return {
    resource: resource.plural,
    responseKind: { group, version: version.version, kind: resource.kind },
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singular,
    verbs: verbsOf(resource),
    ...(resource.shortNames === undefined ? {} : { shortNames: resource.shortNames }),
    ...(resource.categories === undefined ? {} : { categories: resource.categories }),
    ...(subresources.length === 0 ? {} : { subresources }),
  };
}
