// Starts and stops guardians: the small shells that keep each of a cluster's processes running.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One guarded process. Its pid file is kept by the guardian; the guardian's own lies beside it. */
export interface Guarded {
  readonly pidFile: string;
  readonly logFile: string;
}

/** Of a script that ships beside this code. */
export function scriptPath(name: string): string {
  return fileURLToPath(new URL(`./${name}`, import.meta.url));
}

function guardianFile(guarded: Guarded): string {
  return `${guarded.pidFile}.guardian`;
}

/**
 * Starts `command` under a guardian that outlives this process. Does nothing when one runs.
 *
 * @param environment added to this process's own
 */
export function guard(
  guarded: Guarded,
  command: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): void {
  if (guardianPid(guarded) !== undefined) return;
  mkdirSync(dirname(guarded.pidFile), { recursive: true, mode: 0o700 });
  mkdirSync(dirname(guarded.logFile), { recursive: true, mode: 0o700 });
  // Made here, so that the log is private whatever the umask.
  closeSync(openSync(guarded.logFile, 'a', 0o600));
  const child = spawn(
    '/bin/sh',
    [scriptPath('guardian.sh'), guarded.pidFile, guarded.logFile, ...command],
    { detached: true, stdio: 'ignore', cwd: '/', env: { ...process.env, ...environment } },
  );
  child.unref();
  if (child.pid === undefined) throw new Error(`cannot start a guardian for ${command[0]}`);
  writeFileSync(guardianFile(guarded), `${child.pid} ${startTime(child.pid) ?? ''}\n`, {
    mode: 0o600,
  });
}

/** The guardian's pid while it runs. A pid that another process has taken since does not count. */
export function guardianPid(guarded: Guarded): number | undefined {
  const [pid, started] = read(guardianFile(guarded)).split(' ');
  if (pid === undefined || pid === '' || started === undefined) return undefined;
  return startTime(Number(pid)) === started ? Number(pid) : undefined;
}

/** The guarded process's pid; undefined between two runs and after the end. */
export function guardedPid(guarded: Guarded): number | undefined {
  const pid = Number(read(guarded.pidFile));
  return pid > 0 && guardianPid(guarded) !== undefined ? pid : undefined;
}

/**
 * Ends the guardian and, by TERM, what it guards; KILLs both when `timeoutMs` (wall time) is over.
 *
 * @param alsoTerm further processes to TERM once the guardian no longer respawns
 */
export async function unguard(
  guarded: Guarded,
  options: { readonly timeoutMs: number; readonly alsoTerm?: readonly number[] },
): Promise<void> {
  const guardian = guardianPid(guarded);
  if (guardian !== undefined) {
    const child = guardedPid(guarded);
    const started = child === undefined ? undefined : startTime(child);
    signal(guardian, 'SIGTERM');
    for (const pid of options.alsoTerm ?? []) signal(pid, 'SIGTERM');
    const deadlineMs = Date.now() + options.timeoutMs;
    while (guardianPid(guarded) !== undefined && Date.now() < deadlineMs) await pause(20);
    if (guardianPid(guarded) !== undefined) signal(guardian, 'SIGKILL');
    if (child !== undefined && started !== undefined && startTime(child) === started) {
      signal(child, 'SIGKILL');
      while (startTime(child) === started) await pause(20);
    }
  }
  rmSync(guardianFile(guarded), { force: true });
  rmSync(guarded.pidFile, { force: true });
}

/** The only child of `pid`, as PID 1 of a namespace is to its `unshare`. */
export function onlyChild(pid: number): number | undefined {
  const child = Number(read(`/proc/${pid}/task/${pid}/children`).trim().split(' ')[0]);
  return child > 0 ? child : undefined;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Clock ticks since boot at which `pid` began; undefined when it is gone or a zombie. */
function startTime(pid: number): string | undefined {
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trimEnd();
  } catch {
    return '';
  }
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
