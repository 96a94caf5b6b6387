// The shell behind mounts: order, failures, odd words, and a shell that is killed.
import t from 'tap';
import { CommandShell } from './command-shell.ts';

t.test('commands succeed and fail in order, with what they said', async (t) => {
  const shell = new CommandShell();
  const done: string[] = [];
  const all = [
    shell.run(['sleep', '0']).then(() => done.push('first')),
    shell.run(['sh', '-c', 'echo no such thing >&2; exit 3']).catch((error: Error) => {
      done.push(error.message);
    }),
    shell.run(['test', "it's $HOME\n;exit", '=', "it's $HOME\n;exit"]).then(() => done.push('odd')),
    shell.run(['false']).catch((error: Error) => done.push(error.message)),
  ];
  await Promise.all(all);
  t.strictSame(done, [
    'first',
    'sh -c echo no such thing >&2; exit 3: no such thing',
    'odd',
    'false: exit status 1',
  ]);
  shell.close();
});

t.test('a killed shell fails its command, and the next one gets a new shell', async (t) => {
  const shell = new CommandShell();
  await t.rejects(shell.run(['sh', '-c', 'kill -9 $PPID']), /the shell ended: SIGKILL/);
  await shell.run(['true']);
  shell.close();
  await shell.run(['true']);
});
