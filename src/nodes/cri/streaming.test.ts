// Streams through a real containerd: stdin's end, exit codes, terminals, megabytes, ports.
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import {
  enterNamespaces,
  missing,
  runTestPod,
  startTestContainerd,
} from '../streaming/test-containerd.ts';

const nothing = Readable.from([]);
const why = missing();
if (why !== undefined) t.comment(`skipped: ${why}`);
else if (!enterNamespaces(fileURLToPath(import.meta.url))) {
  const { runtime, directory, cgroupParent, stop } = await startTestContainerd();
  t.teardown(stop);
  const { containerId, sandboxId } = await runTestPod(runtime, {
    uid: 'streams',
    logDirectory: `${directory}/logs/streams`,
    cgroupParent,
    command: ['sh', '-c', 'while true; do echo from 8080 | nc -l -p 8080; done'],
  });
  const all = { stdin: true, stdout: true, stderr: true, tty: false };

  t.test('stdin ends alone, so cat ends', async (t) => {
    const session = await runtime.exec(containerId, ['cat'], all);
    session.stdin?.end('hi\n');
    t.equal(await text(session.stdout ?? nothing), 'hi\n');
    t.equal(await session.wait(), 0);
  });

  t.test('exit codes and both outputs come back', async (t) => {
    const command = ['sh', '-c', 'echo out; echo err >&2; exit 3'];
    const session = await runtime.exec(containerId, command, { ...all, stdin: false });
    const [out, err, code] = await Promise.all([
      text(session.stdout ?? nothing),
      text(session.stderr ?? nothing),
      session.wait(),
    ]);
    t.strictSame([out, err, code], ['out\n', 'err\n', 3]);
    const absent = await runtime.exec(containerId, ['no-such-program'], all);
    await t.rejects(absent.wait(), /no-such-program/);
    await t.rejects(runtime.exec('0123', ['true'], all));
  });

  t.test('a terminal has a size that changes', async (t) => {
    const options = { stdin: true, stdout: true, stderr: false, tty: true };
    const until = (size: string) =>
      `until [ "$(stty size 2>&1)" = "${size}" ]; do sleep 0.02; done; echo is ${size};`;
    const command = ['sh', '-c', until('40 120') + until('25 81')];
    const session = await runtime.exec(containerId, command, options);
    session.resize({ width: 120, height: 40 });
    let seen = '';
    for await (const chunk of session.stdout ?? nothing) {
      seen += String(chunk);
      if (seen === 'is 40 120\r\n') session.resize({ width: 81, height: 25 });
    }
    t.equal(seen, 'is 40 120\r\nis 25 81\r\n');
    t.equal(await session.wait(), 0);
  });

  t.test('50 MB survive each way', async (t) => {
    const bytes = 50 * 1024 * 1024;
    const up = await runtime.exec(containerId, ['sha256sum'], all);
    const data = Buffer.alloc(bytes, 'coracle ');
    up.stdin?.end(data);
    const sum = createHash('sha256').update(data).digest('hex');
    t.match(await text(up.stdout ?? nothing), sum);
    t.equal(await up.wait(), 0);
    const command = ['sh', '-c', `head -c ${bytes} /dev/zero`];
    const down = await runtime.exec(containerId, command, { ...all, stdin: false });
    t.equal((await buffer(down.stdout ?? nothing)).length, bytes);
    t.equal(await down.wait(), 0);
  });

  t.test('a port answers; a closed one says why', async (t) => {
    const connection = await runtime.portForward(sandboxId, 8080);
    t.equal(await text(connection), 'from 8080\n');
    connection.end();
    const refused = await runtime.portForward(sandboxId, 9);
    await t.rejects(text(refused), /refused/);
  });

  t.test('attach sees what is said from then on', async (t) => {
    const talker = await runTestPod(runtime, {
      uid: 'attached',
      logDirectory: `${directory}/logs/attached`,
      cgroupParent,
      command: ['sh', '-c', 'while read -r line; do echo got "$line"; done'],
      stdin: true,
    });
    const session = await runtime.attach(talker.containerId, all);
    // containerd joins a client to stdin before it joins it to stdout: an answer given between the
    // two goes to the log alone, so the word is said until an answer comes.
    const speaking = setInterval(() => session.stdin?.write('a word\n'), 100);
    t.teardown(() => clearInterval(speaking));
    for await (const chunk of session.stdout ?? nothing) {
      t.match(String(chunk), /^got a word\n/);
      break;
    }
    session.close();
  });
}
