// Serves the OpenAPI documents of what is served now: built on demand, kept until that changes.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ServedResource } from '../../registry/engine/types.ts';
import { generatedFile } from '../../registry/schema/table.ts';
import type { TypeTable } from '../../registry/schema/types.ts';
import type { Descriptions, Dialect } from './definitions.ts';
import { DefinitionSet } from './definitions.ts';
import type { Operation, SpecialSubresources } from './operations.ts';
import { groupVersionPath, operationsOf } from './operations.ts';
import { queryParameters } from './parameters.ts';
import { builtinSubresources } from './special-subresources.ts';

/** A document ready to be sent. */
export interface OpenApiDocument {
  readonly body: string;
  /** Quoted, as the ETag header has it. */
  readonly etag: string;
  /** The same without quotes: the `hash` in the index's URLs. */
  readonly hash: string;
}

export interface OpenApi {
  /** `/openapi/v2`, as JSON. */
  v2(): Promise<OpenApiDocument>;
  /** The same as protobuf, which kubectl prefers (and before 1.28 insists on). */
  v2Protobuf(): Promise<Uint8Array>;
  /** `/openapi/v3`: the URL of each group-version's document. */
  index(): Promise<OpenApiDocument>;
  /** `/openapi/v3/<path>`, path being `api/v1` or `apis/apps/v1`; undefined when not served. */
  groupVersion(path: string): Promise<OpenApiDocument | undefined>;
  /** Forget what was built: the served resources have changed. */
  reset(): void;
}

export interface OpenApiOptions {
  readonly table: TypeTable;
  /** What is served at the time of the call. */
  served(): readonly ServedResource[];
  /** Default: those of the built-in kinds. */
  readonly specialSubresources?: SpecialSubresources;
  readonly descriptions?: () => Promise<Descriptions>;
}

type Json = Record<string, unknown>;

const info = { title: 'Kubernetes', version: 'v1.36.0' };
const answerTypes = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
const streamTypes = [
  'application/json;stream=watch',
  'application/vnd.kubernetes.protobuf;stream=watch',
];
const patchTypes = [
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
];
const statusWords = { 200: 'OK', 201: 'Created', 202: 'Accepted' } as const;
const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';

async function readDescriptions(): Promise<Descriptions> {
  return JSON.parse(await readFile(generatedFile('descriptions.json'), 'utf8')) as Descriptions;
}

function seal(document: Json): OpenApiDocument {
  const body = JSON.stringify(document);
  const hash = createHash('sha256').update(body).digest('hex').toUpperCase();
  return { body, hash, etag: `"${hash}"` };
}

/** A parameter in either dialect: v3 puts its type under `schema`. */
function parameter(name: string, place: 'query' | 'path', dialect: Dialect, about: Json): Json {
  const { type, description } = about;
  const required = place === 'path' ? { required: true } : {};
  const shape = dialect === 'v2' ? { type } : { schema: { type } };
  return { name, in: place, description, ...required, uniqueItems: true, ...shape };
}

function pathParameters(path: string, kind: string, dialect: Dialect): readonly Json[] {
  const about = (name: string): string =>
    name === 'namespace'
      ? 'object name and auth scope, such as for teams and projects'
      : `name of the ${kind}`;
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const inPath = names.map((name) =>
    parameter(name, 'path', dialect, { type: 'string', description: about(name) }),
  );
  const pretty = parameter('pretty', 'query', dialect, { ...queryParameters.pretty });
  return [...inPath.reverse(), pretty];
}

function bodySchema(operation: Operation, set: DefinitionSet): Json | undefined {
  switch (operation.body) {
    case 'patch':
      return set.reference(`${meta}.Patch`);
    case 'deleteOptions':
      return set.reference(`${meta}.DeleteOptions`);
    case 'object':
      return operation.bodySchema === undefined ? undefined : set.reference(operation.bodySchema);
    default:
      return undefined;
  }
}

function contents(types: readonly string[], schema: Json): Json {
  return Object.fromEntries(types.map((type) => [type, { schema }]));
}

function responses(
  operation: Operation,
  set: DefinitionSet,
  dialect: Dialect,
  types: readonly string[],
): Json {
  const { answerSchema } = operation;
  const schema = answerSchema === undefined ? { type: 'string' } : set.reference(answerSchema);
  const answered = operation.answers.map((code): [string, Json] => {
    const shape = dialect === 'v2' ? { schema } : { content: contents(types, schema) };
    return [String(code), { description: statusWords[code], ...shape }];
  });
  return Object.fromEntries([...answered, ['401', { description: 'Unauthorized' }]]);
}

