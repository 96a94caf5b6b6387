// /metrics under upstream's names, health endpoints in upstream's words, dumps of priority and fairness.
import t from 'tap';
import { systemClock } from '../clock.ts';
import { Metrics } from '../metrics.ts';
import { createMemoryDriver } from '../storage/memory.ts';
import { testApi } from './api.fixture.ts';
import { healthAnswer } from './health.ts';
import { serverChecks } from './health-checks.ts';
import { parseRequest } from './request-info.ts';

const { api, call } = await testApi();
t.teardown(() => api.close());
const configMaps = '/api/v1/namespaces/default/configmaps';
const where = 'group="",resource="configmaps"';

async function metrics(): Promise<string> {
  return String((await call('GET', '/metrics')).body);
}

t.test('requests are counted under upstream labels', async (t) => {
  await call('POST', configMaps, { metadata: { name: 'a' }, data: { k: 'v' } });
  await call('POST', `${configMaps}?dryRun=All`, { metadata: { name: 'b' } });
  await call('GET', `${configMaps}/a`);
  await call('GET', configMaps);
  await call('GET', `${configMaps}/missing`);
  const apply = { 'content-type': 'application/apply-patch+yaml' };
  const applied = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } };
  await call('PATCH', `${configMaps}/a?fieldManager=x`, applied, apply);
  await call('GET', '/readyz');
  await call('GET', '/no/such/path');
  const text = await metrics();
  const all = await call('GET', '/api/v1/configmaps');
  const stored = Object.keys(all.body.items ?? {}).length;
  const counted = (verb: string, code: number, scope: string, dryRun = '') =>
    `apiserver_request_total{code="${code}",component="apiserver",dry_run="${dryRun}",group="",` +
    `resource="configmaps",scope="${scope}",subresource="",verb="${verb}",version="v1"} 1\n`;
  t.match(text, counted('POST', 201, 'resource'));
  t.match(text, counted('POST', 201, 'resource', 'All'));
  t.match(text, counted('GET', 200, 'resource'));
  t.match(text, counted('GET', 404, 'resource'));
  t.match(text, counted('LIST', 200, 'namespace'));
  t.match(text, counted('APPLY', 200, 'resource'));
  t.match(text, 'subresource="/readyz",verb="GET"');
  t.notMatch(text, '/no/such/path', 'made up paths make no series');
  t.match(text, '# HELP apiserver_request_total [STABLE] Counter of apiserver requests');
  t.match(text, '# TYPE apiserver_request_duration_seconds histogram');
  t.match(text, /apiserver_response_sizes_count\{[^}]*verb="LIST"[^}]*\} 1/);
  t.match(text, `apiserver_resource_objects{${where}} ${stored}\n`);
  t.match(text, `apiserver_storage_objects{resource="configmaps"} ${stored}\n`);
  t.match(text, 'apiserver_storage_objects{resource="leases.coordination.k8s.io"}');
  t.match(
    text,
    `etcd_request_duration_seconds_count{${where.replace(',', ',operation="create",')}} `,
  );
  for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes']) {
    t.match(text, new RegExp(`^${name} [0-9.e+]+$`, 'm'));
  }
});

t.test('a watch counts as long as it lasts, and each of its events', async (t) => {
  const client = new AbortController();
  const answer = await api.handler({
    method: 'GET',
    url: `${configMaps}?watch=1`,
    headers: {},
    insecure: true,
    signal: client.signal,
  });
  let heard: () => void = () => undefined;
  const first = new Promise<void>((resolve) => {
    heard = resolve;
  });
  if (typeof answer.body !== 'function') throw new Error('a watch streams');
  const over = answer.body({ write: () => heard() as undefined });
  await first;
  const open =
    /apiserver_longrunning_requests\{[^}]*resource="configmaps"[^}]*verb="WATCH"[^}]*\} 1\n/;
  t.match(await metrics(), open);
  t.match(await metrics(), `apiserver_watch_events_total{${where},version="v1"} 1\n`);
  // Its seat is free once it has sent what there was.
  while (api.pendingWork() > 0) await new Promise((resolve) => setImmediate(resolve));
  client.abort();
  await over;
  t.notMatch(await metrics(), open);
  t.match(await metrics(), /request_total\{code="200"[^}]*verb="WATCH"/);
});

