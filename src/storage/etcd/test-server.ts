// Starts the machine's own etcd on free loopback ports for tests, and stops it with its data.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface TestEtcd {
  readonly endpoint: string;
  /** Kills the process and starts it again with the same data and ports. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
}

/** Resolves once etcd serves clients. */
export async function startEtcd(): Promise<TestEtcd> {
  const directory = await mkdtemp(join(tmpdir(), 'coracle-etcd-'));
  const client = `http://127.0.0.1:${await freePort()}`;
  const peer = `http://127.0.0.1:${await freePort()}`;
  const start = async () => {
    const child = spawn(
      'etcd',
      [
        ...['--data-dir', directory, '--name', 'test', '--logger', 'zap'],
        ...['--listen-client-urls', client, '--advertise-client-urls', client],
        ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
        ...['--initial-cluster', `test=${peer}`],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const ended = once(child, 'exit');
    let last = '';
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: child.stderr }).on('line', (line) => {
        last = line;
        if (/ready to serve client requests|serving (insecure )?client/i.test(line)) resolve();
      });
      child.once('error', reject);
      child.once('exit', () => reject(new Error(`etcd ended: ${last}`)));
    });
    return async () => {
      child.kill('SIGKILL');
      await ended;
    };
  };
  let kill = await start();
  return {
    endpoint: client.slice('http://'.length),
    async restart() {
      await kill();
      kill = await start();
    },
    async stop() {
      await kill();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
