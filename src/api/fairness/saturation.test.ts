// A loop full of LISTs: heartbeats of nodes go on, in a number of turns that the LISTs do not change.
import t from 'tap';
import { silentLogger } from '../../logger.ts';
import { adminToken, testApi } from '../api.fixture.ts';
import type { StaticToken } from '../authentication/static-tokens.ts';
import type { ApiRequest, ApiResponse, BodyWriter } from '../request.ts';
import { turnUnits } from './turns.ts';

const node = 'system:node:n1';
const tokens: readonly StaticToken[] = [
  { token: adminToken, user: { name: 'admin', groups: ['system:masters'] } },
  { token: 'node', user: { name: node, groups: ['system:nodes', 'system:authenticated'] } },
  { token: 'greedy', user: { name: 'greedy', groups: ['system:authenticated'] } },
  { token: 'modest', user: { name: 'modest', groups: ['system:authenticated'] } },
];
const { api, call } = await testApi({
  staticTokens: tokens,
  logger: silentLogger,
  maxRequestsInFlight: 120,
  maxMutatingRequestsInFlight: 0,
});
t.teardown(() => api.close());

const configMaps = '/api/v1/namespaces/default/configmaps';
const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
const objects = 60;
const objectBytes = 100_000;

function ask(method: string, url: string, token: string, body?: string): ApiRequest {
  async function* once() {
    yield Buffer.from(body ?? '');
  }
  return {
    method,
    url,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: once() }),
    signal: new AbortController().signal,
  };
}

/** Counts turns of the loop while `work` goes on. */
async function turnsOf<T>(work: Promise<T>): Promise<{ turns: number; result: T }> {
  let turns = 0;
  let over = false;
  const done = work.finally(() => {
    over = true;
  });
  while (!over) {
    await new Promise((resolve) => setImmediate(resolve));
    turns++;
  }
  return { turns, result: await done };
}

/** One heartbeat: reads its lease and writes it, as the one that it has read. */
async function heartbeat(): Promise<ApiResponse> {
  const { body = '' } = await api.handler(ask('GET', `${leases}/n1`, 'node'));
  if (typeof body === 'function') throw new Error('a lease is no stream');
  const { metadata } = JSON.parse(Buffer.from(body).toString()) as { metadata: object };
  const spec = { holderIdentity: 'n1', leaseDurationSeconds: 40 };
  return api.handler(ask('PUT', `${leases}/n1`, 'node', JSON.stringify({ metadata, spec })));
}

/** A client that asks for the list again and again until it is stopped. */
function lister(token: string, writer: BodyWriter, refusals: { count: number }) {
  let stopped = false;
  const going = (async () => {
    while (!stopped) {
      const answer = await api.handler(ask('GET', configMaps, token));
      if (answer.status === 429) {
        refusals.count++;
        await new Promise((resolve) => setImmediate(resolve));
      } else if (typeof answer.body === 'function') await answer.body(writer);
      else throw new Error(`a list was answered ${answer.status}`);
    }
  })();
  return {
    stop() {
      stopped = true;
      return going;
    },
  };
}

t.before(async () => {
  // However long the test takes, nobody's share grows meanwhile.
  const level = '/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations/global-default';
  const fixed = {
    metadata: { annotations: { 'apf.kubernetes.io/autoupdate-spec': 'false' } },
    spec: { limited: { borrowingLimitPercent: 0, lendablePercent: 0 } },
  };
  await call('PATCH', level, fixed, { 'content-type': 'application/merge-patch+json' });
  for (const user of ['greedy', 'modest']) {
    await call('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: user },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
    });
  }
  const data = { text: 'x'.repeat(objectBytes) };
  for (let at = 0; at < objects; at++) {
    await call('POST', configMaps, { metadata: { name: `c${at}` }, data });
  }
  await call('POST', '/api/v1/nodes', { metadata: { name: 'n1' } });
  await call('POST', leases, { metadata: { name: 'n1' }, spec: { holderIdentity: 'n1' } });
  await api.registry.store('rbac.authorization.k8s.io', 'clusterrolebindings')?.cache.consistent();
});

t.test('a turn holds a few chunks, whoever asks for them', async (t) => {
  let bytes = 0;
  let turnBytes = 0;
  let most = 0;
  let counting = true;
  const turn = () => {
    most = Math.max(most, turnBytes);
    turnBytes = 0;
    if (counting) setImmediate(turn);
  };
  setImmediate(turn);
  const writer: BodyWriter = {
    write(chunk) {
      bytes += chunk.length;
      turnBytes += chunk.length;
      return undefined;
    },
  };
  const quiet = await turnsOf(heartbeat());
  t.equal(quiet.result.status, 200);
  const refusals = { count: 0 };
  // Administrators are exempt from seats, but not from turns.
  const listers = ['admin-token-of-tests', 'greedy'].flatMap((token) =>
    Array.from({ length: 60 }, () => lister(token, writer, refusals)),
  );
  while (bytes < 20 * 1024 * 1024) await new Promise((resolve) => setImmediate(resolve));
  const turns: number[] = [];
  for (let beat = 0; beat < 10; beat++) {
    const busy = await turnsOf(heartbeat());
    t.equal(busy.result.status, 200);
    turns.push(busy.turns);
  }
  const stopping = Promise.all(listers.map((each) => each.stop()));
  await stopping;
  counting = false;
  const limit = quiet.turns + 8;
  t.ok(
    turns.every((each) => each <= limit),
    `${quiet.turns} turns without lists, ${turns.join(' ')} with 120`,
  );
  const chunks = turnUnits.budget / turnUnits.chunk;
  // The last piece of an answer follows the chunk before it.
  t.ok(most <= 2 * chunks * 256 * 1024, `${most} bytes in one turn at most`);
});

