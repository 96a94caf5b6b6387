// Pieces of work under the machine's lock follow one another, across processes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { withMachineLock } from './machine-lock.ts';

const lockModule = new URL('./machine-lock.ts', import.meta.url).href;

t.test('one at a time, also after a failure', async (t) => {
  const order: string[] = [];
  const work = (name: string) => async () => {
    order.push(`${name} begins`);
    await new Promise((resolve) => setImmediate(resolve));
    order.push(`${name} ends`);
    if (name === 'a') throw new Error('no');
  };
  const [a, b] = await Promise.allSettled([
    withMachineLock(60_000, work('a')),
    withMachineLock(60_000, work('b')),
  ]);
  t.equal(a.status, 'rejected');
  t.equal(b.status, 'fulfilled');
  t.match(order, [/(.) begins/, /. ends/, /. begins/, /. ends/]);
  t.equal(order[0]?.[0], order[1]?.[0]);
});

t.test('a process that is killed leaves it free', async (t) => {
  const code = `import { withMachineLock } from ${JSON.stringify(lockModule)};
    await withMachineLock(60000, () => { console.log('has it'); return new Promise((r) => setTimeout(r, 1e6)); });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code]);
  await once(child.stdout, 'data');
  await t.rejects(
    withMachineLock(50, async () => 'no'),
    /another `coracle up`/,
  );
  child.kill('SIGKILL');
  t.equal(await withMachineLock(60_000, async () => 'yes'), 'yes');
});
