// Logs as kubectl asks for them: tails, limits, times, cut lines, followers over a rotation.
import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import t, { type Test } from 'tap';
import { systemClock, VirtualClock } from '../../clock.ts';
import type { Pod } from '../../objects.ts';
import { loggedContainer, logOptions } from './container-logs.ts';
import { parseLogLine } from './log-lines.ts';
import { readLog } from './log-reader.ts';
import { RefusalError } from './targets.ts';

async function logFile(t: Test, content: string): Promise<string> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'coracle-log-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const file = path.join(directory, '0.log');
  await writeFile(file, content);
  return file;
}

async function shown(file: string, query: string): Promise<string> {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1, 0, 1));
  const source = {
    file,
    clock,
    isRunning: async () => false,
    signal: new AbortController().signal,
  };
  const options = logOptions(new URLSearchParams(query), clock);
  let all = '';
  for await (const piece of readLog(source, options)) all += piece.toString();
  return all;
}

const content = [
  '2026-01-01T00:00:00.1Z stdout F one',
  '2026-01-01T00:00:10Z stderr F two',
  '2026-01-01T00:00:20.123456789Z stdout P thr',
  '2026-01-01T00:00:20.2Z stdout F ee',
  'this line is broken',
  '2026-01-01T00:00:50Z stdout F ',
  '',
].join('\n');

t.test('what is asked for is shown', async (t) => {
  const file = await logFile(t, content);
  t.equal(await shown(file, ''), 'one\ntwo\nthree\n\n');
  t.equal(await shown(file, 'tailLines=1'), '\n');
  t.equal(await shown(file, 'tailLines=3'), 'ee\n\n');
  t.equal(await shown(file, 'tailLines=0'), '');
  t.equal(await shown(file, 'tailLines=100'), 'one\ntwo\nthree\n\n');
  t.equal(await shown(file, 'stream=Stderr'), 'two\n');
  t.equal(await shown(file, 'limitBytes=5'), 'one\nt');
  t.equal(await shown(file, 'sinceSeconds=41'), 'three\n\n');
  t.equal(await shown(file, 'sinceTime=2026-01-01T00:00:30Z'), '\n');
  t.equal(
    await shown(file, 'timestamps=true'),
    '2026-01-01T00:00:00.100000000Z one\n2026-01-01T00:00:10.000000000Z two\n' +
      '2026-01-01T00:00:20.123456789Z three\n2026-01-01T00:00:50.000000000Z \n',
  );
  await t.rejects(shown(path.join(path.dirname(file), 'none'), ''), /failed to try resolving/);
});

t.test('long logs: tails over many reads, lines over many chunks', async (t) => {
  const lines = Array.from(
    { length: 5000 },
    (_, i) => `2026-01-01T00:00:00Z stdout F ${i} ${'x'.repeat(i % 200)}\n`,
  );
  const file = await logFile(t, lines.join(''));
  const all = await shown(file, '');
  t.equal(all.split('\n').length, 5001);
  const tail = await shown(file, 'tailLines=3000');
  t.equal(tail.split('\n').length, 3001);
  t.match(tail, /^2000 /);
  t.ok(all.endsWith(tail));
});

t.test('a follower goes on over a rotation and ends with the container', async (t) => {
  const file = await logFile(t, '2026-01-01T00:00:00Z stdout F a\n');
  let isRunning = true;
  const source = {
    file,
    clock: systemClock,
    isRunning: async () => isRunning,
    signal: new AbortController().signal,
  };
  const options = { follow: true, timestamps: false, stream: 'All' } as const;
  const seen: string[] = [];
  for await (const piece of readLog(source, options)) {
    seen.push(piece.toString());
    if (seen.length === 1) {
      await appendFile(file, '2026-01-01T00:00:01Z stdout F b\n2026-01-01T00:00:01Z std');
    } else if (seen.length === 2) {
      await appendFile(file, 'out F c\n');
      await rename(file, `${file}.20260101-000000`);
      await writeFile(file, '2026-01-01T00:00:02Z stdout F d\n');
    } else if (seen.length === 4) {
      isRunning = false;
      await appendFile(file, '2026-01-01T00:00:03Z stdout F the end\n');
    }
  }
  t.strictSame(seen, ['a\n', 'b\n', 'c\n', 'd\n', 'the end\n']);
});

t.test('a follower who leaves is let go', async (t) => {
  const file = await logFile(t, '');
  const gone = new AbortController();
  const source = { file, clock: systemClock, isRunning: async () => true, signal: gone.signal };
  const options = { follow: true, timestamps: false, stream: 'All' } as const;
  const first = readLog(source, options).next();
  setImmediate(() => gone.abort());
  t.equal((await first).done, true);
});

const undecodable = '{"message": "Unable to decode query."}';
const invalid = '{"message": "Invalid request."}';

t.test('lines and options that make no sense', async (t) => {
  for (const line of ['', 'x', 'x stdout F a', '2026-01-01T00:00:00Z stdin F a', '2026 stdout']) {
    t.equal(parseLogLine(Buffer.from(line)), undefined, line);
  }
  const clock = new VirtualClock();
  for (const [query, status] of [
    ['tailLines=-1', 422],
    ['limitBytes=0', 422],
    ['sinceSeconds=0', 422],
    ['sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z', 422],
    ['stream=Stdout&tailLines=1', 422],
    ['tailLines=x', 400],
    ['sinceTime=yesterday', 400],
  ] as const) {
    const refusal = new RefusalError(status, status === 400 ? undecodable : invalid);
    t.throws(() => logOptions(new URLSearchParams(query), clock), refusal, query);
  }
});

t.test('which container is meant, in the words of upstream', async (t) => {
  const pod = (state: object, lastState = {}) =>
    ({
      metadata: { name: 'p' },
      status: {
        containerStatuses: [{ name: 'c', containerID: 'containerd://now', state, lastState }],
      },
    }) as unknown as Pod;
  const last = { terminated: { containerID: 'containerd://last' } };
  t.equal(loggedContainer(pod({ running: {} }), 'c', false), 'now');
  t.equal(
    loggedContainer(pod({ waiting: { reason: 'CrashLoopBackOff' } }, last), 'c', false),
    'last',
  );
  t.equal(loggedContainer(pod({ running: {} }, last), 'c', true), 'last');
  const why = (reason: string) => () => loggedContainer(pod({ waiting: { reason } }), 'c', false);
  const waits = 'container "c" in pod "p" is waiting to start: ';
  t.throws(why('ContainerCreating'), { message: `${waits}ContainerCreating` });
  t.throws(why('ErrImagePull'), { message: `${waits}image can't be pulled` });
  t.throws(why('ImagePullBackOff'), { message: `${waits}trying and failing to pull image` });
  t.throws(() => loggedContainer(pod({}), 'x', false), {
    message: 'container "x" in pod "p" is not available',
  });
});
