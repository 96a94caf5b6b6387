// `up`, `down`, `delete` and their like from outside, on simulated nodes: no root, no containers.
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createHome, type Ended } from './coracle.fixture.ts';
import { exitCodes } from './exit-codes.ts';

t.setTimeout(0);
const simulated = ['--runtime', 'simulated', '-q'];

/** It ended so, with one sentence that says why. */
function refused(t: Test, ended: Ended, code: keyof typeof exitCodes, why: RegExp): void {
  t.equal(ended.code, exitCodes[code], ended.stderr);
  t.match(ended.stderr, why);
  t.notMatch(ended.stderr, /^ {4}at /m, 'no stack');
}

t.test('the life of a cluster', async (t) => {
  const { coracle, directory, kubeconfig } = createHome(t);
  writeFileSync(kubeconfig, 'contexts: [{name: mine, context: {}}]\ncurrent-context: mine\n');
  const first = await coracle('up', '--name', 'one', '--nodes', '2', '--runtime', 'simulated');
  t.equal(first.code, 0, first.stderr);
  t.match(first.stdout, /✓ Waiting for 2 nodes.*kubectl --context coracle-one get nodes/s);
  t.equal(statSync(join(directory, 'clusters', 'one')).mode & 0o777, 0o700);
  t.equal(statSync(kubeconfig).mode & 0o777, 0o600);
  t.match(readFileSync(kubeconfig, 'utf8'), /current-context: coracle-one/);

  const again = await coracle('up', '--name', 'one', '-o', 'json');
  t.match(JSON.parse(again.stdout), { name: 'one', alreadyRunning: true, nodes: [/^one-node-1$/] });
  refused(
    t,
    await coracle('up', '--name', 'one', '--nodes', '3'),
    'usage',
    /exists with another --nodes/,
  );

  const status = JSON.parse((await coracle('status', '--name', 'one', '-o', 'json')).stdout);
  t.match(status, { running: true, ready: true, components: [{ component: 'server' }, {}] });
  for (const { pid } of status.components) {
    t.equal(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[2] === '0', false);
    const environment = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    t.match(environment, /main\.ts/);
  }
  const uids = (await coracle('get', 'nodes', '--name', 'one', '-o', 'json')).stdout;

  t.equal((await coracle('down', '--name', 'one')).code, 0);
  t.match(JSON.parse((await coracle('get', 'clusters', '-o', 'json')).stdout), [
    { state: 'stopped' },
  ]);
  t.equal((await coracle('down', '--name', 'one')).code, 0, 'stopping what is stopped is no error');
  const resumed = await coracle('up', '--name', 'one', '-q');
  t.equal(resumed.code, 0, resumed.stderr);
  t.equal(resumed.stdout, '', '-q says nothing');
  t.equal((await coracle('get', 'nodes', '--name', 'one', '-o', 'json')).stdout, uids);

  t.equal((await coracle('delete', '--name', 'one')).code, 0);
  t.notOk(existsSync(join(directory, 'clusters')), 'the last cluster takes the home along');
  const left = readFileSync(kubeconfig, 'utf8');
  t.notMatch(left, /coracle/);
  t.match(left, /mine/, "others' contexts stay");
  refused(
    t,
    await coracle('status', '--name', 'one'),
    'noCluster',
    /make one: coracle up --name one/,
  );
});

t.test('two that start at once', async (t) => {
  const { coracle, directory } = createHome(t);
  const both = await Promise.all(
    ['a', 'b'].map((name) => coracle('up', '--name', name, ...simulated)),
  );
  t.strictSame(
    both.map(({ code }) => code),
    [0, 0],
    both.map(({ stderr }) => stderr).join(),
  );
  const [a, b] = ['a', 'b'].map((name) =>
    JSON.parse(readFileSync(join(directory, 'clusters', name, 'cluster.json'), 'utf8')),
  );
  t.not(a.port, b.port);
  t.not(a.ranges.nodes, b.ranges.nodes);
  t.not(a.id, b.id);
  t.equal((await coracle('status', '--name', 'a')).code, 0);
});

t.test('what cannot be used is refused, and nothing is changed', async (t) => {
  const { coracle, directory } = createHome(t);
  for (const name of ['Upper', '../out', 'a/b', '', '-a', 'a'.repeat(33)]) {
    refused(t, await coracle('up', `--name=${name}`, ...simulated), 'usage', /no cluster name/);
    refused(t, await coracle('delete', `--name=${name}`), 'usage', /no cluster name/);
  }
  refused(t, await coracle('up', '--nodes', '0', ...simulated), 'usage', /from 1 to 250/);
  refused(t, await coracle('up', '--nodes', 'x', ...simulated), 'usage', /whole number/);
  refused(t, await coracle('up', '--port', '70000', ...simulated), 'usage', /1 to 65535/);
  refused(t, await coracle('up', '--wait', 'soon', ...simulated), 'usage', /--wait/);
  refused(t, await coracle('up', '--runtime', 'docker'), 'usage', /containerd, simulated/);
  refused(t, await coracle('up', '--nonsense'), 'usage', /unknown option/);

  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.teardown(() => server.close());
  const { port } = server.address() as { port: number };
  const taken = await coracle('up', '--port', String(port), ...simulated);
  refused(t, taken, 'inUse', new RegExp(`port ${port} is in use .* --port`));

  const data = join(directory, 'data');
  mkdirSync(data);
  writeFileSync(join(data, 'letter'), 'dear');
  const full = await coracle('up', '--data-dir', data, ...simulated);
  refused(t, full, 'inUse', /holds other files; give an empty folder/);
  t.strictSame(readdirSync(data), ['letter']);
  t.strictSame(JSON.parse((await coracle('get', 'clusters', '-o', 'json')).stdout), []);
});

t.test('a data directory elsewhere goes with its cluster', async (t) => {
  const { coracle, directory } = createHome(t);
  const up = await coracle('up', '--name', 'far', '--data-dir', 'far away', ...simulated);
  t.equal(up.code, 0, up.stderr);
  t.ok(existsSync(join(directory, 'far away', 'cluster.json')), 'relative to the caller');
  const other = await coracle('up', '--name', 'near', '--data-dir', 'far away', ...simulated);
  refused(t, other, 'inUse', /holds another cluster/);
  t.equal((await coracle('delete', '--name', 'far')).code, 0);
  t.notOk(existsSync(join(directory, 'far away')));
});

t.test(
  'without root, or without the packages, it says why and offers simulated nodes',
  async (t) => {
    const { run, coracle, directory } = createHome(t);
    const environment = { PATH: join(directory, 'nothing') };
    if (process.geteuid?.() === 0) {
      const by = ['setpriv', '--reuid=65534', '--clear-groups', '--bounding-set=-all'];
      const home = { CORACLE_HOME: '/nonexistent/coracle' };
      const ended = await run({ by, environment: home }, 'up');
      refused(t, ended, 'machine', /need root: .* sudo, .*--runtime simulated/);
      const doctor = await run({ by, environment: home }, 'doctor', '-o', 'json');
      t.equal(doctor.code, exitCodes.machine);
      const [root] = JSON.parse(doctor.stdout) as { check: string; ok: boolean; fix: string }[];
      t.match(root, { check: 'root', ok: false, fix: /sudo/ });
    } else {
      refused(t, await coracle('up'), 'machine', /need root/);
    }
    const doctor = JSON.parse((await run({ environment }, 'doctor', '-o', 'json')).stdout);
    t.ok(doctor.every((each: { ok: boolean; fix?: string }) => each.ok || each.fix !== undefined));
  },
);
