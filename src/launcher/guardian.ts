// Starts and stops guardians: the small shells that keep each of a cluster's processes running.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { programPath } from './command.ts';

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
 * Starts `command` under a guardian that outlives this process. Does nothing when one runs; a
 * command whose guardian was killed is not started again, but watched by the new one.
 *
 * @param options.environment added to this process's own, without what belongs to its login
 * @param options.through a command line that runs the guardian, such as one that joins a cgroup
 */
export function guard(
  guarded: Guarded,
  command: readonly string[],
  options: {
    readonly environment?: Readonly<Record<string, string>>;
    readonly through?: readonly string[];
  } = {},
): void {
  if (guardianPid(guarded) !== undefined) return;
  mkdirSync(dirname(guarded.pidFile), { recursive: true, mode: 0o700 });
  mkdirSync(dirname(guarded.logFile), { recursive: true, mode: 0o700 });
  // Made here, so that the log is private whatever the umask.
  const log = openSync(guarded.logFile, 'a', 0o600);
  const script = scriptPath('guardian.sh');
  const guardian = ['/bin/sh', script, guarded.pidFile, guarded.logFile, ...command];
  const [program = '', ...args] = [...(options.through ?? []), ...guardian];
  const child = spawn(program, args, {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: '/',
    env: { ...lastingEnvironment(), PATH: programPath(process.env), ...options.environment },
  });
  closeSync(log);
  child.on('error', () => undefined);
  child.unref();
  if (child.pid === undefined) throw new Error(`cannot start a guardian for ${command[0]}`);
  writeFileSync(guardianFile(guarded), identity(child.pid), { mode: 0o600 });
}

/**
 * A cluster outlives the login that started it, and with that its folders and sockets: runc, for
 * one, keeps files in XDG_RUNTIME_DIR, which is removed at logout.
 */
function lastingEnvironment(): NodeJS.ProcessEnv {
  const ofLogin = /^(XDG_|DBUS_SESSION_|SSH_|SUDO_|TMPDIR$|NOTIFY_SOCKET$)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ofLogin.test(name)));
}

/** The guardian's pid while it runs. A pid that another process has taken since does not count. */
export function guardianPid(guarded: Guarded): number | undefined {
  return runningPid(guardianFile(guarded));
}

/** The guarded process's pid; undefined between two runs and after the end. */
export function guardedPid(guarded: Guarded): number | undefined {
  return runningPid(guarded.pidFile);
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
  const deadlineMs = Date.now() + options.timeoutMs;
  const guardian = guardianPid(guarded);
  const child = guardedPid(guarded);
  // A guardian passes TERM on; without one (it was killed) the command must get it from here.
  if (guardian !== undefined) signal(guardian, 'SIGTERM');
  else if (child !== undefined) signal(child, 'SIGTERM');
  for (const pid of options.alsoTerm ?? []) signal(pid, 'SIGTERM');
  const isOver = () => guardianPid(guarded) === undefined && guardedPid(guarded) === undefined;
  while (!isOver() && Date.now() < deadlineMs) await pause(20);
  for (const pidOf of [guardianPid, guardedPid]) {
    for (let pid = pidOf(guarded); pid !== undefined; pid = pidOf(guarded)) {
      signal(pid, 'SIGKILL');
      await pause(20);
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

/** What a pid file says of a process: its id and its start, as guardian.sh writes it too. */
function identity(pid: number): string {
  return `${pid} ${startTime(pid) ?? ''}\n`;
}

function runningPid(file: string): number | undefined {
  const [pid = '', started = ''] = read(file).split(' ');
  return started !== '' && startTime(Number(pid)) === started ? Number(pid) : undefined;
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
