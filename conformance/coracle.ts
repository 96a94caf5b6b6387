// Runs `./coracle` and the image builder of this clone, each with a home of its own.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('..', import.meta.url));

export interface ProgramResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `program` to its end; its exit status is part of the result. */
export function runProgram(
  program: string,
  args: readonly string[],
  options: {
    readonly environment?: NodeJS.ProcessEnv;
    readonly timeoutMs?: number;
    readonly input?: string;
  } = {},
): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...args], {
      env: { ...process.env, ...options.environment },
      cwd: repository,
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: options.timeoutMs ?? 180_000,
      killSignal: 'SIGKILL',
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input);
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({
        code: code ?? -1,
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
      }),
    );
  });
}

/** `./coracle ARGS` with `environment`; an exit status but 0 throws with all that it printed. */
export async function coracle(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<string> {
  const result = await runProgram(join(repository, 'coracle'), args, { environment });
  if (result.code === 0) return result.stdout;
  throw new Error(
    `coracle ${args.join(' ')}: exit status ${result.code}\n${result.stderr}${result.stdout}`,
  );
}

/** Builds the images that suites and examples use, or takes them from the cache; gives the tars. */
export async function buildImages(folder: string): Promise<string[]> {
  const names = ['busybox', 'nginx', 'redis'];
  const result = await runProgram(process.execPath, [
    join(repository, 'scripts/images/build.ts'),
    ...names,
    ...['--out', folder],
  ]);
  if (result.code !== 0) throw new Error(`cannot build images:\n${result.stderr}${result.stdout}`);
  return names.map((name) => join(folder, `${name}.tar`));
}
