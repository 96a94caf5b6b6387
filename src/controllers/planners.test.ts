// Tables for the small planners: ranking, slices, taints, evictions, address blocks, requests.
import t from 'tap';
import { VirtualClock } from '../clock.ts';
import type { Endpoints, Node, Pod, ReplicaSet, Service } from '../objects.ts';
import { seededRandom } from '../random.ts';
import { signerObjection } from './certificate-signing-plan.ts';
import { subsetsOf } from './endpoints.ts';
import { endpointGroups } from './endpoints-plan.ts';
import { planMirror } from './endpointslice-mirroring-plan.ts';
import { planSlices, type SliceContent } from './endpointslice-plan.ts';
import { createExpectations, slowStart } from './expectations.ts';
import { createBlocks } from './node-addresses.ts';
import { conditionTaintsOf, evictionMs, silentConditions } from './node-lifecycle-plan.ts';
import { rankForDeletion } from './pod-ranking.ts';
import { planReplicaSet, replicaSetStatus } from './replicaset-plan.ts';

const nowMs = Date.UTC(2026, 0, 1, 12);

function pod(
  name: string,
  ready = true,
  nodeName = 'n',
  extra: Partial<Pod['metadata']> = {},
): Pod {
  const status = ready ? 'True' : 'False';
  return {
    metadata: {
      name,
      namespace: 'a',
      uid: name,
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...extra,
    },
    spec: { containers: [{ name: 'c', ports: [{ name: 'http', containerPort: 8080 }] }], nodeName },
    status: {
      phase: 'Running',
      podIP: `10.0.0.${name.length}`,
      conditions: [{ type: 'Ready', status, lastTransitionTime: '2026-01-01T01:00:00Z' }],
    },
  };
}

t.test('pods are deleted in upstream order', async (t) => {
  const cost = { annotations: { 'controller.kubernetes.io/pod-deletion-cost': '-5' } };
  const all = [
    pod('healthy'),
    pod('doubled', true, 'm'),
    pod('cheap', true, 'n', cost),
    pod('sick', false),
    pod('unassigned', false, ''),
  ];
  const related = [
    ...all,
    pod('other', true, 'm'),
    pod('another', true, 'm'),
    pod('third', true, 'm'),
  ];
  const names = rankForDeletion(all, related, nowMs).map((each) => each.metadata?.name);
  t.same(names, ['unassigned', 'sick', 'cheap', 'doubled', 'healthy']);
  const set: ReplicaSet = { metadata: { generation: 3 }, spec: { replicas: 2, selector: {} } };
  t.equal(planReplicaSet(set, all, related, nowMs).delete.length, 3);
  t.equal(planReplicaSet(set, [], [], nowMs).create, 2);
  const status = replicaSetStatus(set, all, 1, undefined, nowMs);
  t.match(status, { replicas: 5, readyReplicas: 3, terminatingReplicas: 1, observedGeneration: 3 });
});

t.test('expectations hold until seen or expired; slow start stops at a failure', async (t) => {
  const clock = new VirtualClock();
  const expectations = createExpectations(clock);
  expectations.expect('a', 2, ['x']);
  expectations.created('a');
  expectations.created('a');
  t.notOk(expectations.satisfied('a'));
  expectations.deleted('a', 'x');
  t.ok(expectations.satisfied('a'));
  expectations.expect('a', 1, []);
  await clock.advance(300_001);
  t.ok(expectations.satisfied('a'));
  let calls = 0;
  const failing = await slowStart(100, async () => {
    if (++calls > 2) throw new Error('quota');
  });
  t.equal(calls, 3);
  t.match(failing, { succeeded: 2, error: { message: 'quota' } });
});

const service: Service = {
  metadata: { name: 'web', namespace: 'a' },
  spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http' as never }] },
};

