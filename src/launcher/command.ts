// Runs the machine's own programs (ip, nft, mount) and says what they said when they fail.
import { execFile } from 'node:child_process';

/** A program ended with an error; the message carries its command line and what it printed. */
export class CommandError extends Error {
  readonly stderr: string;
  constructor(commandLine: string, stderr: string, options?: ErrorOptions) {
    super(`${commandLine}: ${stderr.trim() || 'failed'}`, options);
    this.stderr = stderr;
  }
}

/** `PATH` with the folders of system programs, which `su` and cron leave out. */
export function programPath(environment: NodeJS.ProcessEnv): string {
  const folders = (environment.PATH ?? '').split(':').filter((folder) => folder !== '');
  return [...new Set([...folders, '/usr/sbin', '/usr/bin', '/sbin', '/bin'])].join(':');
}

/**
 * Runs `program` to its end and gives its standard output.
 *
 * @throws CommandError when it cannot be started, exits non-zero or takes over `timeoutMs`
 */
export function run(
  program: string,
  args: readonly string[],
  options: { readonly input?: string; readonly timeoutMs?: number } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      [...args],
      {
        timeout: options.timeoutMs ?? 60_000,
        maxBuffer: 16 * 1024 * 1024,
        env: { ...process.env, PATH: programPath(process.env) },
      },
      (error, stdout, stderr) => {
        if (error === null) return resolve(stdout);
        const why = stderr === '' ? error.message : stderr;
        reject(new CommandError([program, ...args].join(' '), why, { cause: error }));
      },
    );
    // A program that ends without reading its input closes the pipe; its exit status tells why.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');
  });
}

/** As `run`, but a failure is no matter: gives undefined then. For removing what may not exist. */
export async function attempt(
  program: string,
  args: readonly string[],
): Promise<string | undefined> {
  try {
    return await run(program, args);
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
}
