// Debian packages by name: what apt offers, the libraries they need, and their content as a tree.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const printedBytesMax = 64 * 1024 * 1024;

export interface Package {
  readonly name: string;
  readonly version: string;
  readonly depends: string;
}

/** Dependencies are followed only into shared libraries and Lua modules: the rest is for systems. */
const followed = /^(lib|zlib|lua-)/;

async function run(program: string, args: readonly string[], cwd?: string): Promise<string> {
  const { stdout } = await execute(program, [...args], {
    maxBuffer: printedBytesMax,
    ...(cwd === undefined ? {} : { cwd }),
  });
  return stdout;
}

/** Debian's name of this machine's architecture, which is also Go's: amd64, arm64. */
export async function architecture(): Promise<string> {
  return (await run('dpkg', ['--print-architecture'])).trim();
}

/** The candidates of `names` that exist. */
async function show(names: readonly string[]): Promise<Package[]> {
  const args = ['show', '--no-all-versions', ...names];
  const text = await run('apt-cache', args).catch((error: { stdout?: string }) => {
    // It fails when one of many is unknown and prints the others all the same.
    return error.stdout ?? '';
  });
  return text
    .split('\n\n')
    .map((paragraph) => {
      const field = (name: string) =>
        new RegExp(`^${name}: (.*)$`, 'm').exec(paragraph)?.[1]?.trim() ?? '';
      const depends = [field('Pre-Depends'), field('Depends')].filter((list) => list !== '');
      return { name: field('Package'), version: field('Version'), depends: depends.join(', ') };
    })
    .filter(({ name }) => name !== '');
}

/**
 * `names` and every library that they need, sorted by name.
 *
 * @param without libraries to leave out, where what needs them is not used
 * @throws when apt knows one of `names` not
 */
export async function resolve(
  names: readonly string[],
  without: readonly string[],
): Promise<readonly Package[]> {
  const found = new Map<string, Package>();
  const asked = new Set<string>();
  for (let wanted = [...names]; wanted.length > 0; ) {
    for (const name of wanted) asked.add(name);
    const level = await show(wanted);
    for (const each of level) found.set(each.name, each);
    wanted = level
      .flatMap(({ depends }) => depends.split(','))
      // The first alternative, without its version.
      .map((dependency) => dependency.trim().split(/[\s|:(]/)[0] ?? '')
      .filter((name) => followed.test(name) && !without.includes(name) && !asked.has(name));
    wanted = [...new Set(wanted)];
  }
  const missing = names.filter((name) => !found.has(name));
  if (missing.length > 0) throw new Error(`apt offers no package ${missing.join(', ')}`);
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Reads apt's lists anew; needed where a machine has none yet. */
export async function updateLists(): Promise<void> {
  await run('apt-get', ['update', '-qq']);
}

/** Downloads what is not in `cache` yet (apt checks the signed digests) and unpacks all of it. */
export async function unpack(
  packages: readonly Package[],
  cache: string,
  into: string,
): Promise<void> {
  mkdirSync(cache, { recursive: true });
  const arch = await architecture();
  const fileOf = ({ name, version }: Package) => {
    const start = `${name}_${version.replaceAll(':', '%3a')}_`;
    return [`${start}${arch}.deb`, `${start}all.deb`]
      .map((file) => join(cache, file))
      .find((path) => existsSync(path));
  };
  const missing = packages.filter((each) => fileOf(each) === undefined);
  if (missing.length > 0) {
    const names = missing.map(({ name, version }) => `${name}=${version}`);
    await run('apt-get', ['-qq', '-o', 'APT::Sandbox::User=root', 'download', ...names], cache);
  }
  mkdirSync(into, { recursive: true });
  for (const each of packages) {
    const file = fileOf(each);
    if (file === undefined) throw new Error(`apt did not download ${each.name} ${each.version}`);
    await run('dpkg-deb', ['--extract', file, into]);
  }
}

/** Whether apt has lists of packages at all. */
export function hasLists(): boolean {
  const folder = '/var/lib/apt/lists';
  return existsSync(folder) && readdirSync(folder).some((name) => name.includes('_Packages'));
}
