// Finds out what a server serves: resources, verbs and subresources from discovery, and schemas.
import type { JsonObject } from './json.ts';
import { createSchemas, type Schemas } from './schema.ts';
import type { Wire } from './wire.ts';

export interface Subresource {
  readonly name: string;
  readonly verbs: readonly string[];
  /** Of what is sent and answered; pods/eviction takes another kind than pods. */
  readonly apiVersion: string;
  readonly kind: string;
}

export interface Target {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  readonly apiVersion: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly subresources: readonly Subresource[];
}

export interface Catalog {
  readonly targets: readonly Target[];
  readonly schemas: Schemas;
}

interface DiscoveredKind {
  readonly group?: string;
  readonly version?: string;
  readonly kind: string;
}

interface DiscoveredResource {
  readonly resource: string;
  readonly responseKind: DiscoveredKind;
  readonly scope: string;
  readonly verbs: readonly string[];
  readonly subresources?: readonly {
    readonly subresource: string;
    readonly responseKind?: DiscoveredKind;
    readonly verbs: readonly string[];
  }[];
}

interface DiscoveredGroup {
  readonly metadata: { readonly name?: string };
  readonly versions: readonly {
    readonly version: string;
    readonly resources?: readonly DiscoveredResource[];
  }[];
}

const aggregated =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';

/** Asks discovery and OpenAPI; the order is by name, so that equal servers give equal catalogs. */
export async function readCatalog(wire: Wire): Promise<Catalog> {
  const groups = [...(await discovered(wire, '/api')), ...(await discovered(wire, '/apis'))];
  const targets = groups.flatMap(targetsOf);
  targets.sort((a, b) => compare(titleOf(a), titleOf(b)));
  if (targets.length === 0) throw new Error('discovery names no resources');
  const versions = new Set(targets.map((target) => groupVersionPath(target)));
  const documents: JsonObject[] = [];
  for (const path of versions) documents.push(await getJson(wire, `/openapi/v3${path}`));
  return { targets, schemas: createSchemas(documents) };
}

export function titleOf({ resource, version, group }: Target): string {
  return `${resource}.${version}.${group}`;
}

export function groupVersionPath({ group, version }: Target): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
}

/** The path of a collection, in a namespace where the resource has them. */
export function collectionPath(target: Target, namespace: string | undefined): string {
  const space = namespace === undefined || !target.namespaced ? '' : `/namespaces/${namespace}`;
  return `${groupVersionPath(target)}${space}/${target.resource}`;
}

async function discovered(wire: Wire, path: string): Promise<readonly DiscoveredGroup[]> {
  const answer = await getJson(wire, path, aggregated);
  return (answer as unknown as { readonly items?: readonly DiscoveredGroup[] }).items ?? [];
}

/** All served versions: some share their stored objects. */
function targetsOf(group: DiscoveredGroup): Target[] {
  return group.versions.flatMap(({ version, resources = [] }) =>
    resources.map((resource) => targetOf(group.metadata.name ?? '', version, resource)),
  );
}

function targetOf(group: string, version: string, resource: DiscoveredResource): Target {
  const apiVersion = group === '' ? version : `${group}/${version}`;
  const { kind } = resource.responseKind;
  const subresources = (resource.subresources ?? []).map(
    ({ subresource, responseKind, verbs }) => ({
      name: subresource,
      verbs: [...verbs].sort(),
      apiVersion: responseKind === undefined ? apiVersion : apiVersionOf(responseKind, apiVersion),
      kind: responseKind?.kind ?? kind,
    }),
  );
  return {
    group,
    version,
    resource: resource.resource,
    kind,
    apiVersion,
    namespaced: resource.scope === 'Namespaced',
    verbs: [...resource.verbs].sort(),
    subresources: subresources.sort((a, b) => compare(a.name, b.name)),
  };
}

function apiVersionOf({ group = '', version = '' }: DiscoveredKind, fallback: string): string {
  if (version === '') return fallback;
  return group === '' ? version : `${group}/${version}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export async function getJson(
  wire: Wire,
  path: string,
  accept = 'application/json',
): Promise<JsonObject> {
  const answer = await wire.send({ method: 'GET', path, headers: { accept } });
  if (answer.status === 200) return JSON.parse(answer.body.toString()) as JsonObject;
  const words = answer.problem ?? answer.body.toString().slice(0, 300);
  throw new Error(`GET ${path}: ${answer.status} ${words}`);
}
