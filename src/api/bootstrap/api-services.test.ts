// The APIServices that the server makes for itself: at start, after changes, and by name.
import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import { systemClock } from '../../clock.ts';
import type { APIService } from '../../objects.ts';
import { defineResource } from '../../registry/resource.ts';
import { createMemoryDriver } from '../../storage/memory.ts';
import { testApi } from '../api.fixture.ts';
import { registrationAction } from './api-services.ts';

const path = '/apis/apiregistration.k8s.io/v1/apiservices';

t.test('one for each group-version, with its priorities and its condition', async (t) => {
  const { api, call } = await testApi({ runtimeConfig: new Map([['api/beta', 'true']]) });
  t.teardown(() => api.close());
  const { body } = await call('GET', `${path}/v1.apps`);
  t.match(body, {
    metadata: {
      name: 'v1.apps',
      labels: { 'kube-aggregator.kubernetes.io/automanaged': 'onstart' },
    },
    spec: { group: 'apps', version: 'v1', groupPriorityMinimum: 17_800, versionPriority: 15 },
    status: {
      conditions: [
        {
          type: 'Available',
          status: 'True',
          reason: 'Local',
          message: 'Local APIServices are always available',
        },
      ],
    },
  });
  t.match((await call('GET', `${path}/v1.`)).body, { spec: { version: 'v1' } });
  t.equal((await call('GET', `${path}/v1beta1.admissionregistration.k8s.io`)).status, 200);
  t.equal((await call('GET', `${path}/v1alpha1.admissionregistration.k8s.io`)).status, 404);
  t.equal((await call('GET', `${path}/v1.apiregistration.k8s.io`)).status, 404, 'the own group');
});

t.test('a status that somebody has changed is put right', async (t) => {
  const { api, call } = await testApi();
  t.teardown(() => api.close());
  const url = `${path}/v1.apps`;
  const { body } = await call('GET', url);
  const changed = await call('PUT', `${url}/status`, { ...body, status: {} });
  t.equal(changed.status, 200);
  while ((await call('GET', url)).body.status?.conditions === undefined) await setImmediate();
  t.pass('it has its condition again');
});

t.test('a restart brings back what was changed and tidies what is no longer served', async (t) => {
  const driver = createMemoryDriver({ clock: systemClock });
  const first = await testApi({ driver });
  const merge = { 'content-type': 'application/merge-patch+json' };
  const priority = { spec: { versionPriority: 20 } };
  await first.call('PATCH', `${path}/v1.apps`, priority, merge);
  await first.call('DELETE', `${path}/v1.batch`);
  const other = (group: string, labels: object) => ({
    metadata: { name: `v9.${group}`, labels },
    spec: { group, version: 'v9', groupPriorityMinimum: 1000, versionPriority: 9 },
  });
  const onStart = { 'kube-aggregator.kubernetes.io/automanaged': 'onstart' };
  await first.call('POST', path, other('gone.example.com', onStart));
  await first.call('POST', path, other('mine.example.com', {}));
  const changed = await first.call('GET', `${path}/v1.apps`);
  t.match(changed.body.spec, { versionPriority: 20 }, 'while it runs, that stands');
  t.equal((await first.call('GET', `${path}/v1.batch`)).status, 404);
  first.api.close();
  const { api, call } = await testApi({ driver });
  t.teardown(() => api.close());
  t.match((await call('GET', `${path}/v1.apps`)).body.spec, { versionPriority: 15 });
  t.equal((await call('GET', `${path}/v1.batch`)).status, 200);
  t.equal((await call('GET', `${path}/v9.gone.example.com`)).status, 404);
  t.equal((await call('GET', `${path}/v9.mine.example.com`)).status, 200);
});

t.test('a custom group-version comes and goes', async (t) => {
  const { api, call } = await testApi();
  t.teardown(() => api.close());
  const custom = defineResource({
    kind: 'Thing',
    plural: 'things',
    singular: 'thing',
    namespaced: true,
    custom: true,
    groups: [
      {
        group: 'example.com',
        versions: [{ version: 'v2', schema: 'io.k8s.api.core.v1.ConfigMap' }],
      },
    ],
  });
  const url = `${path}/v2.example.com`;
  const until = async (status: number) => {
    while ((await call('GET', url)).status !== status) await setImmediate();
  };
  api.registry.add(custom);
  await until(200);
  t.match((await call('GET', url)).body, {
    metadata: { labels: { 'kube-aggregator.kubernetes.io/automanaged': 'true' } },
    spec: { groupPriorityMinimum: 1000, versionPriority: 100 },
  });
  await call('DELETE', url);
  await until(200);
  api.registry.remove(custom);
  await until(404);
});

t.test('what is done about one', (t) => {
  const object = (managed: string | undefined, versionPriority = 1): APIService => ({
    metadata: managed === undefined ? {} : { labels: label(managed) },
    spec: { version: 'v1', groupPriorityMinimum: 1, versionPriority },
  });
  const label = (value: string) => ({ 'kube-aggregator.kubernetes.io/automanaged': value });
  const start = object('onstart');
  const always = object('true');
  const cases: [
    current: APIService | undefined,
    wanted: APIService | undefined,
    when: 'first' | 'synced' | 'later',
    action: string,
  ][] = [
    [undefined, undefined, 'first', 'none'],
    [undefined, start, 'first', 'create'],
    [undefined, start, 'synced', 'none'],
    [undefined, always, 'synced', 'create'],
    [object(undefined, 2), always, 'first', 'none'],
    [object('onstart', 2), start, 'later', 'none'],
    [object('onstart', 2), start, 'first', 'update'],
    [object('onstart', 2), start, 'synced', 'none'],
    [object('onstart'), undefined, 'first', 'delete'],
    [object('onstart'), undefined, 'synced', 'none'],
    [object('true'), undefined, 'synced', 'delete'],
    [object('true', 2), always, 'synced', 'update'],
    [object('true'), always, 'synced', 'none'],
  ];
  for (const [current, wanted, when, action] of cases) {
    t.equal(registrationAction(current, wanted, when === 'synced', when !== 'later'), action);
  }
  t.end();
});
