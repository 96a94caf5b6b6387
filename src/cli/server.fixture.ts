// `coracle server` as a process of its own for tests: started, asked over plain HTTP, killed.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
/** As the launcher has it: a server starts in a third of the time. */
const cache = fileURLToPath(new URL('../../node_modules/.cache/compile', import.meta.url));
const logLinesMax = 50;

export interface ServerAnswer {
  readonly status: number;
  readonly body: unknown;
}

export interface ServerProcess {
  /** Rejects when there is no answer. */
  call(method: string, path: string, body?: unknown): Promise<ServerAnswer>;
  /** The lines of a streamed answer as they come. */
  lines(path: string): AsyncIterable<string>;
  /** Resolves when it is gone. */
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
}

/** Resolves once it serves with full caches; without controllers, for what is asked is its API. */
export async function startServerProcess(options: {
  readonly dataDirectory: string;
  readonly port: number;
  readonly insecurePort: number;
  /** Further options of `coracle server`. */
  readonly flags?: readonly string[];
}): Promise<ServerProcess> {
  const { dataDirectory, port, insecurePort, flags = [] } = options;
  const child = spawn(
    process.execPath,
    [
      ...[main, 'server', '--no-controllers', '--data-dir', dataDirectory],
      ...['--bind-address', '127.0.0.1', '--port', `${port}`],
      ...['--insecure-port', `${insecurePort}`],
      ...flags,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { NODE_COMPILE_CACHE: cache, ...process.env } },
  );
  await serving(child);
  const agent = new Agent({ keepAlive: true });
  const ended = once(child, 'exit');
  const open = (method: string, path: string) =>
    request({
      host: '127.0.0.1',
      port: insecurePort,
      method,
      path,
      agent,
      headers: { 'content-type': 'application/json' },
    });
  return {
    call: (method, path, body) =>
      new Promise((resolve, reject) => {
        const call = open(method, path);
        call.on('error', reject);
        call.on('response', async (answer) => {
          let text = '';
          try {
            for await (const chunk of answer) text += String(chunk);
            resolve({ status: answer.statusCode ?? 0, body: JSON.parse(text) });
          } catch (error) {
            reject(error);
          }
        });
        call.end(body === undefined ? undefined : JSON.stringify(body));
      }),
    async *lines(path) {
      const call = open('GET', path);
      call.end();
      call.on('error', () => undefined);
      const [answer] = await once(call, 'response');
      let rest = '';
      try {
        for await (const chunk of answer) {
          const lines = (rest + String(chunk)).split('\n');
          rest = lines.pop() ?? '';
          yield* lines;
        }
      } finally {
        call.destroy();
      }
    },
    async kill(signal) {
      child.kill(signal);
      await ended;
      agent.destroy();
    },
  };
}

function serving(child: ChildProcess): Promise<void> {
  const { stderr } = child;
  if (stderr === null) throw new Error('the server has no log');
  const log: string[] = [];
  return new Promise((resolve, reject) => {
    createInterface({ input: stderr }).on('line', (line) => {
      log.push(line);
      if (log.length > logLinesMax) log.shift();
      if (/\bserving\b/.test(line)) resolve();
    });
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(new Error(`the server ended with ${code}: ${log.join('\n')}`)),
    );
  });
}
