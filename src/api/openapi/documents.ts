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
import { type Parameters, readParameters } from './parameters.ts';
import { renderPaths } from './render.ts';
import { rootOperations } from './root-operations.ts';
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

async function readDescriptions(): Promise<Descriptions> {
  return JSON.parse(await readFile(generatedFile('descriptions.json'), 'utf8')) as Descriptions;
}

function seal(document: Json): OpenApiDocument {
  const body = JSON.stringify(document);
  const hash = createHash('sha256').update(body).digest('hex').toUpperCase();
  return { body, hash, etag: `"${hash}"` };
}

const security = {
  BearerToken: {
    type: 'apiKey',
    in: 'header',
    name: 'authorization',
    description: 'Bearer Token authentication',
  },
};

/** What documents are made of besides operations. */
interface Words {
  readonly table: TypeTable;
  readonly descriptions: Descriptions;
  readonly parameters: Parameters;
}

async function buildDocument(
  operations: readonly Operation[],
  dialect: Dialect,
  { table, descriptions, parameters }: Words,
): Promise<OpenApiDocument> {
  const set = new DefinitionSet(table, descriptions, dialect);
  const paths = renderPaths(operations, set, dialect, parameters);
  // Each document must end a turn of its own: heartbeats go first.
  await nextTurn();
  const definitions = set.finish();
  if (dialect === 'v3') {
    const components = { schemas: definitions, securitySchemes: security };
    return seal({ openapi: '3.0.0', info, paths, components });
  }
  return seal({
    swagger: '2.0',
    info,
    paths,
    definitions,
    securityDefinitions: security,
    security: [{ BearerToken: [] }],
  });
}

/** Every operation, by the path of its v3 document: `api/v1`, `apis/apps`, `version`. */
function operationsByDocument(
  served: readonly ServedResource[],
  specials: SpecialSubresources,
): ReadonlyMap<string, readonly Operation[]> {
  const result = new Map<string, readonly Operation[]>(rootOperations(served));
  for (const each of served) {
    const path = groupVersionPath(each.group, each.version.version).slice(1);
    // Custom resources bring documents of their own.
    const own = each.resource.custom === true ? [] : operationsOf(each, specials);
    result.set(path, [...(result.get(path) ?? []), ...own]);
  }
  return result;
}

/** Makes the documents' source. Nothing is read or built before the first document is asked for. */
export function createOpenApi(options: OpenApiOptions): OpenApi {
  const specials = options.specialSubresources ?? builtinSubresources;
  let cache = new Map<string, Promise<OpenApiDocument>>();
  let words: Promise<Words> | undefined;
  let protobuf: Promise<Uint8Array> | undefined;

  const readWords = async (): Promise<Words> => ({
    table: options.table,
    descriptions: await (options.descriptions ?? readDescriptions)(),
    parameters: await readParameters(),
  });
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
  const build = async (operations: readonly Operation[], dialect: Dialect) => {
    words ??= readWords();
    return await buildDocument(operations, dialect, await words);
  };
  const documents = () => operationsByDocument(options.served(), specials);
  const groupVersion = async (path: string): Promise<OpenApiDocument | undefined> => {
    const operations = documents().get(path);
    return operations === undefined ? undefined : cached(path, () => build(operations, 'v3'));
  };
  const v2 = () => cached('v2', () => build([...documents().values()].flat(), 'v2'));

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
        for (const path of [...documents().keys()].sort()) {
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
