// The flow control objects come with the server, and come back as upstream's do.
import t from 'tap';
import { testApi } from '../api.fixture.ts';
import { ensureFlowControl } from './flow-control.ts';

const { api, call } = await testApi();
t.teardown(() => api.close());
const schemas = '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas';
const levels = '/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations';
const merge = { 'content-type': 'application/merge-patch+json' };
const annotation = 'apf.kubernetes.io/autoupdate-spec';

async function ensured(): Promise<void> {
  for (const plural of ['flowschemas', 'prioritylevelconfigurations']) {
    await api.registry.store('flowcontrol.apiserver.k8s.io', plural)?.cache.consistent();
  }
  await ensureFlowControl(api.registry);
}

t.test('a server starts with them', async (t) => {
  const table = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
  const rows = (await call('GET', schemas, undefined, table)).body.rows as unknown as {
    cells: unknown[];
  }[];
  t.same(
    rows.map(({ cells }) => cells[0]),
    [
      'exempt',
      'probes',
      'system-leader-election',
      'system-node-high',
      'system-nodes',
      'kube-controller-manager',
      'kube-scheduler',
      'kube-system-service-accounts',
      'service-accounts',
      'global-default',
      'catch-all',
    ],
    'in the order they are tried',
  );
  t.match((await call('GET', `${levels}/catch-all`)).body.metadata?.annotations, {
    [annotation]: 'true',
  });
});

t.test('suggested ones are repaired unless told otherwise', async (t) => {
  const spec = { spec: { matchingPrecedence: 7 } };
  await call('PATCH', `${schemas}/probes`, spec, merge);
  await ensured();
  t.equal((await call('GET', `${schemas}/probes`)).body.spec?.matchingPrecedence, 2);
  const hands = { metadata: { annotations: { [annotation]: 'false' } }, ...spec };
  await call('PATCH', `${schemas}/probes`, hands, merge);
  await ensured();
  t.equal((await call('GET', `${schemas}/probes`)).body.spec?.matchingPrecedence, 7);
  await call('DELETE', `${schemas}/probes`);
  await ensured();
  t.equal((await call('GET', `${schemas}/probes`)).body.spec?.matchingPrecedence, 2);
  await call(
    'PATCH',
    `${levels}/system`,
    { metadata: { annotations: { [annotation]: null } } },
    merge,
  );
  await ensured();
  const system = (await call('GET', `${levels}/system`)).body;
  t.equal(system.metadata?.annotations?.[annotation], 'true', 'nobody changed its spec');
});

t.test('mandatory ones cannot be changed, but for the shares of the exempt level', async (t) => {
  const refused = await call(
    'PATCH',
    `${schemas}/catch-all`,
    { spec: { matchingPrecedence: 9 } },
    merge,
  );
  t.equal(refused.status, 422);
  const shares = { spec: { exempt: { nominalConcurrencyShares: 3 } } };
  t.equal((await call('PATCH', `${levels}/exempt`, shares, merge)).status, 200);
  await call(
    'PATCH',
    `${levels}/exempt`,
    { metadata: { annotations: { [annotation]: 'false' } } },
    merge,
  );
  await ensured();
  const exempt = (await call('GET', `${levels}/exempt`)).body;
  t.equal(exempt.spec?.exempt?.nominalConcurrencyShares, 3);
  t.equal(exempt.metadata?.annotations?.[annotation], 'true');
});

t.test('what is suggested no more goes, what others made stays', async (t) => {
  const spec = { priorityLevelConfiguration: { name: 'system' }, matchingPrecedence: 50 };
  const old = { metadata: { name: 'old', annotations: { [annotation]: 'true' } }, spec };
  t.equal((await call('POST', schemas, old)).status, 201);
  t.equal((await call('POST', schemas, { metadata: { name: 'mine' }, spec })).status, 201);
  await ensured();
  t.equal((await call('GET', `${schemas}/old`)).status, 404);
  t.equal((await call('GET', `${schemas}/mine`)).status, 200);
});
