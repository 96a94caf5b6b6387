// Evictions against the whole API: budgets, refusals and their causes, races, dry run, preconditions.
import t from 'tap';
import { type TestBody, testApi } from '../api.fixture.ts';

const { api, call } = await testApi();
t.teardown(() => api.close());
const core = '/api/v1/namespaces/default';
const budgetsUrl = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
await call('POST', `${core}/serviceaccounts`, { metadata: { name: 'default' } });

/** A pod of application `app`, bound and in `phase`. */
async function pod(name: string, app: string, phase = 'Running', ready = true): Promise<TestBody> {
  await call('POST', `${core}/pods`, {
    metadata: { name, labels: { app } },
    spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] },
  });
  const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }];
  const status = { phase, conditions };
  const patch = { 'content-type': 'application/merge-patch+json' };
  return (await call('PATCH', `${core}/pods/${name}/status`, { status }, patch)).body;
}

/** A budget for `app` whose controller has said `status`. */
async function budget(app: string, status: object, spec: object = {}): Promise<void> {
  const wanted = { minAvailable: 1, selector: { matchLabels: { app } }, ...spec };
  const { body } = await call('POST', budgetsUrl, { metadata: { name: app }, spec: wanted });
  const numbers = { currentHealthy: 0, desiredHealthy: 0, expectedPods: 0, disruptionsAllowed: 0 };
  const next = { ...body, status: { observedGeneration: 1, ...numbers, ...status } };
  await call('PUT', `${budgetsUrl}/${app}/status`, next);
}

const evict = (name: string, deleteOptions?: object, query = '') =>
  call('POST', `${core}/pods/${name}/eviction${query}`, {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name, namespace: 'default' },
    ...(deleteOptions === undefined ? {} : { deleteOptions }),
  });
const podOf = (name: string) => call('GET', `${core}/pods/${name}`);
const statusOf = async (app: string) => (await call('GET', `${budgetsUrl}/${app}`)).body.status;
const said = (body: TestBody) => body.details?.causes as unknown;

t.test('without a budget', async (t) => {
  await pod('free', 'free');
  const { status, body } = await evict('free');
  t.equal(status, 201);
  t.match(body, { kind: 'Status', status: 'Success', code: 201 });
  const gone = (await podOf('free')).body;
  t.ok(gone.metadata?.deletionTimestamp);
  t.match(gone.status?.conditions, [
    {},
    {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'EvictionByEvictionAPI',
      message: 'Eviction API: evicting',
    },
  ]);
  t.equal((await evict('nobody')).status, 404);
  const other = { metadata: { name: 'other' }, apiVersion: 'policy/v1', kind: 'Eviction' };
  const wrong = await call('POST', `${core}/pods/free/eviction`, other);
  t.equal(wrong.status, 400);
  t.equal(wrong.body.message, 'name in URL does not match name in Eviction object');
});

