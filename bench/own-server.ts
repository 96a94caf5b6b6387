// Starts API servers for measuring, each in a scratch folder, and removes every trace of them.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askJson } from './connection.ts';
import type { Target } from './target.ts';

export interface StartOptions {
  /** The program, without `server`: `node src/cli/main.ts` or `node dist/coracle.js`. */
  readonly command: readonly string[];
  /** More options for Node.js itself, e.g. `--cpu-prof`. */
  readonly nodeOptions?: string;
  readonly compileCache: string;
}

export interface OwnServer {
  readonly target: Target;
  /** From the start of the process until /readyz said ok. */
  readonly readyMs: number;
  /** Resident memory of the process, in bytes. */
  memoryBytes(): number;
  /** Processor time of all its threads so far, in milliseconds. */
  processorMs(): number;
  /** Ends the process; the data stay where `directory` was given. */
  stop(): Promise<void>;
}

const readyTimeoutMs = 30_000;
const pollMs = 5;

/**
 * @param directory an existing data folder; default: a scratch one that `stop` removes
 * @param more options for `coracle server`
 */
export async function startOwnServer(
  options: StartOptions,
  directory?: string,
  more: readonly string[] = [],
): Promise<OwnServer> {
  const folder = directory ?? mkdtempSync(join(tmpdir(), 'coracle-bench-'));
  const port = await freePort();
  const [program = '', ...words] = options.command;
  const startMs = performance.now();
  const child = spawn(
    program,
    [
      ...words,
      'server',
      ...['--data-dir', folder],
      ...['--port', String(port)],
      ...['--bind-address', '127.0.0.1'],
      ...['--advertise-address', '127.0.0.1'],
      ...['--service-cidr', '10.96.0.0/16'],
      ...['--cluster-cidr', '10.244.0.0/16'],
      ...['--log-level', 'error'],
      ...more,
    ],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      // As `coracle up` starts its server (src/cli/processes.ts).
      env: {
        ...process.env,
        NODE_COMPILE_CACHE: options.compileCache,
        MALLOC_ARENA_MAX: '2',
        ...(options.nodeOptions === undefined ? {} : { NODE_OPTIONS: options.nodeOptions }),
      },
    },
  );
  const stop = async () => {
    await ended(child);
    if (directory === undefined) rmSync(folder, { recursive: true, force: true });
  };
  try {
    await waitUntilReady(child, port);
  } catch (error) {
    await stop();
    throw error;
  }
  const readyMs = performance.now() - startMs;
  const pki = (name: string) => readFileSync(join(folder, 'pki', name), 'utf8');
  return {
    target: {
      host: '127.0.0.1',
      port,
      basePath: '',
      secure: true,
      ca: pki('ca.crt'),
      cert: pki('admin.crt'),
      key: pki('admin.key'),
      skipVerify: false,
    },
    readyMs,
    memoryBytes: () => residentBytes(child.pid ?? 0),
    processorMs: () => processorMs(child.pid ?? 0),
    stop,
  };
}

/** Resident memory as the kernel counts it. */
export function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}

/** The kernel counts in hundredths of a second. */
function processorMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The program's name, in brackets, may hold spaces; user and system time are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function waitUntilReady(child: ChildProcess, port: number): Promise<void> {
  const target: Target = {
    host: '127.0.0.1',
    port,
    basePath: '',
    secure: true,
    skipVerify: true,
  };
  const deadlineMs = performance.now() + readyTimeoutMs;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    if (performance.now() > deadlineMs) throw new Error('the server was not ready in time');
    const status = await askJson(target, { method: 'GET', path: '/readyz' }).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}
