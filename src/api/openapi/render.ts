// Writes operations as OpenAPI paths, in the dialect of v2 or of v3.
import type { DefinitionSet, Dialect } from './definitions.ts';
import type { Operation } from './operations.ts';
import type { Parameter, Parameters } from './parameters.ts';

type Json = Record<string, unknown>;

const statusWords = { 200: 'OK', 201: 'Created', 202: 'Accepted' } as const;
const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';

/** A parameter in either dialect: v3 puts its type under `schema`. */
function parameter(place: 'query' | 'path', dialect: Dialect, about: Parameter): Json {
  const { name, type, description } = about;
  const required = place === 'path' ? { required: true } : {};
  const shape = dialect === 'v2' ? { type } : { schema: { type } };
  return { name, in: place, description, ...required, uniqueItems: true, ...shape };
}

function pathParameters(operation: Operation, dialect: Dialect): readonly Json[] {
  const about: Readonly<Record<string, string>> = {
    namespace: 'object name and auth scope, such as for teams and projects',
    name: `name of the ${operation.type?.kind}`,
    path: 'path to the resource',
  };
  return [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) =>
    parameter('path', dialect, { name, type: 'string', description: about[name] ?? '' }),
  );
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

function responses(operation: Operation, set: DefinitionSet, dialect: Dialect): Json {
  const { answerSchema, produces } = operation;
  const schema = answerSchema === undefined ? { type: 'string' } : set.reference(answerSchema);
  const answered = operation.answers.map((code): [string, Json] => {
    const shape = dialect === 'v2' ? { schema } : { content: contents(produces, schema) };
    return [String(code), { description: statusWords[code], ...shape }];
  });
  return Object.fromEntries([...answered, ['401', { description: 'Unauthorized' }]]);
}

function renderOperation(
  operation: Operation,
  set: DefinitionSet,
  dialect: Dialect,
  query: readonly Json[],
): Json {
  const { action, type, consumes, produces } = operation;
  const body = bodySchema(operation, set);
  const required = operation.body === 'deleteOptions' ? {} : { required: true };
  const inBody = { name: 'body', in: 'body', ...required, schema: body };
  const parameters = dialect === 'v2' && body !== undefined ? [inBody, ...query] : query;
  const request =
    body === undefined
      ? {}
      : { requestBody: { content: contents(consumes ?? ['*/*'], body), ...required } };
  return {
    description: operation.description,
    operationId: operation.id,
    tags: [operation.tag],
    ...(dialect === 'v2'
      ? { ...(consumes === undefined ? {} : { consumes }), produces, schemes: ['https'] }
      : request),
    ...(parameters.length === 0 ? {} : { parameters }),
    responses: responses(operation, set, dialect),
    ...(action === undefined ? {} : { 'x-kubernetes-action': action }),
    ...(type === undefined ? {} : { 'x-kubernetes-group-version-kind': type }),
  };
}

/** Paths, sorted; what all operations of a path take is said once, beside them. */
export function renderPaths(
  operations: readonly Operation[],
  set: DefinitionSet,
  dialect: Dialect,
  parameters: Parameters,
): Json {
  const byPath = new Map<string, Operation[]>();
  for (const operation of operations) {
    const known = byPath.get(operation.path);
    if (known === undefined) byPath.set(operation.path, [operation]);
    else known.push(operation);
  }
  const sorted = [...byPath].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    sorted.map(([path, all]) => [path, renderPath(all, set, dialect, parameters)]),
  );
}

function renderPath(
  operations: readonly Operation[],
  set: DefinitionSet,
  dialect: Dialect,
  parameters: Parameters,
): Json {
  const queries = operations.map((operation) =>
    operation.parameters === undefined ? [] : parameters(operation.parameters),
  );
  const same = (a: Parameter) => (b: Parameter) =>
    a.name === b.name && a.description === b.description;
  const isShared = (each: Parameter) => queries.every((query) => query.some(same(each)));
  const shared = (queries[0] ?? []).filter(isShared);
  const [first] = operations;
  const beside = [
    ...(first === undefined ? [] : pathParameters(first, dialect)),
    ...shared.map((each) => parameter('query', dialect, each)),
  ].sort((a, b) => (String(a.name) < String(b.name) ? -1 : 1));
  const item: Json = {};
  for (const [at, operation] of operations.entries()) {
    const own = (queries[at] ?? []).filter((each) => !isShared(each));
    const query = own.map((each) => parameter('query', dialect, each));
    item[operation.method] = renderOperation(operation, set, dialect, query);
  }
  return beside.length === 0 ? item : { ...item, parameters: beside };
}
