// `npm test`: runs every test file and ends with one line, `N passed, N failed`, counting assertions.
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { missingPackages } from '../src/launcher/machine.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
/** A file that takes longer hangs; whole clusters get more. */
const fileTimeoutMs = 4 * 60_000;
const clusterTimeoutMs = 10 * 60_000;
/** Of one test inside a file, in seconds: a busy machine is slow, not wrong. */
const testTimeoutSeconds = 180;
/** Debian packages that tests use beyond what `coracle up` installs for itself. */
const testPackages: readonly (readonly [program: string, name: string])[] = [
  ['etcd', 'etcd-server'],
  ['curl', 'curl'],
];

function* testFiles(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* testFiles(path);
    else if (entry.name.endsWith('.test.ts')) yield path;
  }
}

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly output: string;
}

/** A test file is a program that prints TAP; its last comment counts its assertions. */
function runFile(path: string, timeoutMs: number): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [path], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      env: { ...process.env, TAP: '1', TAP_TIMEOUT: String(testTimeoutSeconds) },
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', (error) => resolve({ passed: 0, failed: 1, output: String(error) }));
    child.on('close', (code) => {
      const output = Buffer.concat(chunks).toString();
      const counts = /^# \{ total: \d+(?:, pass: (\d+))?(?:, fail: (\d+))?/m.exec(output);
      const passed = Number(counts?.[1] ?? 0);
      const failed = Number(counts?.[2] ?? 0);
      // A file that died, or that tested nothing, has failed whatever it counted.
      const broken = failed === 0 && (code !== 0 || passed === 0) ? 1 : 0;
      resolve({ passed, failed: failed + broken, output });
    });
  });
}

function installTestPackages(): void {
  const absent = testPackages.filter(
    ([program]) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0,
  );
  const names = [
    ...missingPackages(process.env).map((requirement) => requirement.package),
    ...absent.map(([, name]) => name),
  ];
  if (names.length === 0 || process.geteuid?.() !== 0) return;
  process.stdout.write(`installing ${names.join(', ')} for the tests\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  spawnSync('apt-get', ['update', '-qq'], { env, stdio: 'ignore' });
  const install = ['install', '-y', '-qq', '--no-install-recommends', ...names];
  const { status } = spawnSync('apt-get', install, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) process.stdout.write(`could not install ${names.join(', ')}\n`);
}

async function main(): Promise<void> {
  const wanted = process.argv.slice(2);
  installTestPackages();
  const all = [...testFiles(join(root, 'src')), ...testFiles(join(root, 'scripts'))].sort();
  const files =
    wanted.length === 0 ? all : all.filter((path) => wanted.some((w) => path.includes(w)));
  // Whole clusters come last and alone: they want the machine for themselves.
  const clusters =
    wanted.length === 0 ? [...testFiles(join(root, 'conformance'))].sort() : wantedClusters(wanted);
  let passed = 0;
  let failed = 0;
  const count = (path: string, outcome: Outcome, tookMs: number) => {
    passed += outcome.passed;
    failed += outcome.failed;
    const mark = outcome.failed === 0 ? '✓' : '✗';
    const seconds = (tookMs / 1000).toFixed(1);
    process.stdout.write(`${mark} ${relative(root, path)}: ${outcome.passed} in ${seconds}s\n`);
    if (outcome.failed > 0) process.stdout.write(`${outcome.output}\n`);
  };
  const work = async (queue: string[], timeoutMs: number) => {
    for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
      const startedMs = performance.now();
      count(path, await runFile(path, timeoutMs), performance.now() - startedMs);
    }
  };
  const queue = [...files];
  await Promise.all(
    Array.from({ length: Math.max(1, cpus().length) }, () => work(queue, fileTimeoutMs)),
  );
  await work([...clusters], clusterTimeoutMs);
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  process.exitCode = failed === 0 ? 0 : 1;
}

function wantedClusters(wanted: readonly string[]): string[] {
  return [...testFiles(join(root, 'conformance'))].filter((path) =>
    wanted.some((w) => path.includes(w)),
  );
}

await main();
