import { spawn, spawnSync } from 'node:child_process';
import { request } from 'node:https';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { freePort } from '../bench/own-server.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const command = join(root, 'dist/coracle.js');
const run = (program: string, words: readonly string[]) =>
  spawnSync(program, words, { cwd: root, encoding: 'utf8' });

/** What a user of the package writes: the API in memory, in virtual time, without a socket. */
const embedding = `
import { createApi } from 'coracle/api';
import { createAuthority, createSigningKey } from 'coracle/certificates';
import { createClient } from 'coracle/client';
import { createDirectTransport } from 'coracle/client-direct';
import { VirtualClock } from 'coracle/clock';
import { silentLogger } from 'coracle/logger';
import { seededRandom } from 'coracle/random';
import { namespaces } from 'coracle/resource-refs';
import { createMemoryDriver } from 'coracle/storage-memory';

const clock = new VirtualClock();
const authority = await createAuthority('embedded', clock);
const api = await createApi({
  driver: createMemoryDriver({ clock }),
  clock,
  random: seededRandom(1),
  logger: silentLogger,
  signingKey: await createSigningKey(),
  serviceRange: '10.96.0.0/16',
  advertise: { address: '192.0.2.1', port: 6443 },
  clientAuthority: authority.certificate,
});
await api.ready();
const peer = { commonName: 'admin', organizations: ['system:masters'], verified: true };
const client = createClient(createDirectTransport(api.handler, { peer }), { userAgent: 'test' });
const { metadata } = await client.get(namespaces, '', 'kube-system');
console.log(metadata?.name);
api.close();
`;

const tsconfig = JSON.stringify({
  compilerOptions: {
    module: 'nodenext',
    target: 'esnext',
    lib: ['esnext'],
    types: ['node'],
    strict: true,
    noEmit: true,
    skipLibCheck: false,
  },
  include: ['*.ts'],
});

function askReady(port: number): Promise<number> {
  return new Promise((resolve) => {
    const ask = request(
      { host: '127.0.0.1', port, path: '/readyz', rejectUnauthorized: false, agent: false },
      (answer) => resolve(answer.resume().statusCode ?? 0),
    );
    ask.on('error', () => resolve(0));
    ask.end();
  });
}

t.test('npm run build', { timeout: 180_000 }, async (t) => {
  const built = run(process.execPath, ['scripts/build.ts']);
  t.equal(built.status, 0, built.stderr + built.stdout);

  t.match(run(command, ['version']).stdout, /^coracle 0\.\d+\.\d+ \(Kubernetes v1\.36/);

  await t.test('the bundle serves', { timeout: 120_000 }, async (t) => {
    const port = await freePort();
    const words = ['server', '--data-dir', t.testdir(), '--port', String(port)];
    const server = spawn(process.execPath, [command, ...words, '--bind-address', '127.0.0.1'], {
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => server.once('exit', resolve));
    let status = 0;
    while (status !== 200 && server.exitCode === null) {
      status = await askReady(port);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    t.equal(status, 200);
    server.kill('SIGTERM');
    t.equal(await ended, 0);
  });

  await t.test(
    'the modules can be embedded, and their types hold',
    { timeout: 120_000 },
    async (t) => {
      const folder = t.testdir({ 'embedding.ts': embedding, 'tsconfig.json': tsconfig });
      const ran = run(process.execPath, [join(folder, 'embedding.ts')]);
      t.equal(ran.stdout, 'kube-system\n', ran.stderr);
      const checked = run(join(root, 'node_modules/.bin/tsc'), ['-p', folder]);
      t.equal(checked.status, 0, checked.stdout);
    },
  );
});
