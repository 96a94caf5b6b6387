// Rollout arithmetic: tables for known cases, and a rollout played to its end under every strategy.
import t from 'tap';
import type { Deployment, ReplicaSet } from '../objects.ts';
import { seededRandom } from '../random.ts';
import {
  availableOf,
  desiredAnnotation,
  fenceposts,
  maxAnnotation,
  newSetSize,
  planRollingUpdate,
  planScale,
  sizeOf,
} from './deployment-plan.ts';
import { newSetAnnotations, nextRevision, revisionAnnotation } from './deployment-revision.ts';
import { isComplete, rolloutStatus } from './deployment-status.ts';
import { findNewReplicaSet, sameTemplate, templateHash } from './deployment-template.ts';

type Amount = number | string;

function deployment(replicas: number, maxSurge: Amount, maxUnavailable: Amount): Deployment {
  return {
    metadata: { name: 'web', generation: 1 },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } } },
      progressDeadlineSeconds: 600,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } },
    } as Deployment['spec'],
  } as Deployment;
}

function set(name: string, replicas: number, available: number, max?: number): ReplicaSet {
  const annotations =
    max === undefined ? {} : { [desiredAnnotation]: '10', [maxAnnotation]: `${max}` };
  return {
    metadata: { name, annotations, creationTimestamp: `2026-01-01T00:00:0${name.at(-1)}Z` },
    spec: { replicas, selector: {} },
    status: { replicas, availableReplicas: available, readyReplicas: available },
  };
}

t.test('fenceposts round surge up and unavailability down, and never block', async (t) => {
  const table: [number, Amount, Amount, number, number][] = [
    [10, '25%', '25%', 3, 2],
    [1, '25%', '25%', 1, 0],
    [4, 0, 0, 0, 1],
    [3, '0%', '10%', 0, 1],
    [2, 5, 5, 5, 2],
  ];
  for (const [replicas, maxSurge, maxUnavailable, surge, unavailable] of table) {
    t.same(fenceposts(deployment(replicas, maxSurge, maxUnavailable)), { surge, unavailable });
  }
});

t.test('the first step surges; the next takes old ones away', async (t) => {
  const web = deployment(10, '25%', '25%');
  const first = planRollingUpdate(web, set('b2', 0, 0), [set('a1', 10, 10)]);
  t.same(
    first.map((each) => each.replicas),
    [3],
  );
  const second = planRollingUpdate(web, set('b2', 3, 0), [set('a1', 10, 10)]);
  t.same(
    second.map((each) => each.replicas),
    [8],
  );
  const broken = planRollingUpdate(web, set('b2', 3, 0), [set('a1', 10, 8)]);
  t.same(
    broken.map((each) => each.replicas),
    [8],
    'broken old pods go first',
  );
});

t.test('any rollout ends complete, within its bounds at every step', async (t) => {
  const random = seededRandom(7);
  const pick = (max: number) => Math.floor(random.next() * (max + 1));
  for (let run = 0; run < 300; run++) {
    const replicas = pick(30);
    const web = deployment(replicas, pick(10), `${pick(50)}%`);
    const { surge, unavailable } = fenceposts(web);
    let next = set('c3', 0, 0);
    let old = [set('a1', replicas, replicas)];
    let steps = 0;
    for (; steps < 400; steps++) {
      const plan = planRollingUpdate(web, next, old);
      const resize = (each: ReplicaSet) => {
        const found = plan.find((resized) => resized.set === each);
        const size = found?.replicas ?? sizeOf(each);
        const available = Math.min(availableOf(each), size);
        return set(each.metadata?.name ?? '', size, available);
      };
      next = resize(next);
      old = old.map(resize);
      const all = [next, ...old];
      const total = all.reduce((sum, each) => sum + sizeOf(each), 0);
      const available = all.reduce((sum, each) => sum + availableOf(each), 0);
      if (total > replicas + surge) t.fail(`${total} pods of ${replicas}+${surge}`);
      if (available < replicas - unavailable) t.fail(`${available} available of ${replicas}`);
      const more = Math.min(sizeOf(next), availableOf(next) + 1 + pick(3));
      next = set('c3', sizeOf(next), more);
      if (sizeOf(next) === replicas && old.every((each) => sizeOf(each) === 0)) break;
    }
    if (steps === 400) t.fail(`no end for ${replicas} with ${surge} and ${unavailable}`);
  }
  t.pass('all ended');
});