t.test('health, as a whole and by check', async (t) => {
  const body = async (url: string) => String((await call('GET', url)).body);
  t.equal(await body('/livez'), 'ok');
  t.equal(await body('/readyz/etcd-readiness'), 'ok');
  t.equal(await body('/livez/poststarthook/rbac/bootstrap-roles'), 'ok');
  t.equal((await call('GET', '/livez/shutdown')).status, 404);
  const verbose = await body('/readyz?verbose&exclude=etcd&exclude=zz&exclude=nothing');
  t.match(verbose, '[+]ping ok\n[+]log ok\n[+]etcd excluded: ok\n[+]etcd-readiness ok\n');
  t.match(
    verbose,
    '[+]shutdown ok\nwarn: some health checks cannot be excluded: no matches for "nothing","zz"\n' +
      'readyz check passed\n',
  );
});

t.test('how health checks went is counted', async (t) => {
  const slis = async () => String((await call('GET', '/metrics/slis')).body);
  await call('GET', '/readyz');
  t.match(await slis(), '\nkubernetes_healthcheck{name="etcd-readiness",type="readyz"} 1\n');
  const counted =
    /healthchecks_total\{name="etcd-readiness",status="success",type="readyz"\} (\d+)/;
  const before = Number(counted.exec(await slis())?.[1]);
  await call('GET', '/readyz/etcd-readiness');
  await call('GET', '/readyz?exclude=etcd-readiness');
  await call('GET', '/readyz');
  t.equal(Number(counted.exec(await slis())?.[1]), before + 1);
});

t.test('a server that is not there yet, or ends, says so', async (t) => {
  const driver = createMemoryDriver({ clock: systemClock });
  const state = { started: false, closing: true };
  const ask = async (url: string) => {
    const info = parseRequest('GET', url);
    if (info === undefined) throw new Error(url);
    return healthAnswer(info, serverChecks(driver, state));
  };
  const failed = await ask('/readyz');
  t.equal(failed?.status, 500);
  t.match(failed?.body, '[-]informer-sync failed: reason withheld\n');
  t.match(failed?.body, /\[-\]shutdown failed: reason withheld\nreadyz check failed\n$/);
  const one = await ask('/readyz/shutdown');
  t.equal(one?.body, 'internal server error: process is shutting down\n');
  await driver.close();
  t.equal((await ask('/livez/etcd'))?.status, 500);
});

t.test('dumps of priority and fairness', async (t) => {
  const dump = async (name: string, query = '') =>
    String((await call('GET', `/debug/api_priority_and_fairness/${name}${query}`)).body).split(
      '\n',
    );
  const levels = await dump('dump_priority_levels');
  t.match(
    levels[0],
    /^PriorityLevelName, +ActiveQueues, +IsIdle, +IsQuiescing, +WaitingRequests, /,
  );
  t.match(levels[1], /^catch-all, +0, +true, +false, +0, +0, +0, +0, +0, +0$/);
  t.match(levels[2], /^exempt, +0, +false, +false, +0, +1, /);
  const requests = await dump('dump_requests', '?includeRequestDetails=1');
  t.match(requests[0], /^PriorityLevelName, +FlowSchemaName, .* StartTime, +UserName, /);
  t.match(requests[1], /^exempt, +exempt, +-1, +-1, +, +.* admin, +get, +\/debug\/api_priority/);
  t.match((await dump('dump_queues'))[0], /^PriorityLevelName, +Index, +PendingRequests, /);
  t.equal((await call('GET', '/debug/nothing')).status, 404);
});

t.test('the text of metrics', (t) => {
  const metrics = new Metrics();
  const counter = metrics.counter({ name: 'b_total', help: 'B.', labels: ['z', 'a'] });
  counter.with('1', 'say "hi"\n').add(2);
  metrics.gauge({ name: 'unused', help: 'Never set.', labels: ['x'] });
  const sizes = metrics.histogram({
    name: 'a_sizes',
    help: 'A.',
    buckets: [1, 10],
    stability: 'BETA',
  });
  for (const value of [1, 5, 50]) sizes.with().observe(value);
  t.equal(
    metrics.text(),
    '# HELP a_sizes [BETA] A.\n# TYPE a_sizes histogram\n' +
      'a_sizes_bucket{le="1"} 1\na_sizes_bucket{le="10"} 2\na_sizes_bucket{le="+Inf"} 3\n' +
      'a_sizes_sum 56\na_sizes_count 3\n' +
      '# HELP b_total [ALPHA] B.\n# TYPE b_total counter\n' +
      'b_total{a="say \\"hi\\"\\n",z="1"} 2\n',
  );
  t.end();
});
