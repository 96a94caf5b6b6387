// Writes docs/compatibility.md and docs/node-features.md from the code; `--check` only compares.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type Api, createApi } from '../src/api/server.ts';
import { createAuthority, createSigningKey } from '../src/certificates.ts';
import { systemClock } from '../src/clock.ts';
import { kubernetesVersion } from '../src/kubernetes-version.ts';
import { silentLogger } from '../src/logger.ts';
import { features, kubeletEndpoints, type TypeFeatures } from '../src/nodes/features.ts';
import { systemRandom } from '../src/random.ts';
import { loadTypeTable } from '../src/registry/schema/table.ts';
import { createMemoryDriver } from '../src/storage/memory.ts';

const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];
const generatedNote = '_Written by `node scripts/tables.ts`; a test keeps it up to date._';

interface ResourceList {
  readonly groupVersion: string;
  readonly resources: readonly {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
    readonly verbs: readonly string[];
  }[];
}

interface GroupList {
  readonly groups: readonly { readonly versions: readonly { readonly groupVersion: string }[] }[];
}

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');

async function ask<T>(api: Api, url: string): Promise<T> {
  const answer = await api.handler({
    method: 'GET',
    url,
    headers: {},
    insecure: true,
    signal: new AbortController().signal,
  });
  if (answer.status !== 200 || typeof answer.body === 'function') {
    throw new Error(`${url} was answered ${answer.status}`);
  }
  return JSON.parse(Buffer.from(answer.body ?? '').toString()) as T;
}

/** What the live registry tells every client: its discovery documents. */
async function discovered(): Promise<readonly ResourceList[]> {
  const clock = systemClock;
  const driver = createMemoryDriver({ clock });
  const api = await createApi({
    driver,
    clock,
    random: systemRandom,
    logger: silentLogger,
    signingKey: await createSigningKey(),
    serviceRange: '10.96.0.0/16',
    advertise: { address: '192.0.2.1', port: 6443 },
    clientAuthority: (await createAuthority('tables', clock)).certificate,
  });
  await api.ready();
  const { groups } = await ask<GroupList>(api, '/apis');
  const paths = groups.flatMap(({ versions }) =>
    versions.map(({ groupVersion }) => `/apis/${groupVersion}`),
  );
  const lists: ResourceList[] = [];
  for (const path of ['/api/v1', ...paths]) lists.push(await ask<ResourceList>(api, path));
  api.close();
  await driver.close();
  return lists;
}

async function compatibility(): Promise<string> {
  const sections = (await discovered()).map(({ groupVersion, resources }) => {
    const rows = [...resources]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ name, kind, namespaced, verbs: served }) => [
        `\`${name}\``,
        kind,
        namespaced ? 'namespace' : 'cluster',
        ...verbs.map((verb) => (served.includes(verb) ? '✓' : '')),
      ]);
    return `## ${groupVersion}\n\n${table(['resource', 'kind', 'scope', ...verbs], rows)}`;
  });
  return [
    '# What the API serves',
    generatedNote,
    `Kubernetes ${kubernetesVersion.split('+')[0]}: every kind that the server has, its ` +
      'subresources, and the verbs of each, as discovery tells them. Kinds of Kubernetes that are ' +
      'not named here are not there yet: the server answers 404, as for any unknown path.',
    openApiDifferences,
    ...sections,
    '',
  ].join('\n\n');
}

/** What `scripts/compare-openapi.ts` finds, and why; stated by hand. */
const openApiDifferences = `## How the OpenAPI document differs from upstream's

\`node scripts/compare-openapi.ts FILE\` compares the whole document, of the stable groups, with
upstream's: paths, verbs, parameters, media types, definitions, list and patch extensions. What is
left:

- \`apiextensions.k8s.io\` is not there yet: seven paths and its definitions.
- \`/logs/\` serves the log files of a control plane's machine; no client asks for it.
- \`/apis/internal.apiserver.k8s.io/\` and \`/apis/storagemigration.k8s.io/\` have beta and alpha
  versions only, which are off; upstream's document was made with them on.
- CBOR is behind a gate that is off in v1.36.
- Descriptions come from the official client's models, which join lines by blanks and have none
  for fields that refer to another definition.
- \`info.version\` is v1.36.0, as servers have it; upstream's file says \`unversioned\`.`;

function fieldRows(definition: string, facts: TypeFeatures): string[][] {
  return loadTypeTable()(definition).fields.map(({ name }) => {
    const refused = facts.refused?.[name];
    const waits = facts.waits?.[name];
    if (refused !== undefined) return [`\`${name}\``, 'refused', refused];
    if (waits !== undefined) return [`\`${name}\``, 'waits', waits];
    return [`\`${name}\``, 'works', facts.notes?.[name] ?? ''];
  });
}

function definitionOf(name: string): string {
  const found = ['api.core.v1', 'apimachinery.pkg.apis.meta.v1']
    .map((where) => `io.k8s.${where}.${name}`)
    .find((definition) => loadTypeTable().names.includes(definition));
  if (found === undefined) throw new Error(`no type is called ${name}`);
  return found;
}

function nodeFeatures(): string {
  const head = ['field', '', ''];
  const sections = Object.entries(features).map(
    ([name, facts]) => `## ${name}\n\n${table(head, fieldRows(definitionOf(name), facts))}`,
  );
  const endpoints = kubeletEndpoints.map(({ path, support, note }) => [
    `\`${path}\``,
    support,
    note ?? '',
  ]);
  return [
    '# What a node does with what it is told',
    generatedNote,
    'Every field of PodSpec and NodeStatus, type by type, and every endpoint of the kubelet. ' +
      '**works**: as upstream does on Linux. **refused**: the pod does not start, and an event ' +
      'says why. **waits**: it is accepted and stored, and has no effect yet; so has all that ' +
      'stands below it. The table is stated by hand in `src/nodes/features.ts`.',
    ...sections,
    `## Endpoints of the kubelet, port 10250\n\n${table(['path', '', ''], endpoints)}`,
    '',
  ].join('\n\n');
}

/** The pages by their path in the repository. */
export async function pages(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ['docs/compatibility.md', await compatibility()],
    ['docs/node-features.md', nodeFeatures()],
  ]);
}

if (process.argv[1] === import.meta.filename) {
  const root = new URL('../', import.meta.url);
  const check = process.argv.includes('--check');
  for (const [path, text] of await pages()) {
    const file = new URL(path, root);
    const current = existsSync(file) ? readFileSync(file, 'utf8') : '';
    if (current === text) continue;
    if (!check) writeFileSync(file, text);
    else {
      process.stdout.write(`${path} is out of date: run node scripts/tables.ts\n`);
      process.exitCode = 1;
    }
  }
}
