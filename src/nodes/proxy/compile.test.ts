// The pure half of the proxy: which endpoints are chosen, and how small an update is.
import t from 'tap';
import type { EndpointSlice, Service } from '../../objects.ts';
import { compile, type ProxyInput } from './compile.ts';
import { parseFlows, staleFlows } from './conntrack.ts';
import { type Endpoint, selectEndpoints } from './endpoints.ts';
import { replaceTable, updateTable } from './ruleset.ts';

const place = { nodeName: 'a', zone: 'z1' };

function endpoint(ip: string, state: Partial<Endpoint> = {}): Endpoint {
  const { ready = true } = state;
  const hints = { nodeHints: [], zoneHints: [] };
  const base = { ip, port: 80, nodeName: 'b', ready, serving: ready, terminating: false };
  return { ...base, ...hints, ...state };
}

const ending = { ready: false, serving: true, terminating: true } as const;
const ips = (endpoints: readonly Endpoint[]) => endpoints.map(({ ip }) => ip);

t.test('ready endpoints; where there is none, those that end but still serve', async (t) => {
  const table: { name: string; given: Endpoint[]; cluster: string[]; local: string[] }[] = [
    { name: 'none', given: [], cluster: [], local: [] },
    {
      name: 'ready wins',
      given: [endpoint('1'), endpoint('2', ending), endpoint('3', { ready: false })],
      cluster: ['1'],
      local: [],
    },
    {
      name: 'all end',
      given: [endpoint('1', { ...ending, nodeName: 'a' }), endpoint('2', ending)],
      cluster: ['1', '2'],
      local: ['1'],
    },
    {
      name: 'the local one ends while others are ready',
      given: [endpoint('1', { ...ending, nodeName: 'a' }), endpoint('2')],
      cluster: ['2'],
      local: ['1'],
    },
    {
      name: 'hints to this node',
      given: [endpoint('1', { nodeHints: ['a'] }), endpoint('2', { nodeHints: ['b'] })],
      cluster: ['1'],
      local: [],
    },
    {
      name: 'hints that not all have',
      given: [endpoint('1', { nodeHints: ['a'] }), endpoint('2')],
      cluster: ['1', '2'],
      local: [],
    },
    {
      name: 'hints to this zone only',
      given: [
        endpoint('1', { nodeHints: ['b'], zoneHints: ['z1'] }),
        endpoint('2', { nodeHints: ['b'], zoneHints: ['z2'] }),
      ],
      cluster: ['1'],
      local: [],
    },
  ];
  for (const { name, given, cluster, local } of table) {
    const selection = selectEndpoints(given, place);
    t.same(ips(selection.cluster), cluster, name);
    t.same(ips(selection.local), local, name);
  }
});

function input(services: Service[], slices: EndpointSlice[]): ProxyInput {
  const clusterRanges = ['10.78.0.0/16'];
  return { family: 'IPv4', place, services, slices, nodes: [], pods: [], clusterRanges };
}

function web(spec: Service['spec'], name = 'web'): Service {
  const base = { clusterIP: '10.79.0.1', ports: [{ port: 80, protocol: 'TCP' }] };
  return { metadata: { name, namespace: 'x' }, spec: { ...base, ...spec } };
}

