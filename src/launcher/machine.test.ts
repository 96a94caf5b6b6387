// Tests what is run to bring missing packages.
import t from 'tap';
import { installCommands } from './machine.ts';

t.test('the service that comes with containerd is turned off', async (t) => {
  const last = installCommands(['containerd', 'nftables'], true).at(-1);
  t.strictSame(last, ['systemctl', 'disable', '--now', 'containerd.service']);
});

t.test('nothing is turned off that was there, or where systemd does not run', async (t) => {
  for (const lines of [
    installCommands(['nftables'], true),
    installCommands(['containerd'], false),
  ]) {
    t.strictSame(
      lines.map((line) => line.slice(0, 2)),
      [
        ['apt-get', 'update'],
        ['apt-get', 'install'],
      ],
    );
  }
});
