// Finds a kubectl on this machine and runs it against one kubeconfig.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface KubectlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string | Buffer;
  readonly timeoutMs?: number;
  readonly cwd?: string;
}

const googleCloudSdk = '/usr/lib/google-cloud-sdk/bin';
/** From here on kubectl speaks WebSocket for exec and keeps exit codes of cp. */
const minorMin = 30;

/**
 * The kubectl to use: `$KUBECTL`, one in the PATH, else the Google Cloud SDK's newest.
 *
 * @throws when there is none, or only one older than 1.30: its exec and cp are not today's
 */
export function findKubectl(environment: NodeJS.ProcessEnv = process.env): string {
  const folders = (environment.PATH ?? '').split(':').filter((folder) => folder !== '');
  const candidates = [
    ...(environment.KUBECTL === undefined ? [] : [environment.KUBECTL]),
    ...folders.map((folder) => join(folder, 'kubectl')),
    ...sdkKubectls(),
  ];
  for (const candidate of candidates) {
    if (existsSync(candidate) && minorVersion(candidate) >= minorMin) return candidate;
  }
  throw new Error(
    'no kubectl of 1.30 or newer: put one into the PATH, or name it with KUBECTL=/path/to/kubectl',
  );
}

function sdkKubectls(): string[] {
  if (!existsSync(googleCloudSdk)) return [];
  return readdirSync(googleCloudSdk)
    .filter((name) => /^kubectl\.1\.\d+$/.test(name))
    .sort((a, b) => Number(b.split('.')[2]) - Number(a.split('.')[2]))
    .map((name) => join(googleCloudSdk, name));
}

function minorVersion(kubectl: string): number {
  const { stdout } = spawnSync(kubectl, ['version', '--client'], { encoding: 'utf8' });
  return Number(/Client Version: v1\.(\d+)/.exec(stdout ?? '')?.[1] ?? 0);
}

/** kubectl bound to a kubeconfig. */
export interface Kubectl {
  readonly path: string;
  /** Runs to the end, whatever its exit status. */
  run(args: readonly string[], options?: RunOptions): Promise<KubectlResult>;
  /** Runs to the end and gives what it printed; an exit status but 0 throws with its words. */
  ok(args: readonly string[], options?: RunOptions): Promise<string>;
  /** Starts it and leaves it running. */
  start(args: readonly string[]): ChildProcess;
}

const defaultTimeoutMs = 120_000;

export function createKubectl(path: string, kubeconfig: string, cache: string): Kubectl {
  const environment = { ...process.env, KUBECONFIG: kubeconfig, KUBECACHEDIR: cache };
  const start = (args: readonly string[], cwd?: string) =>
    spawn(path, [...args], {
      env: environment,
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(cwd === undefined ? {} : { cwd }),
    });
  const run = (args: readonly string[], options: RunOptions = {}) =>
    new Promise<KubectlResult>((resolve, reject) => {
      const child = start(args, options.cwd);
      const stdout: Buffer[] = [];
      const stderr: Buffer[] = [];
      const timer = setTimeout(() => {
        stderr.push(Buffer.from('\n(killed: it ran past its time)'));
        child.kill('SIGKILL');
      }, options.timeoutMs ?? defaultTimeoutMs);
      child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
      child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
      child.on('error', reject);
      child.on('close', (code) => {
        clearTimeout(timer);
        resolve({
          code: code ?? -1,
          stdout: Buffer.concat(stdout).toString(),
          stderr: Buffer.concat(stderr).toString(),
        });
      });
      // What ends without reading its input closes the pipe; its exit status tells why.
      child.stdin.on('error', () => undefined);
      child.stdin.end(options.input);
    });
  return {
    path,
    run,
    async ok(args, options) {
      const { code, stdout, stderr } = await run(args, options);
      if (code === 0) return stdout;
      throw new Error(`kubectl ${args.join(' ')}: exit status ${code}\n${stderr}${stdout}`);
    },
    start: (args) => start(args),
  };
}
