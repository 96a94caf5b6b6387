// A node's whole network against the real API, in a network namespace of its own.
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decode, encode } from 'dns-packet';
import t from 'tap';
import { adminToken, testApi } from '../../api/api.fixture.ts';
import { withToken } from '../../client/credentials.ts';
import { createDirectTransport } from '../../client/direct.ts';
import { endpointSlices, namespaces, nodes, services } from '../../client/resource-ref.ts';
import { createClient } from '../../client/rest-client.ts';
import { systemClock } from '../../clock.ts';
import { silentLogger } from '../../logger.ts';
import { seededRandom } from '../../random.ts';
import { type RunCommand, runCommand } from './command.ts';
import { startNodeNetwork } from './node-network.ts';

const insideVariable = 'CORACLE_TEST_INSIDE_NAMESPACE';
const address = '10.77.0.2';

/** Tells who waits for it about every command that was run. */
function observed(): { run: RunCommand; until(sign: string): Promise<string> } {
  const waiting = new Set<{ sign: string; resolve: (input: string) => void }>();
  return {
    async run(program, args, input = '') {
      const output = await runCommand(program, args, input);
      for (const each of waiting) {
        if (!`${program} ${args.join(' ')}\n${input}`.includes(each.sign)) continue;
        waiting.delete(each);
        each.resolve(input);
      }
      return output;
    },
    until: (sign) => new Promise((resolve) => waiting.add({ sign, resolve })),
  };
}

async function addNode(client: ReturnType<typeof createClient>, name: string, index: number) {
  const spec = { podCIDR: `10.78.${index}.0/24`, podCIDRs: [`10.78.${index}.0/24`] };
  const node = await client.create(nodes, { metadata: { name }, spec });
  const status = { addresses: [{ type: 'InternalIP', address: `10.77.0.${index + 2}` }] };
  await client.update(nodes, { ...node, status }, { subresource: 'status' });
}

async function resolveName(name: string): Promise<readonly unknown[]> {
  const socket = createSocket('udp4');
  socket.send(encode({ type: 'query', id: 1, questions: [{ name, type: 'A' }] }), 10053, address);
  const [answer] = (await once(socket, 'message')) as [Buffer];
  socket.close();
  return decode(answer).answers?.map((each) => ('data' in each ? each.data : '')) ?? [];
}

async function suite(): Promise<void> {
  await runCommand('ip', ['link', 'set', 'lo', 'up']);
  await runCommand('ip', ['link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'bridge0']);
  await runCommand('ip', ['link', 'set', 'bridge0', 'up']);
  await runCommand('ip', ['addr', 'add', `${address}/24`, 'dev', 'eth0']);
  await runCommand('ip', ['link', 'set', 'eth0', 'up']);
  const directory = await mkdtemp(join(tmpdir(), 'coracle-network-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const resolvConf = join(directory, 'resolv.conf');
  await writeFile(resolvConf, '');

  const { api } = await testApi();
  t.teardown(() => api.close());
  const transport = withToken(createDirectTransport(api.handler), adminToken, { own: true });
  const client = createClient(transport, { userAgent: 'test' });
  // The server makes it too: whoever comes first.
  await client.create(namespaces, { metadata: { name: 'default' } }).catch(() => undefined);
  await addNode(client, 'a', 0);
  const { run, until } = observed();
  const network = startNodeNetwork({
    client,
    clock: systemClock,
    random: seededRandom(1),
    logger: silentLogger,
    nodeName: 'a',
    addresses: [address],
    clusterRanges: ['10.78.0.0/16'],
    serviceRanges: ['10.96.0.0/16'],
    cni: { configDirectory: directory },
    resolvConf,
    run,
  });
  t.teardown(() => network.stop());
  await network.ready();
  t.match(await runCommand('nft', ['list', 'tables']), /table ip coracle-services/);

  await t.test('routes follow the nodes', async (t) => {
    const added = until('route replace 10.78.1.0/24 via 10.77.0.3');
    await addNode(client, 'b', 1);
    await added;
    t.match(await runCommand('ip', ['route']), /10\.78\.1\.0\/24 via 10\.77\.0\.3 dev eth0/);
    const removed = until('route del 10.78.1.0/24');
    await client.delete(nodes, '', 'b');
    await removed;
    t.notMatch(await runCommand('ip', ['route']), /10\.78\.1\.0/);
    const list = JSON.parse(await readFile(join(directory, '10-coracle.conflist'), 'utf8'));
    t.equal(list.plugins[0].ipam.ranges[0][0].subnet, '10.78.0.0/24');
  });

  await t.test('rules and names follow Services and their endpoints', async (t) => {
    const known = until('no-endpoint-services');
    const made = await client.create(services, {
      metadata: { name: 'web', namespace: 'default' },
      spec: { ports: [{ port: 80, protocol: 'TCP' }] },
    });
    await known;
    t.same(await resolveName('web.default.svc.cluster.local'), [made.spec?.clusterIP]);
    const applied = until('dnat to 10.78.0.5:8080');
    await client.create(endpointSlices, {
      metadata: {
        name: 'web-1',
        namespace: 'default',
        labels: { 'kubernetes.io/service-name': 'web' },
      },
      addressType: 'IPv4',
      ports: [{ name: '', port: 8080, protocol: 'TCP' }],
      endpoints: [{ addresses: ['10.78.0.5'], conditions: { ready: true } }],
    });
    const batch = await applied;
    t.ok(batch.split('\n').length < 12, 'a few lines');
    t.notMatch(batch, /delete table/, 'a change is not a new table');
  });
}

if (process.env[insideVariable] === undefined) {
  // The suite changes routes, kernel settings and tables: none of this machine's.
  const args = ['--net', process.execPath, ...process.execArgv, fileURLToPath(import.meta.url)];
  const env = { ...process.env, [insideVariable]: '1' };
  const child = spawn('unshare', args, { stdio: ['ignore', 'pipe', 'inherit'], env });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const [code] = (await once(child, 'close')) as [number];
  t.equal(code, 0, 'the suite passes inside its namespace', { diagnostic: false });
  for (const line of output.split('\n')) t.comment(line);
} else {
  await suite();
}