t.test('slow readers hold their seats, and nobody else', async (t) => {
  const released: (() => void)[] = [];
  const stuck: BodyWriter = { write: () => new Promise((resolve) => released.push(resolve)) };
  const bodies: Promise<void>[] = [];
  const waiting: Promise<ApiResponse>[] = [];
  for (let at = 0; at < 40; at++) {
    const answer = api.handler(ask('GET', configMaps, 'greedy'));
    waiting.push(answer);
    answer
      .then(({ body }) => {
        if (typeof body === 'function') bodies.push(body(stuck));
      })
      .catch(() => undefined);
  }
  while (released.length === 0) await new Promise((resolve) => setImmediate(resolve));
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  const text = async () => String((await call('GET', '/metrics')).body);
  const level = 'flow_schema="global-default",priority_level="global-default"';
  t.match(await text(), new RegExp(`current_inqueue_requests\\{${level}\\} [1-9]`));
  t.ok(bodies.length < 40, `${bodies.length} of 40 lists have a seat`);
  const modest = api.handler(ask('GET', configMaps, 'modest'));
  const beat = await turnsOf(heartbeat());
  t.equal(beat.result.status, 200, 'nodes have seats of their own');
  t.equal((await call('GET', `${configMaps}/c1`)).status, 200, 'and so do administrators');
  // Everybody reads on; the modest one is not last.
  let served = 0;
  const finished = modest.then(async (answer) => {
    const before = served;
    if (typeof answer.body === 'function') await answer.body({ write: () => undefined });
    return { status: answer.status, before };
  });
  for (const answer of waiting) answer.then(() => served++).catch(() => undefined);
  const pump = setInterval(() => {
    for (const release of released.splice(0)) release();
  }, 0);
  const { status, before } = await finished;
  t.equal(status, 200);
  t.ok(before < 40, `it came after ${before} of 40`);
  await Promise.all(waiting);
  while (bodies.length < 40) await new Promise((resolve) => setImmediate(resolve));
  await Promise.all(bodies);
  clearInterval(pump);
  t.equal(api.pendingWork(), 0, 'every seat is free again');
});

t.test('answers say how they were classified', async (t) => {
  const group = '/apis/flowcontrol.apiserver.k8s.io/v1';
  const schema = await call('GET', `${group}/flowschemas/global-default`);
  const level = await call('GET', `${group}/prioritylevelconfigurations/global-default`);
  const answer = await call('GET', `${configMaps}/c1`, undefined, {
    authorization: 'Bearer modest',
  });
  t.equal(answer.headers['x-kubernetes-pf-flowschema-uid'], schema.body.metadata?.uid);
  t.equal(answer.headers['x-kubernetes-pf-prioritylevel-uid'], level.body.metadata?.uid);
  const refused = await call('GET', '/api/v1/secrets', undefined, { authorization: 'Bearer node' });
  t.equal(refused.status, 403);
  t.ok(refused.headers['x-kubernetes-pf-flowschema-uid'], 'refusals too');
  t.match(schema.body.status?.conditions, [{ type: 'Dangling', status: 'False', reason: 'Found' }]);
});

t.test('a schema without its level is dangling, and is passed over', async (t) => {
  const group = '/apis/flowcontrol.apiserver.k8s.io/v1';
  const spec = {
    priorityLevelConfiguration: { name: 'nowhere' },
    matchingPrecedence: 50,
    rules: [
      {
        subjects: [{ kind: 'User', user: { name: 'modest' } }],
        resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'] }],
      },
    ],
  };
  t.equal(
    (await call('POST', `${group}/flowschemas`, { metadata: { name: 'mine' }, spec })).status,
    201,
  );
  const condition = async () => {
    const { status } = (await call('GET', `${group}/flowschemas/mine`)).body;
    return (
      status?.conditions as unknown as { status: string; message: string }[] | undefined
    )?.[0];
  };
  while ((await condition()) === undefined) await new Promise((resolve) => setImmediate(resolve));
  t.match(await condition(), {
    status: 'True',
    message:
      'This FlowSchema references the PriorityLevelConfiguration object named "nowhere" but there is no such object',
  });
  const ask = () => call('GET', `${configMaps}/c1`, undefined, { authorization: 'Bearer modest' });
  const before = (await ask()).headers['x-kubernetes-pf-prioritylevel-uid'];
  const level = {
    metadata: { name: 'nowhere' },
    spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } },
  };
  const made = await call('POST', `${group}/prioritylevelconfigurations`, level);
  t.equal(made.status, 201);
  while ((await condition())?.status === 'True') {
    await new Promise((resolve) => setImmediate(resolve));
  }
  const after = (await ask()).headers['x-kubernetes-pf-prioritylevel-uid'];
  t.not(after, before);
  t.equal(after, made.body.metadata?.uid);
});