t.test('endpoints carry ready, serving and terminating, and drop what cannot serve', async (t) => {
  const gone = { deletionTimestamp: '2026-01-01T00:00:00Z' };
  const pods = [pod('a'), pod('bb', false), pod('ccc', true, 'n', gone)];
  const finished: Pod = { ...pod('dddd'), status: { phase: 'Failed', podIP: '10.0.0.9' } };
  const [group] = endpointGroups(service, [...pods, finished], () => undefined);
  t.same(group?.ports, [{ name: '', port: 8080, protocol: 'TCP' }]);
  t.same(
    group?.endpoints.map((each) => each.conditions),
    [
      { ready: true, serving: true, terminating: false },
      { ready: false, serving: false, terminating: false },
      { ready: false, serving: true, terminating: true },
    ],
  );
  const { subsets } = subsetsOf(service, [...pods, finished], () => undefined);
  t.equal(subsets.length, 1);
  t.equal(subsets[0]?.addresses?.length, 1);
  t.equal(subsets[0]?.notReadyAddresses?.length, 1);
});

t.test(
  'a mirror has one slice for each family and set of ports, and uses slices again',
  async (t) => {
    const source: Endpoints = {
      metadata: {
        name: 's',
        namespace: 'n',
        uid: 'u',
        labels: { a: 'b' },
        annotations: { c: 'd', 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
      },
      subsets: [
        {
          addresses: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2', hostname: 'h' }, { ip: 'fd00::1' }],
          notReadyAddresses: [{ ip: '10.0.0.2', hostname: 'h' }, { ip: 'none' }],
          ports: [{ port: 80, protocol: 'TCP' }],
        },
      ],
    };
    const plan = planMirror(source, []);
    t.match(plan, { update: [], delete: [], invalid: 1, skipped: 0 });
    t.equal(plan.create.length, 2);
    t.match(plan.create[0], {
      metadata: {
        generateName: 's-',
        labels: { a: 'b', 'kubernetes.io/service-name': 's' },
        ownerReferences: [{ kind: 'Endpoints', name: 's', uid: 'u', controller: true }],
      },
      addressType: 'IPv4',
      ports: [{ name: '', port: 80, protocol: 'TCP' }],
    });
    t.same(plan.create[0]?.metadata?.annotations, { c: 'd' });
    t.same(plan.create[0]?.endpoints, [
      { addresses: ['10.0.0.1'], conditions: { ready: true } },
      { addresses: ['10.0.0.2'], conditions: { ready: false }, hostname: 'h' },
    ]);
    t.match(plan.create[1], { addressType: 'IPv6', endpoints: [{ addresses: ['fd00::1'] }] });

    const old = plan.create.map((slice, at) => ({
      ...slice,
      metadata: { ...slice.metadata, name: `s-${at}` },
      endpoints: [...(slice.endpoints ?? [])].reverse(),
    }));
    const nothing = { create: [], update: [], delete: [] };
    t.match(planMirror(source, old), nothing, 'another order is no change');
    const moved = { ...source, subsets: [{ ...source.subsets?.[0], ports: [{ port: 81 }] }] };
    const change = planMirror(moved, [...old, { ...old[0], metadata: { name: 'twin' } }] as never);
    t.same(
      change.update.map((slice) => [slice.metadata?.name, slice.ports?.[0]?.port]),
      [
        ['s-0', 81],
        ['s-1', 81],
      ],
    );
    t.match(change, { create: [], delete: [{ metadata: { name: 'twin' } }] });
    const many = Array.from({ length: 1001 }, (_, i) => ({ ip: `10.1.${i >> 8}.${i & 255}` }));
    const large = planMirror(
      { ...source, subsets: [{ addresses: many, ports: [{ port: 1 }] }] },
      [],
    );
    t.equal(large.create[0]?.endpoints?.length, 1000);
    t.equal(large.skipped, 1);
  },
);

t.test(
  'slices hold every endpoint once, at most 100 each, and move none without need',
  async (t) => {
    const random = seededRandom(3);
    let slices: SliceContent[] = [];
    for (let round = 0; round < 60; round++) {
      const count = Math.floor(random.next() * 350);
      const from = Math.floor(random.next() * 50);
      const endpoints = Array.from({ length: count }, (_, i) => {
        return { addresses: [`10.0.${from + i}`], targetRef: { uid: `${from + i}` } };
      });
      const group = { addressType: 'IPv4' as const, ports: [{ port: 80 }], endpoints };
      const existing = slices.map((each, i) => {
        const { addressType, ports, endpoints } = each;
        return {
          metadata: { name: `${i}` },
          addressType,
          ports: [...ports],
          endpoints: [...endpoints],
        };
      });
      const plan = planSlices([group], existing, ['IPv4']);
      slices = [...plan.create, ...plan.update, ...plan.keep];
      const all = slices.flatMap((each) => each.endpoints.map((endpoint) => endpoint.addresses[0]));
      if (new Set(all).size !== count || all.length !== count) t.fail(`${all.length} of ${count}`);
      if (slices.some((each) => each.endpoints.length > 100)) t.fail('a slice is too large');
      if (slices.length === 0) t.fail('a placeholder is missing');
      const again = planSlices(
        [group],
        slices.map((each) => ({
          addressType: each.addressType,
          ports: [...each.ports],
          endpoints: [...each.endpoints],
        })),
        ['IPv4'],
      );
      if (again.create.length + again.update.length + again.delete.length > 0) t.fail('not stable');
    }
    t.pass('all rounds hold');
  },
);

t.test('a silent node becomes Unknown, tainted, and its pods leave in time', async (t) => {
  const node: Node = {
    metadata: { name: 'n' },
    status: { conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }] },
  };
  const conditions = silentConditions(node, nowMs) ?? [];
  t.equal(conditions.find((each) => each.type === 'Ready')?.reason, 'NodeStatusUnknown');
  const silent: Node = { ...node, status: { conditions } };
  t.equal(silentConditions(silent, nowMs), undefined);
  const taints = conditionTaintsOf(silent, nowMs) ?? [];
  const key = 'node.kubernetes.io/unreachable';
  t.match(taints, [
    { key, effect: 'NoSchedule' },
    { key, effect: 'NoExecute' },
  ]);
  const tainted: Node = { ...silent, spec: { taints } };
  t.equal(conditionTaintsOf(tainted, nowMs), undefined);
  t.same(conditionTaintsOf({ ...tainted, status: node.status ?? {} }, nowMs), []);
  const tolerant = (tolerationSeconds?: number): Pod => {
    const seconds = tolerationSeconds === undefined ? {} : { tolerationSeconds };
    const tolerations = [{ key, operator: 'Exists', effect: 'NoExecute', ...seconds }];
    return { ...pod('p'), spec: { containers: [], tolerations } };
  };
  t.equal(evictionMs(tainted, tolerant(300), nowMs), nowMs + 300_000);
  t.equal(evictionMs(tainted, tolerant(), nowMs), undefined);
  t.equal(evictionMs(tainted, pod('p'), nowMs), nowMs);
  t.equal(evictionMs(node, pod('p'), nowMs), undefined);
});

