// Tests plugins that look at one node at a time: what they reject, with which words, and scores.
import t from 'tap';
import type { PodSpec } from '../../objects.ts';
import { containerOf, nodeOf, podOf } from '../scheduler.fixture.ts';
import { placed, scores, snapshotOf, verdicts } from '../snapshot.fixture.ts';
import { imageLocality } from './image-locality.ts';
import { nodeAffinity } from './node-affinity.ts';
import { nodeName } from './node-name.ts';
import { nodePorts } from './node-ports.ts';
import { nodeResourcesBalancedAllocation } from './node-resources-balanced-allocation.ts';
import { nodeResourcesFit } from './node-resources-fit.ts';
import { nodeUnschedulable } from './node-unschedulable.ts';
import { taintToleration } from './taint-toleration.ts';

const asking = (requests: Record<string, string>) =>
  podOf('p', { containers: [containerOf(requests)] });

t.test('NodeUnschedulable: only who tolerates it', async (t) => {
  const snapshot = snapshotOf([nodeOf('a', { spec: { unschedulable: true } }), nodeOf('b')]);
  t.same(verdicts(nodeUnschedulable, podOf('p'), snapshot), {
    a: 'node(s) were unschedulable!',
    b: 'ok',
  });
  const tolerations = [{ key: 'node.kubernetes.io/unschedulable', operator: 'Exists' }];
  t.same(verdicts(nodeUnschedulable, podOf('p', { tolerations }), snapshot), { a: 'ok', b: 'ok' });
});

t.test('NodeName', async (t) => {
  const snapshot = snapshotOf([nodeOf('a'), nodeOf('b')]);
  t.same(verdicts(nodeName, podOf('p', { nodeName: 'b' }), snapshot), {
    a: "node(s) didn't match the requested node name!",
    b: 'ok',
  });
});

t.test('TaintToleration', async (t) => {
  const taint = (value: string, effect: string) => ({
    spec: { taints: [{ key: 'k', value, effect }] },
  });
  const snapshot = snapshotOf([
    nodeOf('hard', taint('v', 'NoSchedule')),
    nodeOf('evicting', taint('w', 'NoExecute')),
    nodeOf('soft', taint('v', 'PreferNoSchedule')),
    nodeOf('free'),
  ]);
  const refused = 'node(s) had untolerated taint(s)!';
  const table: [PodSpec['tolerations'], Record<string, string>][] = [
    [[], { hard: refused, evicting: refused }],
    [[{ key: 'k', operator: 'Exists' }], { hard: 'ok', evicting: 'ok' }],
    [[{ operator: 'Exists' }], { hard: 'ok', evicting: 'ok' }],
    [[{ key: 'k', value: 'v' }], { hard: 'ok', evicting: refused }],
    [[{ key: 'k', operator: 'Exists', effect: 'NoExecute' }], { hard: refused, evicting: 'ok' }],
  ];
  for (const [tolerations = [], expected] of table) {
    const found = verdicts(taintToleration, podOf('p', { tolerations }), snapshot);
    t.same(found, { ...expected, soft: 'ok', free: 'ok' });
  }
  t.match(scores(taintToleration, podOf('p'), snapshot), { soft: 0, free: 300 });
});

t.test('NodeAffinity: selectors, terms and preferences', async (t) => {
  const snapshot = snapshotOf([
    nodeOf('a', { labels: { disk: 'ssd', size: '5' } }),
    nodeOf('b', { labels: { disk: 'hdd', size: '9' } }),
    nodeOf('c'),
  ]);
  const refused = "node(s) didn't match Pod's node affinity/selector!";
  const fitting = (spec: Partial<PodSpec>) => {
    const found = Object.entries(verdicts(nodeAffinity, podOf('p', spec), snapshot));
    for (const [, verdict] of found) t.ok(verdict === 'ok' || verdict === refused, verdict);
    return found.flatMap(([name, verdict]) => (verdict === 'ok' ? name : [])).join('');
  };
  const required = (...nodeSelectorTerms: object[]): Partial<PodSpec> => ({
    affinity: {
      nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
    },
  });
  const expression = (key: string, operator: string, ...values: string[]) => ({
    matchExpressions: [{ key, operator, ...(values.length > 0 ? { values } : {}) }],
  });
  t.equal(fitting({ nodeSelector: { disk: 'ssd' } }), 'a');
  t.equal(fitting(required(expression('disk', 'In', 'ssd', 'hdd'))), 'ab');
  t.equal(fitting(required(expression('disk', 'NotIn', 'ssd'))), 'bc');
  t.equal(fitting(required(expression('disk', 'Exists'))), 'ab');
  t.equal(fitting(required(expression('disk', 'DoesNotExist'))), 'c');
  t.equal(fitting(required(expression('size', 'Gt', '6'))), 'b');
  t.equal(fitting(required(expression('size', 'Lt', '6'))), 'a');
  t.equal(fitting(required(expression('disk', 'In', 'ssd'), expression('size', 'Gt', '6'))), 'ab');
  t.equal(fitting(required({})), '', 'an empty term matches nothing');
  const field = { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['c'] }] };
  t.equal(fitting(required(field)), 'c');
  const preferred = podOf('p', {
    affinity: {
      nodeAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 10, preference: expression('disk', 'In', 'ssd') },
          { weight: 5, preference: expression('disk', 'Exists') },
        ],
      },
    },
  });
  t.same(scores(nodeAffinity, preferred, snapshot), { a: 200, b: 66, c: 0 });
});