function slice(...addresses: string[]): EndpointSlice {
  return {
    metadata: { namespace: 'x', labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    ports: [{ name: '', port: 8080, protocol: 'TCP' }],
    endpoints: addresses.map((address) => ({ addresses: [address], nodeName: 'b' })),
  };
}

const elements = (given: ProxyInput, name: string) => [
  ...(compile(given).ruleset.collections.get(name)?.elements ?? []),
];

t.test('what a Service is reached by', async (t) => {
  const ingress = [{ ip: '192.0.2.1' }, { ip: '192.0.2.2', ipMode: 'Proxy' }];
  const balanced: Service = {
    ...web({
      type: 'LoadBalancer',
      externalIPs: ['198.51.100.1'],
      loadBalancerSourceRanges: ['203.0.113.0/24'],
      ports: [{ port: 80, protocol: 'TCP', nodePort: 30080 }],
    }),
    status: { loadBalancer: { ingress } },
  };
  const given = input([balanced], [slice('10.78.0.1')]);
  const keys = elements(given, 'service-ips').map(([key]) => key);
  t.same(keys, ['10.79.0.1 . tcp . 80', '198.51.100.1 . tcp . 80', '192.0.2.1 . tcp . 80']);
  t.equal(elements(given, 'service-nodeports')[0]?.[0], 'tcp . 30080');
  t.equal(elements(given, 'firewall-ips')[0]?.[0], '192.0.2.1 . tcp . 80');
  for (const spec of [{ clusterIP: 'None' }, { type: 'ExternalName' }, { clusterIP: '' }]) {
    t.same(elements(input([web(spec)], [slice('10.78.0.1')]), 'service-ips'), []);
  }
});

t.test('a Service without endpoints rejects; one with none here drops', async (t) => {
  const verdicts = (spec: Service['spec'], ...addresses: string[]) =>
    ['no-endpoint-services', 'no-endpoint-nodeports'].map(
      (name) => elements(input([web(spec)], [slice(...addresses)]), name)[0]?.[1],
    );
  const ports = [{ port: 80, protocol: 'TCP', nodePort: 30080 }];
  t.same(verdicts({ ports }), ['goto reject-packet', 'goto reject-packet']);
  t.same(verdicts({ ports, internalTrafficPolicy: 'Local' }, '10.78.0.1'), ['drop', undefined]);
  t.same(verdicts({ ports, externalTrafficPolicy: 'Local' }, '10.78.0.1'), [undefined, 'drop']);
});

t.test('health checks count local endpoints that are ready', async (t) => {
  const spec = { externalTrafficPolicy: 'Local', healthCheckNodePort: 31000 } as const;
  const { endpoints: [first] = [], ...rest } = slice('10.78.0.1');
  const here = { ...rest, endpoints: first === undefined ? [] : [{ ...first, nodeName: 'a' }] };
  const counts = [slice('10.78.0.1'), here].map(
    (each) => compile(input([web(spec)], [each])).healthChecks.get(31000)?.localEndpoints,
  );
  t.same(counts, [0, 1]);
});

t.test('an endpoint more is one chain and one rule; nothing new is nothing', async (t) => {
  const one = compile(input([web({})], [slice('10.78.0.1')])).ruleset;
  const two = compile(input([web({})], [slice('10.78.0.1', '10.78.0.2')])).ruleset;
  const lines = updateTable(one, two).trim().split('\n');
  t.equal(lines.filter((line) => line.startsWith('add chain')).length, 1);
  t.equal(lines.filter((line) => line.startsWith('flush chain')).length, 1);
  t.equal(lines.filter((line) => line.includes('element')).length, 0);
  t.ok(lines.length <= 6, lines.join('\n'));
  t.equal(updateTable(two, two), '');
  const back = updateTable(two, one).trim().split('\n');
  t.match(back.at(-1), /^delete chain ip coracle-services endpoint-/);
  t.match(replaceTable(two), /^add table .*\ndelete table .*\nadd table /);
});

t.test('of two that claim one address the older has it', async (t) => {
  const older = web({}, 'older');
  const younger = web({}, 'a-younger');
  if (older.metadata) older.metadata.creationTimestamp = '2026-01-01T00:00:00Z';
  if (younger.metadata) younger.metadata.creationTimestamp = '2026-01-02T00:00:00Z';
  const named = [older, younger].map((each) => ({
    ...slice('10.78.0.1'),
    metadata: {
      namespace: 'x',
      labels: { 'kubernetes.io/service-name': each.metadata?.name ?? '' },
    },
  }));
  t.match(elements(input([younger, older], named), 'service-ips')[0]?.[1], /x\/older/);
});

t.test('stale UDP flows', async (t) => {
  const flow = (destination: string, port: number, answerer: string) =>
    `udp      17 29 src=10.78.0.9 dst=${destination} sport=4000 dport=${port} ` +
    `src=${answerer} dst=10.78.0.9 sport=8080 dport=4000 [ASSURED] mark=0 use=1`;
  const flows = parseFlows(
    [
      flow('10.79.0.1', 53, '10.78.0.1'),
      flow('10.79.0.1', 53, '10.78.0.2'),
      flow('10.77.0.2', 30053, '10.78.0.2'),
      flow('192.0.2.9', 30053, '192.0.2.9'),
      'conntrack v1.4.7 (conntrack-tools): 4 flow entries have been shown.',
    ].join('\n'),
  );
  t.equal(flows.length, 4);
  const endpoints = new Set(['10.78.0.1:8080']);
  const targets = new Map([
    ['10.79.0.1:53', endpoints],
    [':30053', endpoints],
  ]);
  const stale = staleFlows(flows, targets, (address) => address === '10.77.0.2');
  t.same(
    stale.map(({ destination, answerer }) => [destination, answerer]),
    [
      ['10.79.0.1', '10.78.0.2'],
      ['10.77.0.2', '10.78.0.2'],
    ],
  );
});
