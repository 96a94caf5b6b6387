// What a node takes from its machine.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { resolverConfiguration, shellQuote } from './node.ts';

t.test("the nameservers that a node can reach, not the machine's own loopback", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'coracle-node-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const file = (name: string, text: string) => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  };
  const stub = file('stub', '# made by systemd-resolved\nnameserver 127.0.0.53\noptions edns0\n');
  const upstream = file('upstream', 'nameserver 192.0.2.1\nsearch example.org\n');
  const both = file('both', 'nameserver 127.0.0.1\nnameserver 192.0.2.2\n');
  const none = join(directory, 'none');
  const read = (...files: string[]) => resolverConfiguration(files).split('\n')[0];
  t.equal(read(upstream, stub), 'nameserver 192.0.2.1');
  t.equal(read(stub, upstream), 'nameserver 192.0.2.1');
  t.equal(read(both, upstream), 'nameserver 127.0.0.1');
  t.equal(read(stub, none), '# made by systemd-resolved', 'nothing better is there');
  t.equal(read(none, none), '');
});

t.test('words for sh', async (t) => {
  t.equal(shellQuote('/a/b-c.d'), '/a/b-c.d');
  t.equal(shellQuote("it's here"), "'it'\\''s here'");
  t.equal(shellQuote(''), "''");
});
