// Runs the command line as a user does: a process of its own, a home of its own.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Home {
  readonly directory: string;
  readonly kubeconfig: string;
  coracle(...args: string[]): Promise<Ended>;
  /** As `coracle`, run by another program (`setpriv …`) or with other variables. */
  run(
    options: { readonly by?: readonly string[]; readonly environment?: NodeJS.ProcessEnv },
    ...args: string[]
  ): Promise<Ended>;
}

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const timeoutMs = 120_000;

/** A home folder, whose name has a space, and whose clusters end with the test. */
export function createHome(t: Test): Home {
  const directory = mkdtempSync(join(tmpdir(), 'coracle home '));
  const kubeconfig = join(directory, 'kube config');
  const env = { ...process.env, CORACLE_HOME: join(directory, 'clusters'), KUBECONFIG: kubeconfig };
  const run: Home['run'] = ({ by = [], environment = {} }, ...args) => {
    const [program = '', ...rest] = [...by, process.execPath, main, ...args];
    return new Promise((resolve) => {
      const options = { env: { ...env, ...environment }, cwd: directory, timeout: timeoutMs };
      execFile(program, rest, options, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, stdout, stderr });
      });
    });
  };
  const coracle: Home['coracle'] = (...args) => run({}, ...args);
  t.teardown(async () => {
    const { stdout } = await coracle('get', 'clusters', '-o', 'json');
    for (const { name } of JSON.parse(stdout) as { name: string }[]) {
      await coracle('delete', '--name', name);
    }
    rmSync(directory, { recursive: true, force: true });
  });
  return { directory, kubeconfig, coracle, run };
}
