// Tests what is run to bring missing packages, and what is said of a port.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import t from 'tap';
import { checkPort, installCommands } from './machine.ts';

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

t.test(
  "a port that is in use needs another one, but for that of a cluster of one's own",
  async (t) => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const taken = await checkPort(port, () => undefined);
    t.match(taken, { ok: false, detail: 'in use', fix: `coracle up --port ${port + 1}` });
    const own = await checkPort(port, (of) => (of === port ? 'default' : undefined));
    t.match(own, { ok: true, detail: 'in use by cluster "default"' });
    t.notOk('fix' in own);
    server.close();
    await once(server, 'close');
    t.match(await checkPort(port, () => undefined), { ok: true, detail: 'free' });
  },
);
