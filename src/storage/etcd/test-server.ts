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

function tlsFlags(tls: TestEtcdTls | undefined): readonly string[] {
  if (tls === undefined) return [];
  const { ca, certificate, key } = tls;
  return [
    '--client-cert-auth',
    ...['--trusted-ca-file', ca, '--cert-file', certificate, '--key-file', key],
  ];
}

/** PEM files of a server that speaks TLS only, with clients of the same authority. */
export interface TestEtcdTls {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** Resolves once etcd serves clients. */
export async function startEtcd(tls?: TestEtcdTls): Promise<TestEtcd> {
  const directory = await mkdtemp(join(tmpdir(), 'coracle-etcd-'));
  const endpoint = `127.0.0.1:${await freePort()}`;
  const client = `${tls === undefined ? 'http' : 'https'}://${endpoint}`;
  const peer = `http://127.0.0.1:${await freePort()}`;
  const start = async () => {
    const child = spawn(
      'etcd',
      [
        ...['--data-dir', directory, '--name', 'test', '--logger', 'zap'],
        ...['--listen-client-urls', client, '--advertise-client-urls', client],
        ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
        ...['--initial-cluster', `test=${peer}`],
        ...tlsFlags(tls),
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
    endpoint,
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
