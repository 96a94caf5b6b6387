// Compares the OpenAPI v2 document that we serve with upstream's; run by hand: FILE. VERBOSE=1: all.
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { createOpenApi } from '../src/api/openapi/documents.ts';
import { bindingResource } from '../src/api/virtual/binding.ts';
import { builtinResources } from '../src/registry/builtin.ts';
import { loadTypeTable } from '../src/registry/schema/table.ts';

type Json = Record<string, unknown>;
interface Document {
  readonly paths: Readonly<Record<string, Json>>;
  readonly definitions: Readonly<Record<string, Json>>;
  readonly parameters?: Readonly<Record<string, Json>>;
}

const methods = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options'];
const [file = ''] = process.argv.slice(2);
const upstream = JSON.parse(readFileSync(file, 'utf8')) as Document;
const ours = JSON.parse((await createOpenApi({ table: loadTypeTable(), served }).v2()).body);

/** Everything that a server serves when nothing is turned on. */
function served() {
  return [bindingResource, ...builtinResources].flatMap((resource) =>
    resource.groups.flatMap(({ group, versions }) =>
      versions
        .filter((version) => version.served !== false)
        .map((version) => ({ resource, group, version })),
    ),
  );
}

const differences = new Map<string, string[]>();

function differ(what: string, line: string): void {
  const known = differences.get(what);
  if (known === undefined) differences.set(what, [line]);
  else known.push(line);
}

function compare(what: string, path: string, theirs: unknown, mine: unknown): void {
  if (isDeepStrictEqual(theirs, mine)) return;
  const both = [theirs, mine].every((each) => isObject(each));
  if (!both) {
    const about = path.endsWith('/description') ? `${what}, descriptions` : what;
    differ(about, `${path}: ${JSON.stringify(theirs)} | ${JSON.stringify(mine)}`);
    return;
  }
  const [a, b] = [theirs as Json, mine as Json];
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    compare(what, `${path}/${key}`, a[key], b[key]);
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Parameters by place and name: upstream's document keeps those that repeat apart. */
function parametersOf(document: Document, list: unknown): Json {
  const all = (list ?? []) as readonly Json[];
  const resolved = all.map((each) => {
    const name = typeof each.$ref === 'string' ? each.$ref.split('/').at(-1) : undefined;
    return name === undefined ? each : (document.parameters?.[name] ?? {});
  });
  return Object.fromEntries(
    resolved.map((each) => [`${String(each.in)} ${String(each.name)}`, oneLine(each)]),
  );
}

/** client-node's generator joins lines by blanks. */
function oneLine(parameter: Json): Json {
  const { description, ...rest } = parameter;
  if (typeof description !== 'string') return parameter;
  return { ...rest, description: description.replaceAll('\n', ' ') };
}

/** An operation as it matters to clients; CBOR is behind a gate that is off. */
function operationOf(document: Document, operation: Json): Json {
  const types = (list: unknown) =>
    list === undefined
      ? undefined
      : [...(list as readonly string[])].filter((type) => !type.includes('cbor')).sort();
  return {
    ...operation,
    parameters: parametersOf(document, operation.parameters),
    consumes: types(operation.consumes),
    produces: types(operation.produces),
  };
}

function itemOf(document: Document, item: Json): Json {
  const operations = methods
    .filter((method) => item[method] !== undefined)
    .map((method) => [method, operationOf(document, item[method] as Json)]);
  return {
    parameters: parametersOf(document, item.parameters),
    ...Object.fromEntries(operations),
  };
}

const isStable = (name: string) => !/[/.]v\d+(alpha|beta)\d+([/.]|$)/.test(name);

function compareNamed(
  what: 'paths' | 'definitions',
  see: (document: Document, value: Json) => unknown,
): void {
  const [theirs, mine] = [upstream[what], (ours as Document)[what]];
  for (const name of new Set([...Object.keys(theirs), ...Object.keys(mine)])) {
    if (!isStable(name)) continue;
    const [a, b] = [theirs[name], mine[name]];
    if (a === undefined) differ(`${what}, ours alone`, name);
    else if (b === undefined) differ(`${what} missing`, name);
    else compare(what, name, see(upstream, a), see(ours as Document, b));
  }
}

compareNamed('paths', itemOf);
compareNamed('definitions', (_document, value) => value);
for (const [what, lines] of differences) {
  console.log(`${what}: ${lines.length}`);
  const quiet = what.endsWith('descriptions') && process.env.VERBOSE === undefined;
  if (!quiet) for (const line of lines) console.log(`  ${line.slice(0, 400)}`);
}
const count = (document: Document) => Object.keys(document.paths).filter(isStable).length;
console.log(`${count(upstream)} stable paths upstream, ${count(ours as Document)} here`);
