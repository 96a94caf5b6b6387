// `npm run build`: writes the publishable dist/: one bundle per process, types, files read at run time.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');

/** Programs: what is started as a process or a thread of its own. */
const programs = {
  coracle: 'src/cli/main.ts',
  'server-worker': 'src/cli/server-worker.ts',
  'signing-request-program': 'src/cli/signing-request-program.ts',
};

/** What others may import as `coracle/<name>`; package.json's exports name the same. */
const modules = {
  api: 'src/api/server.ts',
  https: 'src/api/https.ts',
  certificates: 'src/certificates.ts',
  'client-direct': 'src/client/direct.ts',
  client: 'src/client/rest-client.ts',
  informer: 'src/client/shared-informer.ts',
  'resource-refs': 'src/client/resource-ref.ts',
  clock: 'src/clock.ts',
  logger: 'src/logger.ts',
  random: 'src/random.ts',
  builtin: 'src/registry/builtin.ts',
  resource: 'src/registry/resource.ts',
  'storage-memory': 'src/storage/memory.ts',
  storage: 'src/storage/open.ts',
};

/** Kinds of files that code opens beside itself; in dist/ all code stands in one folder. */
const openedAtRunTime = /\.(sh|json)$/;

function* openedFiles(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* openedFiles(path);
    else if (openedAtRunTime.test(entry.name)) yield path;
  }
}

function copyOpenedFiles(): void {
  for (const path of openedFiles(join(root, 'src'))) {
    const target = join(dist, basename(path));
    if (existsSync(target)) throw new Error(`two files are called ${basename(path)}`);
    cpSync(path, target);
  }
  cpSync(join(root, 'generated'), join(dist, 'generated'), { recursive: true });
}

async function bundle(): Promise<void> {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  // Programs and modules share nothing, so that a program is few files and starts quickly.
  const shared: BuildOptions = {
    absWorkingDir: root,
    // Splitting keeps what is imported lazily out of the start, as from source.
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    external: Object.keys(dependencies),
    chunkNames: 'chunk-[hash]',
    legalComments: 'none',
    logLevel: 'warning',
  };
  await build({ ...shared, entryPoints: programs, outdir: dist });
  await build({ ...shared, entryPoints: modules, outdir: join(dist, 'lib') });
  const command = join(dist, 'coracle.js');
  writeFileSync(command, `#!/usr/bin/env node\n${readFileSync(command, 'utf8')}`);
  chmodSync(command, 0o755);
}

function declareTypes(): void {
  const tsc = join(root, 'node_modules/.bin/tsc');
  const { status } = spawnSync(tsc, ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error('the types could not be written');
}

rmSync(dist, { recursive: true, force: true });
await bundle();
copyOpenedFiles();
if (!process.argv.includes('--no-types')) declareTypes();