t.test('address blocks are distinct, remembered and given back', async (t) => {
  const blocks = createBlocks('10.244.0.0/22', 24);
  blocks.occupy('old', '10.244.0.0/24');
  t.equal(blocks.take('a'), '10.244.1.0/24');
  t.equal(blocks.take('a'), '10.244.1.0/24');
  t.equal(blocks.take('b'), '10.244.2.0/24');
  t.equal(blocks.take('c'), '10.244.3.0/24');
  t.equal(blocks.take('d'), undefined);
  blocks.release('old');
  t.equal(blocks.take('d'), '10.244.0.0/24');
  t.throws(() => createBlocks('fd00::/64', 24), RangeError);
});

t.test('only what a node may ask for is signed', async (t) => {
  const request = {
    commonName: 'system:node:n',
    organizations: ['system:nodes'],
    dnsNames: [] as string[],
    ipAddresses: [],
    uris: [],
    emails: [],
  };
  const signerName = 'kubernetes.io/kube-apiserver-client-kubelet';
  const csr = (usages: string[]) => ({ spec: { request: '', signerName, usages } });
  const good = csr(['client auth', 'digital signature']);
  t.equal(signerObjection(good, request), undefined);
  t.match(signerObjection(good, { ...request, dnsNames: ['x'] }), /DNS/);
  t.match(signerObjection(good, { ...request, organizations: ['system:masters'] }), /organization/);
  t.match(signerObjection(csr(['server auth']), request), /usages/);
});