t.test('a budget is spent, and says when it is empty', async (t) => {
  await pod('a1', 'a');
  await pod('a2', 'a');
  await budget('a', { disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1 });
  t.equal((await evict('a1')).status, 201);
  const status = await statusOf('a');
  t.match(status, {
    disruptionsAllowed: 0,
    conditions: [
      { type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods', message: '' },
    ],
  });
  t.match(Object.keys(status?.disruptedPods ?? {}), ['a1']);
  const refused = await evict('a2');
  t.equal(refused.status, 429);
  t.notOk(refused.headers?.['retry-after']);
  t.match(refused.body, {
    reason: 'TooManyRequests',
    message: "Cannot evict pod as it would violate the pod's disruption budget.",
    details: {
      causes: [
        {
          reason: 'DisruptionBudget',
          message: 'The disruption budget a does not allow evicting pods currently',
        },
      ],
    },
  });
  t.notOk((await podOf('a2')).body.metadata?.deletionTimestamp);
});

t.test('why a budget gives nothing', async (t) => {
  await pod('b1', 'b');
  await budget('b', { currentHealthy: 1, desiredHealthy: 1 });
  t.same(said((await evict('b1')).body), [
    {
      reason: 'DisruptionBudget',
      message: 'The disruption budget b needs 1 healthy pods and has 1 currently',
    },
  ]);
  await pod('c1', 'c');
  const failed = { reason: 'SyncFailed', message: 'found no scale' };
  const at = '2026-01-01T00:00:00Z';
  const condition = { type: 'DisruptionAllowed', status: 'False', lastTransitionTime: at };
  await budget('c', { conditions: [{ ...condition, ...failed }] });
  t.match(said((await evict('c1')).body), [
    { message: /c does not allow evicting pods currently because it failed sync: found no scale/ },
  ]);
  await pod('d1', 'd');
  await budget('d', { observedGeneration: 0, disruptionsAllowed: 1 });
  const early = await evict('d1');
  t.equal(early.headers?.['retry-after'], '10');
  t.match(said(early.body), [
    { message: 'The disruption budget d is still being processed by the server.' },
  ]);
  await pod('e1', 'e');
  await budget('e', { disruptionsAllowed: 1 });
  await call('POST', budgetsUrl, { metadata: { name: 'e2' }, spec: { selector: {} } });
  t.match((await evict('e1')).body, {
    status: 'Failure',
    code: 500,
    message: /This pod has more than one PodDisruptionBudget/,
  });
  await call('DELETE', `${budgetsUrl}/e2`);
});

t.test('pods that do not count', async (t) => {
  const full = { currentHealthy: 1, desiredHealthy: 1 };
  await budget('f', full);
  for (const phase of ['Succeeded', 'Failed', 'Pending']) {
    const name = `f-${phase.toLowerCase()}`;
    await pod(name, 'f', phase);
    t.equal((await evict(name)).status, 201, phase);
  }
  await pod('f-sick', 'f', 'Running', false);
  t.equal((await evict('f-sick')).status, 201, 'the application is well without it');
  t.same((await statusOf('f'))?.disruptedPods, undefined);
  await budget('g', { currentHealthy: 0, desiredHealthy: 1 });
  await pod('g1', 'g', 'Running', false);
  t.equal((await evict('g1')).status, 429);
  const spec = { unhealthyPodEvictionPolicy: 'AlwaysAllow' };
  await budget('h', { currentHealthy: 0, desiredHealthy: 1 }, spec);
  await pod('h1', 'h', 'Running', false);
  t.equal((await evict('h1')).status, 201);
});

t.test('many at once share one budget', async (t) => {
  const names = Array.from({ length: 12 }, (_, at) => `many-${at}`);
  for (const name of names) await pod(name, 'many');
  await budget('many', { disruptionsAllowed: 5, currentHealthy: 12, desiredHealthy: 7 });
  const answers = await Promise.all(names.map((name) => evict(name)));
  t.equal(answers.filter(({ status }) => status === 201).length, 5);
  t.equal(answers.filter(({ status }) => status === 429).length, 7);
  const status = await statusOf('many');
  t.equal(Object.keys(status?.disruptedPods ?? {}).length, 5);
});

t.test('dry run and preconditions', async (t) => {
  const made = await pod('p1', 'p');
  await budget('p', { disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1 });
  t.equal((await evict('p1', { dryRun: ['All'] })).status, 201);
  t.equal((await evict('p1', undefined, '?dryRun=All')).status, 201);
  t.match(await statusOf('p'), { disruptionsAllowed: 1 });
  const kept = (await podOf('p1')).body;
  t.equal(kept.metadata?.resourceVersion, made.metadata?.resourceVersion, 'nothing was written');
  const clash = await evict('p1', { dryRun: ['Some'] }, '?dryRun=All');
  t.equal(clash.status, 500);
  const uid = await evict('p1', { preconditions: { uid: 'other' } });
  t.equal(uid.status, 409);
  t.match(uid.body.message, /on Pod "p1": the UID in the precondition \(other\) does not match/);
  await budget('q', { disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1 });
  await pod('q1', 'q');
  const stale = await evict('q1', { preconditions: { resourceVersion: '1' } });
  t.equal(stale.status, 409);
  const { metadata } = (await podOf('q1')).body;
  await call(
    'PATCH',
    `${budgetsUrl}/q/status`,
    { status: { disruptionsAllowed: 1 } },
    {
      'content-type': 'application/merge-patch+json',
    },
  );
  const { resourceVersion } = metadata ?? {};
  t.equal((await evict('q1', { preconditions: { resourceVersion } })).status, 201);
});
