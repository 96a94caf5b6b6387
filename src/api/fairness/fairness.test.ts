// Priority and fairness on a clock that stands still: who is classified how, who goes next, who is refused.
import t from 'tap';
import { VirtualClock } from '../../clock.ts';
import { Metrics } from '../../metrics.ts';
import type { PriorityLevelConfiguration } from '../../objects.ts';
import {
  mandatoryLevels,
  mandatorySchemas,
  suggestedLevels,
  suggestedSchemas,
} from '../../registry/flowcontrol/bootstrap.ts';
import { parseRequest, type RequestInfo } from '../request-info.ts';
import { allocateSeats } from './concurrency-allocation.ts';
import { Fairness } from './fairness.ts';
import type { Seat } from './seat.ts';
import { queueWaitMaxMs } from './seat.ts';

const nobodyGoes = new AbortController().signal;

function info(method: string, url: string): RequestInfo {
  const parsed = parseRequest(method, url);
  if (parsed === undefined) throw new Error(url);
  return parsed;
}

function userOf(name: string) {
  const groups = ['system:authenticated'];
  if (name === 'admin') groups.push('system:masters');
  if (name.startsWith('system:node:')) groups.push('system:nodes');
  if (name.startsWith('system:serviceaccount:')) groups.push('system:serviceaccounts');
  return { name, groups };
}

const pods = info('GET', '/api/v1/namespaces/default/pods/p');

function started(
  options: { seats?: number; levels?: readonly PriorityLevelConfiguration[] } = {},
  stats = { count: 0, bytes: 0 },
) {
  const clock = new VirtualClock();
  const metrics = new Metrics();
  const fairness = new Fairness({
    clock,
    nowMs: () => clock.nowMs(),
    metrics,
    maxRequestsInFlight: options.seats ?? 600,
    maxMutatingRequestsInFlight: 0,
    stats: () => stats,
  });
  const levels = options.levels ?? suggestedLevels;
  fairness.configure([...levels, ...mandatoryLevels], [...suggestedSchemas, ...mandatorySchemas]);
  const enter = (name: string, request = pods, signal = nobodyGoes) =>
    fairness.enter(userOf(name), request, signal);
  const level = (name: string) => {
    const found = fairness.levels.get(name);
    if (found === undefined) throw new Error(name);
    return found;
  };
  return { clock, metrics, fairness, enter, level };
}

/** A level for everybody: one queue per user that matters, few places. */
function small(limits: { queues: number; hand: number; length: number }) {
  return suggestedLevels.map((each) =>
    each.metadata?.name !== 'global-default'
      ? each
      : {
          ...each,
          spec: {
            type: 'Limited',
            limited: {
              nominalConcurrencyShares: 20,
              lendablePercent: 0,
              borrowingLimitPercent: 0,
              limitResponse: {
                type: 'Queue',
                queuing: {
                  queues: limits.queues,
                  handSize: limits.hand,
                  queueLengthLimit: limits.length,
                },
              },
            },
          },
        },
  );
}

/** Ends whoever runs and says who came next, until nobody does. */
async function drain(seats: { name: string; seat: Seat }[], order: string[]): Promise<void> {
  for (const { name, seat } of seats) {
    seat.waiting
      ?.then(() => {
        if (!seat.refused) order.push(name);
        seat.leave();
      })
      .catch(() => undefined);
  }
  await Promise.all(seats.map(({ seat }) => seat.waiting));
}

t.test('requests are classified as by upstream', (t) => {
  const lease = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n1';
  const cases: [user: string, method: string, url: string, level: string][] = [
    ['admin', 'GET', '/api/v1/pods', 'exempt'],
    ['jane', 'GET', '/readyz', 'exempt'],
    ['jane', 'GET', '/readyz/ping', 'exempt'],
    ['jane', 'GET', '/metrics', 'global-default'],
    ['jane', 'GET', '/api/v1/pods', 'global-default'],
    ['system:node:n1', 'PUT', lease, 'node-high'],
    ['system:node:n1', 'PATCH', '/api/v1/nodes/n1/status', 'node-high'],
    ['system:node:n1', 'GET', '/api/v1/pods', 'system'],
    ['system:kube-scheduler', 'PUT', lease, 'leader-election'],
    ['system:kube-scheduler', 'PATCH', lease, 'workload-high'],
    ['system:kube-controller-manager', 'GET', '/api/v1/pods', 'workload-high'],
    ['system:serviceaccount:kube-system:x', 'GET', '/api/v1/pods', 'workload-high'],
    ['system:serviceaccount:kube-systemx:x', 'GET', '/api/v1/pods', 'workload-low'],
  ];
  const { enter, level } = started();
  for (const [user, method, url, name] of cases) {
    const before = level(name).queues.executing;
    const seat = enter(user, info(method, url));
    t.equal(level(name).queues.executing, before + 1, `${user} ${method} ${url}`);
    seat.leave();
    seat.leave();
    t.equal(level(name).queues.executing, before, 'leaving twice is leaving once');
  }
  t.end();
});

