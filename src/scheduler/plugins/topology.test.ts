// Tests plugins that look at pods over topologies: affinity between pods, and their spread.
import t from 'tap';
import type { PodSpec } from '../../objects.ts';
import { nodeOf, podOf } from '../scheduler.fixture.ts';
import {
  labelled,
  placed,
  scores,
  snapshotOf,
  verdicts,
  webService,
  zoned,
} from '../snapshot.fixture.ts';
import { interPodAffinity } from './inter-pod-affinity.ts';
import { podTopologySpread } from './pod-topology-spread.ts';

const zone = 'topology.kubernetes.io/zone';
const nodes = [zoned('a1', 'a'), zoned('a2', 'a'), zoned('b1', 'b'), nodeOf('none')];
const near = "node(s) didn't match pod affinity rules!";
const apart = "node(s) didn't match pod anti-affinity rules";
const unwanted = "node(s) didn't satisfy existing pods anti-affinity rules";

const term = (app: string, extra: object = {}) => ({
  topologyKey: zone,
  labelSelector: { matchLabels: { app } },
  ...extra,
});
const wanting = (kind: 'podAffinity' | 'podAntiAffinity', ...terms: object[]): Partial<PodSpec> =>
  ({
    affinity: { [kind]: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
  }) as Partial<PodSpec>;

t.test('required affinity wants a matching pod in the zone, or to be the first', async (t) => {
  const snapshot = snapshotOf(nodes, [placed('x', 'a1')]);
  const pod = podOf('p', wanting('podAffinity', term('web')));
  t.same(verdicts(interPodAffinity, pod, snapshot), { a1: 'ok', a2: 'ok', b1: near, none: near });
  const first = labelled(podOf('p', wanting('podAffinity', term('db'))), { app: 'db' });
  t.same(verdicts(interPodAffinity, first, snapshot), { a1: 'ok', a2: 'ok', b1: 'ok', none: near });
});

t.test('terms keep to their namespaces', async (t) => {
  const other = placed('x', 'a1');
  const snapshot = snapshotOf(nodes, [
    { ...other, metadata: { ...other.metadata, namespace: 'other' } },
  ]);
  const of = (extra: object) =>
    verdicts(interPodAffinity, podOf('p', wanting('podAffinity', term('web', extra))), snapshot).a1;
  t.equal(of({}), near);
  t.equal(of({ namespaces: ['other'] }), 'ok');
  t.equal(of({ namespaceSelector: {} }), 'ok');
  t.equal(of({ namespaceSelector: { matchLabels: { name: 'other' } } }), 'ok');
  t.equal(of({ namespaceSelector: { matchLabels: { name: 'third' } } }), near);
});

t.test('anti-affinity holds in both directions', async (t) => {
  const avoiding = wanting('podAntiAffinity', term('web'));
  const snapshot = snapshotOf(nodes, [placed('x', 'a1')]);
  t.same(verdicts(interPodAffinity, podOf('p', avoiding), snapshot), {
    a1: apart,
    a2: apart,
    b1: 'ok',
    none: 'ok',
  });
  const guarded = snapshotOf(nodes, [placed('x', 'b1', 'db', { containers: [], ...avoiding })]);
  t.same(verdicts(interPodAffinity, labelled(podOf('p'), { app: 'web' }), guarded), {
    a1: 'ok',
    a2: 'ok',
    b1: unwanted,
    none: 'ok',
  });
});

t.test('preferences of this pod and of others score', async (t) => {
  const spec: Partial<PodSpec> = {
    affinity: {
      podAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 10, podAffinityTerm: term('web') },
        ],
      },
    },
  };
  const snapshot = snapshotOf(nodes, [placed('x', 'a1')]);
  const expected = { a1: 200, a2: 200, b1: 0, none: 0 };
  t.same(scores(interPodAffinity, podOf('p', spec), snapshot), expected);
  const fond = snapshotOf(nodes, [placed('x', 'a2', 'db', { containers: [], ...spec })]);
  t.same(scores(interPodAffinity, labelled(podOf('p'), { app: 'web' }), fond), expected);
});

const constraint = (extra: object = {}) => ({
  topologyKey: zone,
  maxSkew: 1,
  whenUnsatisfiable: 'DoNotSchedule',
  labelSelector: { matchLabels: { app: 'web' } },
  ...extra,
});
const spreading = (...topologySpreadConstraints: ReturnType<typeof constraint>[]) =>
  labelled(podOf('p', { topologySpreadConstraints }), { app: 'web' });
const uneven = "node(s) didn't match pod topology spread constraints";

t.test('hard constraints bound the skew', async (t) => {
  const snapshot = snapshotOf(nodes, [placed('x', 'a1')]);
  const none = `${uneven} (missing required label)!`;
  t.same(verdicts(podTopologySpread, spreading(constraint()), snapshot), {
    a1: uneven,
    a2: uneven,
    b1: 'ok',
    none,
  });
  const of = (extra: object) =>
    verdicts(podTopologySpread, spreading(constraint(extra)), snapshot).a1;
  t.equal(of({ maxSkew: 2 }), 'ok');
  t.equal(of({ labelSelector: { matchLabels: { app: 'db' } } }), 'ok');
  t.equal(of({ labelSelector: {} }), 'ok', 'an empty selector counts nobody');
});

t.test('domains that are missing count as empty', async (t) => {
  const pods = [placed('x', 'a1'), placed('y', 'b1')];
  const snapshot = snapshotOf(nodes, pods);
  const of = (minDomains: number) =>
    verdicts(podTopologySpread, spreading(constraint({ minDomains })), snapshot).a1;
  t.equal(of(2), 'ok');
  t.equal(of(3), uneven);
});

t.test('nodes that the pod cannot use are no domains, unless it says so', async (t) => {
  const snapshot = snapshotOf(nodes, [placed('x', 'a1')]);
  const pod = (extra: object) => {
    const made = spreading(constraint(extra));
    return { ...made, spec: { containers: [], ...made.spec, nodeSelector: { [zone]: 'a' } } };
  };
  t.equal(verdicts(podTopologySpread, pod({}), snapshot).a1, 'ok');
  const ignoring = pod({ nodeAffinityPolicy: 'Ignore' });
  t.equal(verdicts(podTopologySpread, ignoring, snapshot).a1, uneven);
});

t.test('soft constraints prefer the emptier zone', async (t) => {
  const snapshot = snapshotOf(nodes, [placed('x', 'a1')]);
  const pod = spreading(constraint({ whenUnsatisfiable: 'ScheduleAnyway' }));
  t.same(scores(podTopologySpread, pod, snapshot), { a1: 0, a2: 0, b1: 200, none: 0 });
});

t.test('pods of one service are spread without being asked', async (t) => {
  const snapshot = snapshotOf(nodes, [placed('x', 'a1')], webService);
  const found = scores(podTopologySpread, labelled(podOf('p'), { app: 'web' }), snapshot);
  t.ok((found.b1 ?? 0) > (found.a2 ?? 0) && (found.a2 ?? 0) > (found.a1 ?? 0), 'far, near, same');
  t.same(scores(podTopologySpread, podOf('p'), snapshot), { a1: 0, a2: 0, b1: 0, none: 0 });
});