t.test('NodePorts: same protocol and port on addresses that overlap', async (t) => {
  const withPort = (name: string, hostIP: string | undefined, nodeName?: string) =>
    podOf(name, {
      ...(nodeName === undefined ? {} : { nodeName }),
      containers: [
        {
          ...containerOf(),
          ports: [{ containerPort: 80, hostPort: 80, ...(hostIP === undefined ? {} : { hostIP }) }],
        },
      ],
    });
  const snapshot = snapshotOf([nodeOf('a')], [withPort('x', '10.0.0.1', 'a')]);
  const refused = "node(s) didn't have free ports for the requested pod ports";
  t.same(verdicts(nodePorts, withPort('p', undefined), snapshot), { a: refused });
  t.same(verdicts(nodePorts, withPort('p', '10.0.0.1'), snapshot), { a: refused });
  t.same(verdicts(nodePorts, withPort('p', '10.0.0.2'), snapshot), { a: 'ok' });
});

t.test('NodeResourcesFit: all that is short; final when an empty node would not do', async (t) => {
  const full = { ...asking({ cpu: '3', memory: '6Gi' }) };
  const used = {
    ...full,
    spec: { ...placed('x', 'a').spec, containers: full.spec?.containers ?? [] },
  };
  const snapshot = snapshotOf(
    [nodeOf('a'), nodeOf('small', { allocatable: { pods: '0', cpu: '1' } })],
    [{ ...used, metadata: { name: 'x', namespace: 'default' } }],
  );
  t.same(
    verdicts(
      nodeResourcesFit,
      asking({ cpu: '2', memory: '3Gi', 'example.com/gpu': '0' }),
      snapshot,
    ),
    {
      a: 'Insufficient cpu; Insufficient memory',
      small: 'Too many pods; Insufficient cpu!',
    },
  );
  t.same(verdicts(nodeResourcesFit, asking({ 'example.com/gpu': '1' }), snapshot), {
    a: 'Insufficient example.com/gpu!',
    small: 'Too many pods; Insufficient example.com/gpu!',
  });
  t.same(scores(nodeResourcesFit, asking({ cpu: '1', memory: '2Gi' }), snapshot), {
    a: 0,
    small: 37,
  });
});

t.test('init containers and sidecars count at their worst moment', async (t) => {
  const container = (name: string, cpu: string, restartPolicy?: string) => ({
    ...containerOf({ cpu }),
    name,
    ...(restartPolicy === undefined ? {} : { restartPolicy }),
  });
  const pod = (main: string) =>
    podOf('p', {
      initContainers: [
        container('side', '1', 'Always'),
        container('init', '2'),
        container('late', '500m', 'Always'),
      ],
      containers: [container('main', main)],
      overhead: { cpu: '250m' },
    });
  const verdict = (cpu: string, main: string) =>
    verdicts(nodeResourcesFit, pod(main), snapshotOf([nodeOf('a', { allocatable: { cpu } })])).a;
  // While init runs: 1 + 2; when all run: 1 + 0.5 + main; and the overhead.
  t.equal(verdict('3250m', '1'), 'ok');
  t.equal(verdict('3249m', '1'), 'Insufficient cpu!');
  t.equal(verdict('3500m', '2'), 'Insufficient cpu!');
  t.equal(verdict('3750m', '2'), 'ok');
});

t.test('NodeResourcesBalancedAllocation: better when the pod evens things out', async (t) => {
  const used = (name: string, nodeName: string, requests: Record<string, string>) =>
    podOf(name, { nodeName, containers: [containerOf(requests)] });
  const snapshot = snapshotOf(
    [nodeOf('cpu-heavy'), nodeOf('memory-heavy'), nodeOf('empty')],
    [used('x', 'cpu-heavy', { cpu: '2' }), used('y', 'memory-heavy', { memory: '4Gi' })],
  );
  t.same(scores(nodeResourcesBalancedAllocation, asking({ cpu: '2' }), snapshot), {
    'cpu-heavy': 62,
    'memory-heavy': 87,
    empty: 62,
  });
  t.same(scores(nodeResourcesBalancedAllocation, asking({}), snapshot), {
    'cpu-heavy': 0,
    'memory-heavy': 0,
    empty: 0,
  });
});

t.test('ImageLocality: large images count, less so when many nodes have them', async (t) => {
  const holding = (name: string, sizeBytes: number) => {
    const node = nodeOf(name);
    const images = [{ names: ['registry.example/app:1'], sizeBytes }];
    return { ...node, status: { ...node.status, images } };
  };
  const snapshot = snapshotOf([holding('a', 1024 ** 3), nodeOf('b')]);
  t.same(scores(imageLocality, podOf('p'), snapshot), { a: 50, b: 0 });
  const both = snapshotOf([holding('a', 1024 ** 3), holding('b', 10)]);
  t.same(scores(imageLocality, podOf('p'), both), { a: 100, b: 0 });
});

t.test('a pod that is resized in place counts with the more of before and after', async (t) => {
  const pod = podOf('x', { nodeName: 'a', containers: [containerOf({ cpu: '3' })] });
  const status = (reason: string) => ({
    containerStatuses: [
      {
        name: 'main',
        ready: true,
        image: '',
        imageID: '',
        restartCount: 0,
        allocatedResources: { cpu: '1' },
      },
    ],
    conditions: [{ type: 'PodResizePending', status: 'True', reason }],
  });
  const verdict = (reason: string) => {
    const snapshot = snapshotOf([nodeOf('a')], [{ ...pod, status: status(reason) }]);
    return verdicts(nodeResourcesFit, asking({ cpu: '2' }), snapshot).a;
  };
  t.equal(verdict('Deferred'), 'Insufficient cpu');
  t.equal(verdict('Infeasible'), 'ok');
});
