// The compiled rules in the kernel: real connections between pods, nodes and the machine.
import t from 'tap';
import { silentLogger } from '../../logger.ts';
import type { EndpointSlice, Node, Pod, Service } from '../../objects.ts';
import { compile, type ProxyInput } from './compile.ts';
import { cleanFlows } from './conntrack.ts';
import { createTable } from './table.ts';
import {
  clusterRange,
  createTwoNodes,
  type NodeName,
  nodeAddresses,
  podRange,
} from './two-nodes.fixture.ts';

const network = await createTwoNodes();
t.teardown(() => network.remove());
const a1 = await network.addPod('a', 'a1');
const a2 = await network.addPod('a', 'a2');
const b1 = await network.addPod('b', 'b1');
const on: Readonly<Record<string, NodeName>> = { [a1]: 'a', [a2]: 'a', [b1]: 'b' };

const nodes = Object.entries(nodeAddresses).map(([name, address]) => ({
  metadata: { name },
  spec: { podCIDRs: [podRange[name as NodeName]] },
  status: { addresses: [{ type: 'InternalIP', address }] },
})) as Node[];
const tables = {
  a: createTable(network.inside('a'), silentLogger),
  b: createTable(network.inside('b'), silentLogger),
};

function inputFor(nodeName: NodeName, part: Partial<ProxyInput>): ProxyInput {
  const place = { nodeName, zone: undefined };
  const clusterRanges = [clusterRange];
  return {
    family: 'IPv4',
    place,
    services: [],
    slices: [],
    nodes,
    pods: [],
    clusterRanges,
    ...part,
  };
}

async function apply(part: Partial<ProxyInput>): Promise<void> {
  await tables.a.apply(compile(inputFor('a', part)).ruleset);
  await tables.b.apply(compile(inputFor('b', part)).ruleset);
}

function service(name: string, clusterIP: string, spec: Service['spec'] = {}): Service {
  const ports = (['TCP', 'UDP'] as const).map((protocol) => ({
    name: protocol.toLowerCase(),
    protocol,
    port: 80,
    ...(spec.type === 'NodePort' ? { nodePort: 30080 } : {}),
  }));
  const metadata = { name, namespace: 'default' };
  return { metadata, spec: { clusterIP, clusterIPs: [clusterIP], ports, ...spec } };
}