t.test('seats are shared out as by upstream', (t) => {
  const { level, metrics } = started();
  const nominal = (name: string) => level(name).nominal;
  t.same(
    ['system', 'node-high', 'leader-election', 'workload-high', 'workload-low'].map(nominal),
    [74, 98, 25, 98, 245],
  );
  t.same([nominal('global-default'), nominal('catch-all'), nominal('exempt')], [49, 13, 0]);
  t.same([level('workload-low').lowest, level('workload-low').highest], [24, 845]);
  t.match(
    metrics.text(),
    'apiserver_flowcontrol_nominal_limit_seats{priority_level="node-high"} 98\n',
  );
  t.end();
});

t.test('allocations keep to bounds and sums', (t) => {
  const claims = [
    { lowerBound: 10, upperBound: 100, target: 20 },
    { lowerBound: 50, upperBound: 60, target: 50 },
    { lowerBound: 0, upperBound: 1000, target: 0 },
  ];
  const sum = (values: readonly number[] = []) => values.reduce((all, each) => all + each, 0);
  for (const total of [60, 61, 90, 160, 500, 1160]) {
    const allocation = allocateSeats(total, claims);
    t.ok(Math.abs(sum(allocation?.seats) - total) < 0.001, String(total));
    claims.forEach(({ lowerBound, upperBound }, index) => {
      const seats = allocation?.seats[index] ?? -1;
      t.ok(seats >= lowerBound && seats <= upperBound);
    });
  }
  t.equal(allocateSeats(59, claims), undefined);
  t.equal(allocateSeats(1161, claims), undefined);
  t.end();
});

t.test('a busy level borrows what idle ones lend, and gives it back', async (t) => {
  const { enter, level, clock, fairness } = started();
  const greedy = Array.from({ length: 200 }, () => enter('jane'));
  const running = () => level('global-default').queues.executing;
  t.ok(running() < 60);
  await clock.advance(10_000);
  fairness.adjust();
  t.equal(running(), 200, 'all of them run on borrowed seats');
  t.ok((level('node-high').current ?? 0) >= 74, 'what nodes do not lend is theirs');
  for (const seat of greedy) seat.leave();
  for (let minute = 0; minute < 60; minute++) {
    await clock.advance(60_000);
    for (let at = 0; at < 6; at++) fairness.adjust();
  }
  t.ok((level('global-default').current ?? 0) < 120, 'nobody asks for them any more');
});

t.test('flows take turns, however many requests one of them has', async (t) => {
  const { enter, level } = started({
    seats: 12,
    levels: small({ queues: 64, hand: 1, length: 50 }),
  });
  const seats = level('global-default').current ?? 0;
  t.equal(seats, 1);
  const running = enter('greedy');
  t.equal(running.waiting, undefined);
  const names = [...new Array<string>(20).fill('greedy'), 'modest', 'humble'];
  const waiting = names.map((name) => ({ name, seat: enter(name) }));
  const order: string[] = [];
  const drained = drain(waiting, order);
  running.leave();
  await drained;
  t.equal(order.length, names.length);
  t.ok(order.indexOf('modest') <= 3, `modest came ${order.indexOf('modest')}.`);
  t.ok(order.indexOf('humble') <= 3, `humble came ${order.indexOf('humble')}.`);
  t.ok(level('global-default').queues.idle);
  t.equal([...level('global-default').queues.queues].length, 0, 'empty queues are forgotten');
});

t.test('a full hand of queues refuses, and asks for more patience each time', async (t) => {
  const { enter, level, clock, metrics } = started({
    seats: 12,
    levels: small({ queues: 8, hand: 2, length: 3 }),
  });
  const running = enter('greedy');
  const queued = Array.from({ length: 6 }, () => enter('greedy'));
  t.ok(queued.every((seat) => seat.waiting !== undefined));
  const late = enter('greedy');
  t.ok(late.refused);
  const refusal = late.refusal();
  t.equal(refusal.status, 429);
  t.equal(refusal.headers['retry-after'], '1');
  t.equal(refusal.body, 'Too many requests, please try again later.\n');
  for (let second = 0; second < 2; second++) {
    for (let at = 0; at < 10; at++) enter('greedy');
    await clock.advance(1000);
  }
  t.equal(enter('greedy').refusal().headers['retry-after'], '2');
  const text = metrics.text();
  t.match(
    text,
    /rejected_requests_total\{flow_schema="global-default",priority_level="global-default",reason="queue-full"\} 22/,
  );
  t.match(
    text,
    /current_inqueue_requests\{flow_schema="global-default",priority_level="global-default"\} 6/,
  );
  t.match(text, 'apiserver_current_inqueue_requests{request_kind="readOnly"} 6\n');
  running.leave();
  await Promise.all(queued.map((seat) => seat.waiting?.then(() => seat.leave())));
  t.ok(level('global-default').queues.idle);
});