function render(operation: Operation, set: DefinitionSet, dialect: Dialect): Json {
  const { action } = operation;
  const types = action === 'list' ? [...answerTypes, ...streamTypes] : answerTypes;
  const produces = action === 'connect' ? ['*/*'] : types;
  const consumes = operation.body === 'patch' ? patchTypes : ['*/*'];
  const body = bodySchema(operation, set);
  const query = operation.parameters.map((name) =>
    parameter(name, 'query', dialect, { ...(queryParameters[name] ?? { type: 'string' }) }),
  );
  const required = operation.body !== 'deleteOptions';
  const bodyParameter = {
    name: 'body',
    in: 'body',
    ...(required ? { required } : {}),
    schema: body,
  };
  const parameters = dialect === 'v2' && body !== undefined ? [bodyParameter, ...query] : query;
  const request =
    body === undefined
      ? {}
      : { requestBody: { content: contents(consumes, body), ...(required ? { required } : {}) } };
  return {
    description: operation.description,
    operationId: operation.id,
    tags: [operation.tag],
    ...(dialect === 'v2' ? { consumes, produces, schemes: ['https'] } : request),
    ...(parameters.length === 0 ? {} : { parameters }),
    responses: responses(operation, set, dialect, produces),
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': operation.type,
  };
}

function paths(operations: readonly Operation[], set: DefinitionSet, dialect: Dialect): Json {
  const result: Record<string, Json> = {};
  for (const operation of operations) {
    const { path, method, type } = operation;
    const item = result[path] ?? { parameters: pathParameters(path, type.kind, dialect) };
    result[path] = item;
    item[method] = render(operation, set, dialect);
  }
  return Object.fromEntries(Object.entries(result).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const security = {
  BearerToken: {
    type: 'apiKey',
    in: 'header',
    name: 'authorization',
    description: 'Bearer Token authentication',
  },
};

/** Makes the documents' source. Nothing is read or built before the first document is asked for. */
export function createOpenApi(options: OpenApiOptions): OpenApi {
  const specials = options.specialSubresources ?? builtinSubresources;
  let cache = new Map<string, Promise<OpenApiDocument>>();
  let descriptions: Promise<Descriptions> | undefined;

  const cached = (key: string, build: () => Promise<OpenApiDocument>): Promise<OpenApiDocument> => {
    const known = cache.get(key);
    if (known !== undefined) return known;
    const built = build();
    cache.set(key, built);
    const owner = cache;
    // A failure is told to whoever asked and not kept.
    built.catch(() => owner.delete(key));
    return built;
  };

  const build = async (
    served: readonly ServedResource[],
    dialect: Dialect,
  ): Promise<OpenApiDocument> => {
    descriptions ??= (options.descriptions ?? readDescriptions)();
    const set = new DefinitionSet(options.table, await descriptions, dialect);
    const builtIn = served.filter((each) => each.resource.custom !== true);
    const operations = builtIn.flatMap((each) => operationsOf(each, specials));
    const all = paths(operations, set, dialect);
    // Each document must end a turn of its own: heartbeats go first.
    await nextTurn();
    const definitions = set.finish();
    const requirement = [{ BearerToken: [] }];
    return seal(
      dialect === 'v2'
        ? {
            swagger: '2.0',
            info,
            paths: all,
            definitions,
            securityDefinitions: security,
            security: requirement,
          }
        : {
            openapi: '3.0.0',
            info,
            paths: all,
            components: { schemas: definitions, securitySchemes: security },
          },
    );
  };

  const groups = (): Map<string, ServedResource[]> => {
    const result = new Map<string, ServedResource[]>();
    for (const served of options.served()) {
      const path = groupVersionPath(served.group, served.version.version).slice(1);
      result.set(path, [...(result.get(path) ?? []), served]);
    }
    return result;
  };

  const groupVersion = async (path: string): Promise<OpenApiDocument | undefined> => {
    const served = groups().get(path);
    return served === undefined ? undefined : cached(path, () => build(served, 'v3'));
  };

  const v2 = () => cached('v2', () => build(options.served(), 'v2'));
  let protobuf: Promise<Uint8Array> | undefined;

  return {
    v2,
    v2Protobuf() {
      protobuf ??= v2().then(async ({ body }) => {
        const { encodeOpenApiV2 } = await import('./protobuf.ts');
        return encodeOpenApiV2(body);
      });
      return protobuf;
    },
    index: () =>
      cached('v3', async () => {
        const urls: Record<string, { serverRelativeURL: string }> = {};
        for (const path of [...groups().keys()].sort()) {
          const document = await groupVersion(path);
          if (document === undefined) continue;
          urls[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${document.hash}` };
        }
        return seal({ paths: urls });
      }),
    groupVersion,
    reset: () => {
      cache = new Map();
      protobuf = undefined;
    },
  };
}
