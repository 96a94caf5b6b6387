import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { type PauseArchitecture, pauseElf } from './pause-elf.ts';

const directory = mkdtempSync(join(tmpdir(), 'coracle-pause-'));
const pause = join(directory, 'pause');
const architecture: PauseArchitecture = process.arch === 'x64' ? 'amd64' : 'arm64';
writeFileSync(pause, pauseElf(architecture), { mode: 0o755 });
t.teardown(() => rmSync(directory, { recursive: true }));

const stateOf = (pid: number) => /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];

/** Looks again at every turn of the loop; the test's own timeout ends it. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((each) => {
      try {
        return / \w (\d+)/.exec(readFileSync(`/proc/${each}/stat`, 'utf8'))?.[1] === String(pid);
      } catch {
        return false;
      }
    });
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  t.test(`it waits and ends on ${signal}`, async (t) => {
    const child = spawn(pause, { stdio: 'ignore' });
    const ended = once(child, 'exit');
    await once(child, 'spawn');
    await until(() => stateOf(child.pid ?? 0) === 'S');
    for (const other of ['SIGHUP', 'SIGUSR1', 'SIGCHLD', 'SIGPIPE'] as const) child.kill(other);
    child.kill(signal);
    t.same(await ended, [0, null]);
  });
}

t.test('as PID 1 it reaps orphans', { skip: process.geteuid?.() !== 0 }, async (t) => {
  const unshare = spawn('unshare', ['--pid', '--fork', '--kill-child', pause], { stdio: 'ignore' });
  const ended = once(unshare, 'exit');
  t.teardown(() => unshare.kill('SIGKILL'));
  const parent = unshare.pid ?? 0;
  await until(() => childrenOf(parent).length === 1);
  const [init = 0] = childrenOf(parent);
  // The inner shell's child outlives it and becomes the init's.
  const orphaning = spawn(
    'nsenter',
    [...['--target', String(init), '--pid', 'sh', '-c'], 'cat <&3 & exit'],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] },
  );
  await until(() => childrenOf(init).length === 1);
  const [orphan = 0] = childrenOf(init);
  t.not(orphan, 0);
  orphaning.stdio[3]?.destroy();
  await until(() => childrenOf(init).length === 0);
  process.kill(init, 'SIGTERM');
  t.same(await ended, [0, null]);
});

t.test('both architectures are whole ELF files', async (t) => {
  for (const [name, machine] of [
    ['amd64', 62],
    ['arm64', 183],
  ] as const) {
    const file = Buffer.from(pauseElf(name));
    t.equal(file.subarray(0, 4).toString('latin1'), '\x7fELF');
    t.equal(file.readUInt16LE(18), machine);
    t.equal(file.readBigUInt64LE(64 + 32), BigInt(file.length), 'the segment is the file');
    t.equal(file.subarray(-8).toString('hex'), 'f'.repeat(16));
  }
});