t.test('nobody waits for ever, or for a client that is gone', async (t) => {
  const { enter, level, clock, metrics, fairness } = started({
    seats: 12,
    levels: small({ queues: 8, hand: 2, length: 5 }),
  });
  const running = enter('greedy');
  const patient = enter('patient');
  const hasty = fairness.enter(userOf('hasty'), pods, nobodyGoes, 1000);
  const client = new AbortController();
  const gone = enter('gone', pods, client.signal);
  client.abort();
  await gone.waiting;
  t.ok(gone.refused);
  await clock.advance(1000);
  await hasty.waiting;
  t.ok(hasty.refused);
  t.notOk(patient.refused);
  await clock.advance(queueWaitMaxMs - 1000);
  await patient.waiting;
  t.ok(patient.refused);
  t.equal(level('global-default').queues.waiting, 0);
  t.match(metrics.text(), /reason="time-out"\} 3/);
  running.leave();
  t.ok(level('global-default').queues.idle);
});

t.test('work is estimated as by upstream', async (t) => {
  const stats = { count: 1000, bytes: 600_000 };
  const { enter, level, fairness, clock } = started({}, stats);
  const queues = level('global-default').queues;
  const width = (method: string, url: string) => {
    const before = queues.seatsInUse;
    const seat = enter('jane', info(method, url));
    const seats = queues.seatsInUse - before;
    seat.leave();
    return seats;
  };
  const list = '/api/v1/namespaces/default/configmaps';
  t.equal(width('GET', list), 6, 'a seat for each 100 KB');
  t.equal(width('GET', `${list}?limit=100`), 1);
  t.equal(width('GET', `${list}?fieldSelector=metadata.name%3Dx`), 1);
  t.equal(width('GET', `${list}?limit=10&continue=x&labelSelector=a`), 3, 'out of storage');
  t.equal(width('GET', `${list}?watch=1&resourceVersion=5`), 1);
  t.equal(width('GET', `${list}?watch=1`), 6, 'a watch starts with a list');
  t.equal(width('GET', `${list}/x`), 1);
  stats.bytes = 600_000_000;
  t.equal(width('GET', list), 8, 'no more than the level takes: its seats by the size of a hand');
  t.equal(width('POST', list), 1);
  const watch = info('GET', `${list}?watch=1`);
  const forget = Array.from({ length: 25 }, () => fairness.watches.register(watch));
  t.equal(width('POST', list), 3, 'a seat for ten watchers');
  t.equal(queues.seatsInUse, 3, 'which it holds while they get the event');
  await clock.advance(5);
  t.equal(queues.seatsInUse, 0);
  for (const each of forget) each();
  t.equal(width('POST', list), 1);
  t.end();
});

t.test('a level that goes away serves those who are in it', async (t) => {
  const { enter, level, fairness } = started();
  const seat = enter('jane');
  const rest = suggestedLevels.filter((each) => each.metadata?.name !== 'global-default');
  fairness.configure([...rest, ...mandatoryLevels], [...suggestedSchemas, ...mandatorySchemas]);
  t.ok(level('global-default').quiescing);
  t.notOk(fairness.hasLevel('global-default'));
  enter('jane').leave();
  t.equal(level('catch-all').queues.counts.dispatched, 1, 'its flow schema is passed over');
  const before = level('workload-low').nominal;
  seat.leave();
  t.notOk(fairness.levels.has('global-default'));
  t.ok(level('workload-low').nominal > before, 'the others share its seats');
  t.end();
});

t.test('a level goes away with the last who waits in it, too', async (t) => {
  const few = small({ queues: 8, hand: 2, length: 5 });
  const { enter, fairness, level } = started({ seats: 12, levels: few });
  const running = enter('greedy');
  const client = new AbortController();
  const waiting = enter('gone', pods, client.signal);
  const rest = few.filter((each) => each.metadata?.name !== 'global-default');
  fairness.configure([...rest, ...mandatoryLevels], [...suggestedSchemas, ...mandatorySchemas]);
  // Nobody starts there any more.
  level('global-default').queues.setLimit(0, 1);
  running.leave();
  t.ok(fairness.levels.has('global-default'), 'one waits still');
  client.abort();
  await waiting.waiting;
  t.ok(waiting.refused);
  t.notOk(fairness.levels.has('global-default'));
});
