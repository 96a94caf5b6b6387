// exec, attach, logs, port-forward and cp: exit codes, closed input, large data both ways.
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from '../wait.ts';
import { openWorkbench, type Suite, shell, stay } from '../workbench.ts';

const largeBytes = 50 * 1024 * 1024;
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

export const streams: Suite = {
  name: 'streams',
  async run(t, cluster) {
    const bench = await openWorkbench(t, cluster);
    const { kubectl } = bench;
    await bench.createPod('p', {
      containers: [
        shell(`mkdir /w; echo hello > /w/index.html; httpd -p 8080 -h /w; echo ready; ${stay}`),
        shell('echo first; while read line; do echo "got $line"; done; sleep 3600', {
          name: 'reader',
          stdin: true,
        }),
      ],
    });
    await bench.waitReady('p');

    t.test('exec with closed input ends', async (t) => {
      const options = { input: 'hi\n', timeoutMs: 20_000 };
      t.equal(await kubectl.ok(['exec', '-i', 'p', '-c', 'main', '--', 'cat'], options), 'hi\n');
    });
    t.test('exec gives exit codes, and keeps the two outputs apart', async (t) => {
      const script = 'echo out; echo err >&2; exit 42';
      const result = await kubectl.run(['exec', 'p', '-c', 'main', '--', 'sh', '-c', script]);
      t.equal(result.code, 42);
      t.equal(result.stdout, 'out\n');
      t.match(result.stderr, /^err\n/);
      const missing = await kubectl.run(['exec', 'p', '-c', 'main', '--', '/no/such/program']);
      t.not(missing.code, 0);
      t.match(missing.stderr, /no such file or directory/);
      const nowhere = await kubectl.run(['exec', 'nobody', '--', 'true']);
      t.match(nowhere.stderr, /pods "nobody" not found/);
    });
    t.test('50 MB survive cp both ways', async (t) => {
      const bytes = randomBytes(largeBytes);
      const [from, to] = [join(cluster.scratch, 'large'), join(cluster.scratch, 'back')];
      writeFileSync(from, bytes);
      await kubectl.ok(['cp', from, 'p:/tmp/large', '-c', 'main']);
      const sum = await kubectl.ok(['exec', 'p', '-c', 'main', '--', 'sha256sum', '/tmp/large']);
      t.equal(sum.split(' ')[0], sha256(bytes));
      await kubectl.ok(['cp', 'p:/tmp/large', to, '-c', 'main']);
      t.equal(sha256(readFileSync(to)), sha256(bytes));
    });
    t.test('cp does not follow a path out of its folder', async (t) => {
      const script = 'mkdir -p /evil/d; cd /evil/d; ln -s /etc link; echo x > good';
      await kubectl.ok(['exec', 'p', '-c', 'main', '--', 'sh', '-c', script]);
      const to = join(cluster.scratch, 'evil');
      const { stderr } = await kubectl.run(['cp', 'p:/evil/d', to, '-c', 'main']);
      t.equal(readFileSync(join(to, 'good'), 'utf8'), 'x\n');
      t.match(stderr, /skipping symlink/);
    });
    t.test('attach reaches the running process', async (t) => {
      const child = kubectl.start(['attach', '-i', 'p', '-c', 'reader']);
      let printed = '';
      child.stdout?.on('data', (chunk: Buffer) => {
        printed += chunk.toString();
      });
      try {
        await waitFor('an answer', () => {
          child.stdin?.write('line\n');
          return printed.includes('got line');
        });
        t.pass('it answers');
      } finally {
        child.kill();
      }
    });
    t.test('[sig-cli] Kubectl logs logs should be able to retrieve and filter logs', async (t) => {
      await bench.createPod('numbers', {
        restartPolicy: 'Never',
        containers: [shell('for i in $(seq 20); do echo line $i; done')],
      });
      await bench.waitForPod('numbers', 'done', (pod) => pod.status?.phase === 'Succeeded');
      const logs = (...args: string[]) => kubectl.ok(['logs', 'numbers', ...args]);
      t.equal((await logs()).split('\n').length, 21);
      t.equal(await logs('--tail=1'), 'line 20\n');
      t.equal(await logs('--limit-bytes=6'), 'line 1');
      t.match(await logs('--tail=1', '--timestamps'), /^\d{4}-\d\d-\d\dT[\d:.]+Z line 20\n$/);
      t.equal((await logs('--since=1h')).split('\n').length, 21);
      const previous = await kubectl.run(['logs', 'numbers', '-p']);
      t.match(previous.stderr, /previous terminated container "main" in pod "numbers" not found/);
    });
    t.test('port-forward carries requests', async (t) => {
      const child = kubectl.start(['port-forward', 'pod/p', ':8080']);
      let printed = '';
      child.stdout?.on('data', (chunk: Buffer) => {
        printed += chunk.toString();
      });
      try {
        const local = await waitFor('a port', () => /127.0.0.1:(\d+)/.exec(printed)?.[1]);
        for (let i = 0; i < 5; i++) {
          const answer = await fetch(`http://127.0.0.1:${local}/index.html`);
          t.equal(await answer.text(), 'hello\n');
        }
      } finally {
        child.kill();
      }
    });
    t.test('the API server proxies to pods', async (t) => {
      const answer = await bench.api.request('GET', bench.core('pods/p:8080/proxy/index.html'));
      t.equal(answer.text, 'hello\n');
    });
  },
};