function slice(name: string, ...ips: string[]): EndpointSlice {
  return {
    metadata: { name, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: (['TCP', 'UDP'] as const).map((protocol) => ({
      name: protocol.toLowerCase(),
      protocol,
      port: 8080,
    })),
    endpoints: ips.map((ip) => ({
      addresses: [ip],
      conditions: { ready: true },
      nodeName: on[ip] ?? '',
    })),
  };
}

const tcp = (address: string, port = 80, times = 1) =>
  ({ protocol: 'tcp', address, port, times }) as const;
const udp = (address: string, port = 80, times = 1) =>
  ({ protocol: 'udp', address, port, times }) as const;

t.test('a cluster address leads to every endpoint, keeping pods and nodes visible', async (t) => {
  await apply({ services: [service('web', '10.79.0.10')], slices: [slice('web', a1, b1)] });
  const [fromPod = [], overUdp = []] = await network.ask(
    'a2',
    tcp('10.79.0.10', 80, 24),
    udp('10.79.0.10', 80, 24),
  );
  t.same(new Set(fromPod), new Set([`a1 ${a2}`, `b1 ${a2}`]));
  t.same(new Set(overUdp), new Set([`a1 ${a2}`, `b1 ${a2}`]));
  const [fromNode = []] = await network.ask('b', tcp('10.79.0.10', 80, 24));
  t.same(new Set(fromNode), new Set([`a1 ${nodeAddresses.b}`, `b1 ${nodeAddresses.b}`]));
});

t.test('a pod reaches itself through its Service', async (t) => {
  await apply({ services: [service('web', '10.79.0.10')], slices: [slice('web', a1)] });
  const [[hairpin = ''] = []] = await network.ask('a1', tcp('10.79.0.10'));
  t.match(hairpin, /^a1 /);
  t.not(hairpin, `a1 ${a1}`, 'masqueraded, or the reply would go past the translation');
});

t.test('NodePorts answer on every node, from outside, from pods and from localhost', async (t) => {
  await apply({
    services: [service('web', '10.79.0.10', { type: 'NodePort' })],
    slices: [slice('web', b1)],
  });
  const both = [
    tcp(nodeAddresses.a, 30080),
    tcp(nodeAddresses.b, 30080),
    udp(nodeAddresses.a, 30080),
  ];
  for (const from of ['machine', 'a2', 'a', 'b']) {
    const answers = (await network.ask(from, ...both)).flat();
    t.ok(
      answers.every((each) => each.startsWith('b1 ')),
      `from ${from}: ${answers}`,
    );
  }
  const local = (await network.ask('a', tcp('127.0.0.1', 30080), udp('127.0.0.1', 30080))).flat();
  t.ok(
    local.every((each) => each.startsWith('b1 ')),
    `from localhost: ${local}`,
  );
});

t.test('policy Local keeps the client and sends nothing to other nodes', async (t) => {
  await apply({
    services: [service('web', '10.79.0.10', { type: 'NodePort', externalTrafficPolicy: 'Local' })],
    slices: [slice('web', b1)],
  });
  const questions = [tcp(nodeAddresses.b, 30080), tcp(nodeAddresses.a, 30080)];
  const [[there] = [], [elsewhere] = []] = await network.ask('machine', ...questions);
  t.equal(there, 'b1 10.77.0.1');
  t.equal(elsewhere, 'timeout');
  const [[fromPod = ''] = []] = await network.ask('a2', tcp(nodeAddresses.a, 30080));
  t.match(fromPod, /^b1 /, "by its own node's port a pod reaches every endpoint");
  await apply({
    services: [service('web', '10.79.0.10', { type: 'NodePort', externalTrafficPolicy: 'Local' })],
    slices: [slice('web', a1, b1)],
  });
  const tries = Array.from({ length: 8 }, () => tcp(nodeAddresses.b, 30080));
  const others = (await network.ask('a2', ...tries)).flat();
  t.ok(
    others.every((each) => each === `b1 ${a2}`),
    `by another node's port, that node's endpoints alone: ${others}`,
  );
});

t.test('what nobody answers is refused at once', async (t) => {
  await apply({
    services: [service('web', '10.79.0.10', { type: 'NodePort' }), service('api', '10.79.0.11')],
    slices: [slice('api', a1)],
  });
  const questions = [tcp('10.79.0.10'), udp('10.79.0.10'), tcp('10.79.0.11', 81)];
  for (const from of ['a2', 'a']) {
    const answers = (await network.ask(from, ...questions)).flat();
    t.same(answers, ['ECONNREFUSED', 'ECONNREFUSED', 'ECONNREFUSED'], from);
  }
  const nodePort = await network.ask('machine', tcp(nodeAddresses.a, 30080));
  t.same(nodePort.flat(), ['ECONNREFUSED']);
});

t.test('ClientIP affinity keeps a client with one endpoint, over updates of others', async (t) => {
  const services = [service('web', '10.79.0.10', { sessionAffinity: 'ClientIP' })];
  await apply({ services, slices: [slice('web', a1, b1)] });
  const [before = []] = await network.ask('a2', tcp('10.79.0.10', 80, 10));
  t.equal(new Set(before).size, 1);
  const more = [service('other', '10.79.0.11'), ...services];
  await apply({ services: more, slices: [slice('web', a1, b1)] });
  const [after = []] = await network.ask('a2', tcp('10.79.0.10', 80, 10));
  t.same(new Set(after), new Set(before));
});

t.test('addresses of a load balancer answer only its source ranges', async (t) => {
  await network.inside('machine')('ip', ['route', 'add', '192.0.2.1', 'via', nodeAddresses.a]);
  const balanced = (loadBalancerSourceRanges: string[]): Service => ({
    ...service('web', '10.79.0.10', { type: 'LoadBalancer', loadBalancerSourceRanges }),
    status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
  });
  const answers = async (...ranges: string[]) => {
    await apply({ services: [balanced(ranges)], slices: [slice('web', b1)] });
    return (await network.ask('machine', tcp('192.0.2.1'))).flat()[0];
  };
  t.match(await answers('10.0.0.0/8', '10.77.0.0/24'), /^b1 /);
  t.equal(await answers('198.51.100.0/24'), 'timeout');
});

t.test('hostPorts lead to their pod', async (t) => {
  const pod: Pod = {
    metadata: { name: 'a1', namespace: 'default' },
    spec: {
      containers: [
        {
          name: 'c',
          ports: [
            { containerPort: 8080, hostPort: 9000, protocol: 'TCP' },
            { containerPort: 8080, hostPort: 9001, protocol: 'TCP', hostIP: '127.0.0.1' },
          ],
        },
      ],
    },
    status: { phase: 'Running', podIP: a1, podIPs: [{ ip: a1 }] },
  };
  await tables.a.apply(compile(inputFor('a', { pods: [pod] })).ruleset);
  const [[outside] = []] = await network.ask('machine', tcp(nodeAddresses.a, 9000));
  t.equal(outside, 'a1 10.77.0.1', 'the client is seen');
  const local = await network.ask('a', tcp('127.0.0.1', 9000), tcp('127.0.0.1', 9001));
  t.ok(
    local.flat().every((each) => each.startsWith('a1 ')),
    String(local),
  );
  const [[closed] = []] = await network.ask('machine', tcp(nodeAddresses.a, 9001));
  t.equal(closed, 'ECONNREFUSED');
});

t.test('UDP flows leave an endpoint that is gone', async (t) => {
  const services = [service('web', '10.79.0.10')];
  await apply({ services, slices: [slice('web', a1)] });
  const question = { ...udp('10.79.0.10'), sourcePort: 40_000 };
  t.match((await network.ask('a2', question)).flat()[0], /^a1 /);
  await apply({ services, slices: [slice('web', b1)] });
  const { udpTargets } = compile(inputFor('a', { services, slices: [slice('web', b1)] }));
  t.ok((await cleanFlows(udpTargets, () => false, 'ipv4', network.inside('a'))) > 0);
  t.match((await network.ask('a2', question)).flat()[0], /^b1 /);
});

t.test('pods leave the cluster with their node’s address', async (t) => {
  await apply({});
  await network.serve('machine', 'machine', 8081);
  const [[outside] = []] = await network.ask('a2', tcp('10.77.0.1', 8081));
  t.equal(outside, `machine ${nodeAddresses.a}`);
  await network.serve('b', 'b', 8081);
  const [[otherNode] = []] = await network.ask('a2', tcp(nodeAddresses.b, 8081));
  t.equal(otherNode, `b ${a2}`, 'nodes have a route back');
});

t.test('the table is made anew when somebody removed it', async (t) => {
  const input = { services: [service('web', '10.79.0.10')], slices: [slice('web', b1)] };
  await apply(input);
  await network.inside('a')('nft', ['delete', 'table', 'ip', 'coracle-services']);
  t.equal(await tables.a.check(), false);
  await apply(input);
  t.equal(await tables.a.check(), true);
  t.match((await network.ask('a2', tcp('10.79.0.10'))).flat()[0], /^b1 /);
});
