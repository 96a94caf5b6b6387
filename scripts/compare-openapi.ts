// Compares our OpenAPI v2 definitions with upstream's document; run by hand: FILE [PREFIX…].
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { Descriptions } from '../src/api/openapi/definitions.ts';
import { DefinitionSet } from '../src/api/openapi/definitions.ts';
import { generatedFile, loadTypeTable } from '../src/registry/schema/table.ts';

type Json = Record<string, unknown>;

const [file = '', ...prefixes] = process.argv.slice(2);
const upstream = JSON.parse(readFileSync(file, 'utf8')) as {
  definitions: Record<string, Json>;
};
const descriptions = JSON.parse(
  readFileSync(generatedFile('descriptions.json'), 'utf8'),
) as Descriptions;
const set = new DefinitionSet(loadTypeTable(), descriptions, 'v2');
const wanted = Object.keys(upstream.definitions).filter(
  (name) => prefixes.length === 0 || prefixes.some((prefix) => name.startsWith(prefix)),
);
// pkg/version.Info is no API type: it comes from `/version` itself.
const names = wanted.filter((name) => !name.endsWith('pkg.version.Info'));
for (const name of names) set.reference(name);
const ours = set.finish() as Record<string, Json>;

const differences = { structure: [] as string[], description: [] as string[] };

function compare(path: string, theirs: unknown, mine: unknown): void {
  if (isDeepStrictEqual(theirs, mine)) return;
  const kind = path.endsWith('/description') ? 'description' : 'structure';
  const both = [theirs, mine].every((each) => typeof each === 'object' && !Array.isArray(each));
  if (theirs === undefined || mine === undefined || !both) {
    differences[kind].push(`${path}: ${JSON.stringify(theirs)} | ${JSON.stringify(mine)}`);
    return;
  }
  for (const key of new Set([...Object.keys(theirs as Json), ...Object.keys(mine as Json)])) {
    compare(`${path}/${key}`, (theirs as Json)[key], (mine as Json)[key]);
  }
}

for (const name of names) compare(name, upstream.definitions[name], ours[name]);
for (const line of differences.structure) console.log(line);
console.log(
  `${names.length} definitions: ${differences.structure.length} differences in structure, ` +
    `${differences.description.length} in descriptions`,
);
if (process.env.VERBOSE) for (const line of differences.description) console.log(line);
