// Guardians respawn what dies, hold back what dies young, and take over from those that are killed.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type Guarded, guard, guardedPid, guardianPid, unguard } from './guardian.ts';

const timeoutMs = 10_000;

function place(t: Test): Guarded {
  const directory = mkdtempSync(join(tmpdir(), 'coracle guardian '));
  const guarded = { pidFile: join(directory, 'run', 'it.pid'), logFile: join(directory, 'it.log') };
  t.teardown(async () => {
    await unguard(guarded, { timeoutMs });
    rmSync(directory, { recursive: true });
  });
  return guarded;
}

async function until<T>(look: () => T | undefined | false): Promise<T> {
  const deadlineMs = Date.now() + timeoutMs;
  for (;;) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadlineMs) throw new Error(`waited too long: ${look}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Not gone, nor dead and only waiting to be reaped. */
function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

const lines = ({ logFile }: Guarded) => readFileSync(logFile, 'utf8').trim().split('\n');

t.test('respawns what was killed', async (t) => {
  const guarded = place(t);
  guard(guarded, ['sleep', '1000']);
  const first = await until(() => guardedPid(guarded));
  const guardian = guardianPid(guarded);
  guard(guarded, ['sleep', '1000']);
  t.equal(guardianPid(guarded), guardian, 'one guardian is enough');
  process.kill(first, 'SIGKILL');
  const second = await until(() => {
    const pid = guardedPid(guarded);
    return pid !== first && pid;
  });
  t.match(lines(guarded).join('\n'), /respawning in 0\.2s/, 'within a second');
  await unguard(guarded, { timeoutMs });
  t.notOk(isAlive(second));
  t.equal(guardianPid(guarded), undefined);
});

t.test('holds back what dies young, and ends at once even then', async (t) => {
  const guarded = place(t);
  guard(guarded, ['sh', '-c', 'exit 3']);
  await until(() => lines(guarded).length >= 5);
  const delays = lines(guarded).map((line) => /respawning in ([\d.]+)s/.exec(line)?.[1]);
  t.strictSame(delays.slice(0, 5), ['0.2', '0.5', '1', '2', '5']);
  t.match(lines(guarded)[0], /exit status 3, .*: sh/);
  const askedMs = Date.now();
  await unguard(guarded, { timeoutMs });
  t.ok(Date.now() - askedMs < 4500, 'not only when the delay is over');
});

t.test('goes on watching what a killed guardian left', async (t) => {
  const guarded = place(t);
  guard(guarded, ['sleep', '1000']);
  const child = await until(() => guardedPid(guarded));
  process.kill(guardianPid(guarded) ?? 0, 'SIGKILL');
  await until(() => guardianPid(guarded) === undefined);
  t.equal(guardedPid(guarded), child, 'the command lives on');
  guard(guarded, ['sleep', '1000']);
  await until(() => lines(guarded).some((line) => line.includes(`watching process ${child}`)));
  t.equal(guardedPid(guarded), child, 'and is not started twice');
  process.kill(child, 'SIGKILL');
  await until(() => ![undefined, child].includes(guardedPid(guarded)));
});

t.test('ends what has no guardian any more', async (t) => {
  const guarded = place(t);
  guard(guarded, ['sleep', '1000']);
  const child = await until(() => guardedPid(guarded));
  process.kill(guardianPid(guarded) ?? 0, 'SIGKILL');
  await until(() => guardianPid(guarded) === undefined);
  await unguard(guarded, { timeoutMs });
  t.notOk(isAlive(child));
});

t.test('takes no stranger for its own', async (t) => {
  const guarded = place(t);
  guard(guarded, ['sleep', '1000']);
  await until(() => guardedPid(guarded));
  await unguard(guarded, { timeoutMs });
  writeFileSync(guarded.pidFile, `${process.pid} 1\n`);
  writeFileSync(`${guarded.pidFile}.guardian`, `${process.pid} 1\n`);
  t.equal(guardedPid(guarded), undefined, 'the id is ours, the start is not');
  t.equal(guardianPid(guarded), undefined);
});

t.test('inherits neither folder nor terminal', async (t) => {
  const guarded = place(t);
  guard(guarded, ['sh', '-c', 'pwd; readlink /proc/self/fd/0; umask; exec sleep 1000'], {
    environment: { HELLO: 'x' },
  });
  await until(() => lines(guarded).length >= 3);
  t.strictSame(lines(guarded), ['/', '/dev/null', '0022']);
});

t.test('what is guarded outlives the login that started it', async (t) => {
  const guarded = place(t);
  const { XDG_RUNTIME_DIR: before } = process.env;
  process.env.XDG_RUNTIME_DIR = '/run/user/0';
  t.teardown(() => {
    if (before === undefined) delete process.env.XDG_RUNTIME_DIR;
    else process.env.XDG_RUNTIME_DIR = before;
  });
  guard(guarded, ['sleep', '1000'], { environment: { OWN: 'here' } });
  const pid = await until(() => guardedPid(guarded));
  const environment = await until(() => {
    const text = readFileSync(`/proc/${pid}/environ`, 'utf8');
    return text.includes('OWN=here') && text.split('\0');
  });
  t.notOk(environment.some((each) => each.startsWith('XDG_RUNTIME_DIR=')));
  t.ok(environment.some((each) => each.startsWith('PATH=')));
});