t.test('resizing in the middle of a rollout keeps the proportions', async (t) => {
  const web = deployment(20, 2, 0);
  const plan = planScale(web, set('b2', 4, 4, 12), [set('a1', 8, 8, 12)]);
  t.equal(
    plan.reduce((sum, each) => sum + each.replicas, 0),
    22,
  );
  t.same(
    plan.map((each) => each.replicas),
    [15, 7],
  );
  const saturated = planScale(deployment(10, 2, 0), set('b2', 10, 10, 12), [set('a1', 2, 2, 12)]);
  t.same(
    saturated.map((each) => each.replicas),
    [0],
  );
  t.equal(newSetSize(web, [set('a1', 22, 22)], 0), 0);
});

t.test('a template has one hash, whatever the order of its keys', async (t) => {
  const a = { metadata: { labels: { x: '1', y: '2' } } };
  const b = { metadata: { labels: { y: '2', x: '1' } } };
  t.equal(templateHash(a), templateHash(b));
  t.not(templateHash(a), templateHash(a, 1));
  t.match(templateHash(a), /^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
  const hashed = { metadata: { labels: { ...a.metadata.labels, 'pod-template-hash': 'z' } } };
  t.ok(sameTemplate(a, hashed));
  const web = deployment(1, 1, 0);
  const own = {
    ...set('a1', 1, 1),
    spec: { replicas: 1, selector: {}, template: web.spec?.template },
  };
  t.equal(findNewReplicaSet(web, [own as ReplicaSet])?.metadata?.name, 'a1');
});

t.test(
  'a ReplicaSet that comes back gets a new revision and keeps the old in its history',
  async (t) => {
    const old = { metadata: { annotations: { [revisionAnnotation]: '1' } } };
    const annotations = newSetAnnotations(deployment(1, 1, 0), old, 3n);
    t.equal(annotations[revisionAnnotation], '3');
    t.equal(annotations['deployment.kubernetes.io/revision-history'], '1');
  },
);

t.test('revisions are counted in 64 bits', async (t) => {
  const numbered = (revision: string) => ({
    ...set('a1', 1, 1),
    metadata: { annotations: { [revisionAnnotation]: revision } },
  });
  t.equal(nextRevision([]), 1n);
  const large = '3546343826724305832';
  t.equal(nextRevision([numbered('7'), numbered(large)]), 3546343826724305833n);
  for (const broken of ['', 'x', '1.5', '99999999999999999999']) {
    t.equal(nextRevision([numbered(broken)]), 1n);
  }
});

t.test('status tells complete, progressing and timed out', async (t) => {
  const web = deployment(1, 1, 0);
  const nowMs = Date.UTC(2026, 0, 1);
  const fresh = set('b2', 1, 0);
  const progressing = rolloutStatus(web, fresh, [fresh], nowMs);
  const reason = (status: typeof progressing) =>
    status.conditions?.find((each) => each.type === 'Progressing')?.reason;
  t.equal(reason(progressing), 'ReplicaSetUpdated');
  const later = { ...web, status: progressing };
  const late = rolloutStatus(later, fresh, [fresh], nowMs + 601_000);
  t.equal(reason(late), 'ProgressDeadlineExceeded');
  const ready = set('b2', 1, 1);
  const complete = rolloutStatus({ ...web, status: late }, ready, [ready], nowMs + 700_000);
  t.equal(reason(complete), 'NewReplicaSetAvailable');
  t.ok(isComplete(web, complete));
});
