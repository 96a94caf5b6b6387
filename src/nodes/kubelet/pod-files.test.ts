// The last words of a container: its file, or its log, which may come a moment after its end.
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Clock } from '../../clock.ts';
import { VirtualClock } from '../../clock.ts';
import type { ContainerDetails } from '../runtime.ts';
import { messagePolicyAnnotation } from './labels.ts';
import { standardPaths, terminationMessage } from './pod-files.ts';

const root = await mkdtemp(join(tmpdir(), 'coracle-pod-files-'));
t.teardown(() => rm(root, { recursive: true }));
const paths = { ...standardPaths, root };

function ended(log: string, exitCode: number): ContainerDetails {
  return {
    id: log,
    sandboxId: 's',
    name: 'c',
    attempt: 0,
    state: 'exited',
    createdAtMs: 0,
    labels: {},
    annotations: { [messagePolicyAnnotation]: 'FallbackToLogsOnError' },
    startedAtMs: 0,
    finishedAtMs: 0,
    exitCode,
    reason: exitCode === 0 ? 'Completed' : 'Error',
    message: '',
    imageName: 'i',
    imageId: 'i',
    logPath: join(root, log),
  };
}

/** Does `work` when somebody waits for the n-th time, and lets them go on. */
function whenWaiting(nth: number, work: () => void): Clock & { waits(): number } {
  let waits = 0;
  return {
    nowMs: () => 0,
    setTimeout(callback) {
      waits++;
      if (waits === nth) work();
      queueMicrotask(callback);
      return { cancel: () => undefined };
    },
    waits: () => waits,
  };
}

t.test('a log that is written just after the end is waited for', async (t) => {
  const clock = whenWaiting(2, () =>
    writeFileSync(join(root, 'late.log'), '2026-01-01T00:00:00Z stdout F DONE\n'),
  );
  t.equal(await terminationMessage(paths, 'uid', ended('late.log', 1), clock), 'DONE\n');
  t.equal(clock.waits(), 2);
});

t.test('a container without a log ends without a message, and soon', async (t) => {
  const clock = whenWaiting(0, () => undefined);
  t.equal(await terminationMessage(paths, 'uid', ended('never.log', 1), clock), '');
  t.ok(clock.waits() < 10);
});

t.test('a container that ended well does not speak through its log', async (t) => {
  await writeFile(join(root, 'well.log'), '2026-01-01T00:00:00Z stdout F DONE\n');
  const clock = new VirtualClock();
  t.equal(await terminationMessage(paths, 'uid', ended('well.log', 0), clock), '');
});
