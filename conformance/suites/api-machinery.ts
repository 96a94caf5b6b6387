// What the API promises about objects: lifecycles, watches, chunks, validation, garbage, discovery.
import type { V1APIGroupList, V1APIResourceList } from '@kubernetes/client-node';
import type { Test } from 'tap';
import { type AnyObject, statusOf, type WatchLine } from '../api.ts';
import { waitFor } from '../wait.ts';
import { openWorkbench, type Suite, type Workbench } from '../workbench.ts';

type Check = (t: Test, bench: Workbench) => Promise<void>;

const configMap = (name: string, data: object = {}, labels: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels },
  data,
});

const mergePatch = 'application/merge-patch+json';

/** The first `count` lines of a watch. */
async function take(lines: AsyncGenerator<WatchLine>, count: number): Promise<WatchLine[]> {
  const taken: WatchLine[] = [];
  for await (const line of lines) {
    taken.push(line);
    if (taken.length === count) break;
  }
  return taken;
}

const brief = (lines: readonly WatchLine[]) =>
  lines.map(({ type, object }) => `${type} ${object.metadata.name} ${object.data?.n ?? ''}`.trim());

const checks: Readonly<Record<string, Check>> = {
  '[sig-node] ConfigMap should run through a ConfigMap lifecycle': async (t, { api, core }) => {
    const path = core('configmaps/life');
    const made = await api.ok('POST', core('configmaps'), { body: configMap('life', { a: '1' }) });
    const patched = await api.ok('PATCH', path, {
      contentType: mergePatch,
      body: { data: { b: '2' } },
    });
    t.strictSame(patched.data, { a: '1', b: '2' });
    t.equal(patched.metadata.uid, made.metadata.uid);
    t.not(patched.metadata.resourceVersion, made.metadata.resourceVersion);
    const same = await api.ok('PATCH', path, { contentType: mergePatch, body: {} });
    t.equal(same.metadata.resourceVersion, patched.metadata.resourceVersion, 'no change, no write');
    const gone = JSON.parse((await api.request('DELETE', path)).text) as { status: string };
    t.equal(gone.status, 'Success');
    t.equal((await api.request('GET', path)).status, 404);
  },
  '[sig-storage] ConfigMap should be immutable if `immutable` field is set': async (
    t,
    { api, core },
  ) => {
    await api.ok('POST', core('configmaps'), {
      body: { ...configMap('fixed', { a: '1' }), immutable: true },
    });
    const answer = await api.request('PATCH', core('configmaps/fixed'), {
      contentType: mergePatch,
      body: { data: { a: '2' } },
    });
    t.equal(answer.status, 422);
    t.match(statusOf(answer).message, /field is immutable when `immutable` is set/);
  },
  '[sig-api-machinery] Servers with support for API chunking should return chunks of results for list calls':
    async (t, { api, core }) => {
      for (let i = 0; i < 7; i++) {
        await api.ok('POST', core('secrets'), { body: { metadata: { name: `chunk-${i}` } } });
      }
      const seen: string[] = [];
      const revisions = new Set<string>();
      let token = '';
      do {
        const query = `limit=3&continue=${encodeURIComponent(token)}`;
        const list = await api.ok('GET', core(`secrets?${query}`));
        seen.push(...(list.items ?? []).map(({ metadata }) => metadata.name ?? ''));
        revisions.add(list.metadata.resourceVersion ?? '');
        token = list.metadata.continue ?? '';
        if (token !== '') t.equal(list.metadata.remainingItemCount, 7 - seen.length);
      } while (token !== '');
      t.strictSame(
        seen,
        [0, 1, 2, 3, 4, 5, 6].map((i) => `chunk-${i}`),
      );
      t.equal(revisions.size, 1, 'all chunks are of one revision');
    },
  '[sig-api-machinery] Watchers should observe add, update, and delete watch notifications on configmaps':
    async (t, { api, core }) => {
      const list = await api.ok('GET', core('configmaps?labelSelector=w%3D1'));
      const from = list.metadata.resourceVersion ?? '';
      const query = 'watch=1&labelSelector=w%3D1&timeoutSeconds=20';
      const lines = take(api.watch(core(`configmaps?${query}&resourceVersion=${from}`)), 4);
      const path = core('configmaps/seen');
      const patch = (body: object) => api.ok('PATCH', path, { contentType: mergePatch, body });
      await api.ok('POST', core('configmaps'), { body: configMap('seen', { n: '1' }, { w: '1' }) });
      await patch({ data: { n: '2' } });
      await patch({ metadata: { labels: { w: '2' } } });
      await patch({ metadata: { labels: { w: '1' } }, data: { n: '3' } });
      const seen = await lines;
      const expected = ['ADDED seen 1', 'MODIFIED seen 2', 'DELETED seen 2', 'ADDED seen 3'];
      t.strictSame(brief(seen), expected, 'leaving the selector is a deletion');
      const again = api.watch(
        core(`configmaps?${query}&resourceVersion=${seen[0]?.object.metadata.resourceVersion}`),
      );
      t.strictSame(brief(await take(again, 3)), expected.slice(1), 'resumed behind the first');
      await api.ok('DELETE', path);
    },
  '[sig-api-machinery] Watchers should receive events on concurrent watches in same order': async (
    t,
    { api, core },
  ) => {
    const { metadata } = await api.ok('GET', core('configmaps'));
    const query = `watch=1&timeoutSeconds=20&resourceVersion=${metadata.resourceVersion}`;
    const watches = [1, 2, 3].map(() => take(api.watch(core(`configmaps?${query}`)), 30));
    await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        api.ok('POST', core('configmaps'), { body: configMap(`order-${i}`) }),
      ),
    );
    const orders = (await Promise.all(watches)).map(brief);
    t.strictSame(orders[1], orders[0]);
    t.strictSame(orders[2], orders[0]);
  },
  '[sig-api-machinery] FieldValidation should detect unknown and duplicate fields of a typed object':
    async (t, { api, core }) => {
      const body = '{"metadata":{"name":"v","nome":1},"data":{"a":"1","a":"2"},"dota":{}}';
      const path = (mode: string) => core(`configmaps?dryRun=All&fieldValidation=${mode}`);
      const strict = await api.request('POST', path('Strict'), { body });
      t.equal(strict.status, 400);
      t.match(statusOf(strict).message, /unknown field "metadata\.nome"/);
      t.match(statusOf(strict).message, /unknown field "dota"/);
      t.match(statusOf(strict).message, /duplicate field "data\.a"/);
      const warn = await api.request('POST', path('Warn'), { body });
      t.equal(warn.status, 201);
      t.match(String(warn.headers.warning), /299 - "unknown field \\"dota\\""/);
      const ignore = await api.request('POST', path('Ignore'), { body });
      t.equal(ignore.headers.warning, undefined);
    },
  '[sig-api-machinery] Server-side apply keeps owners, finds conflicts and yields to force': async (
    t,
    { api, core },
  ) => {
    const apply = (manager: string, data: object, force = false) =>
      api.request('PATCH', core(`configmaps/applied?fieldManager=${manager}&force=${force}`), {
        contentType: 'application/apply-patch+yaml',
        body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'applied' }, data },
      });
    t.equal((await apply('one', { a: '1', b: '1' })).status, 201);
    t.equal((await apply('two', { c: '3' })).status, 200);
    const conflict = await apply('two', { a: '2' });
    t.equal(conflict.status, 409);
    t.match(
      statusOf(conflict).message,
      'Apply failed with 1 conflict: conflict with "one": .data.a',
    );
    t.equal((await apply('two', { a: '2' }, true)).status, 200);
    const removed = JSON.parse((await apply('one', {})).text) as AnyObject;
    t.strictSame(removed.data, { a: '2' }, 'what one alone owned is gone, what two took stays');
  },
  '[sig-api-machinery] Discovery should locate the groupVersion and a resource within each APIGroup':
    async (t, { api }) => {
      const { groups } = await api.ok<V1APIGroupList>('GET', '/apis');
      for (const group of groups) {
        const version = group.preferredVersion?.groupVersion ?? '';
        const list = await api.ok<V1APIResourceList>('GET', `/apis/${version}`);
        t.equal(list.groupVersion, version);
        t.ok(list.resources.length > 0, `${version} has resources`);
      }
      const aggregated = await api.request('GET', '/apis', {
        headers: {
          accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
        },
      });
      t.match(String(aggregated.headers['content-type']), 'as=APIGroupDiscoveryList');
    },
  '[sig-api-machinery] Garbage collector should delete RS created by deployment when not orphaning':
    async (t, bench) => {
      const { api } = bench;
      const deployments = bench.group('apps/v1', 'deployments');
      const sets = bench.group('apps/v1', 'replicasets');
      const count = async () => (await api.ok('GET', sets)).items?.length ?? 0;
      const make = (name: string) =>
        api.ok('POST', deployments, {
          body: {
            metadata: { name },
            spec: {
              replicas: 0,
              selector: { matchLabels: { app: name } },
              template: {
                metadata: { labels: { app: name } },
                spec: { containers: [{ name: 'main', image: 'busybox:1.35' }] },
              },
            },
          },
        });
      await make('owner');
      await waitFor('a ReplicaSet', async () => (await count()) === 1);
      await api.ok('DELETE', `${deployments}/owner`, { body: { propagationPolicy: 'Foreground' } });
      await waitFor('its end', async () => (await count()) === 0);
      await make('parent');
      await waitFor('a ReplicaSet', async () => (await count()) === 1);
      await api.ok('DELETE', `${deployments}/parent`, { body: { propagationPolicy: 'Orphan' } });
      await waitFor('the parent to go', async () => {
        return (await api.request('GET', `${deployments}/parent`)).status === 404;
      });
      t.equal(await count(), 1, 'the orphan stays');
    },
  '[sig-api-machinery] Namespaces should ensure that all services are removed when a namespace is deleted':
    async (t, { api, namespace }) => {
      const name = `${namespace}-inner`;
      const path = `/api/v1/namespaces/${name}`;
      await api.ok('POST', '/api/v1/namespaces', { body: { metadata: { name } } });
      await api.ok('POST', `${path}/services`, {
        body: { metadata: { name: 's' }, spec: { ports: [{ port: 80 }] } },
      });
      const deleted = await api.ok<{ status: { phase: string } }>('DELETE', path);
      t.equal(deleted.status.phase, 'Terminating');
      const late = await api.request('POST', `${path}/configmaps`, { body: configMap('late') });
      t.equal(late.status, 403);
      t.match(statusOf(late).message, `because it is being terminated`);
      await waitFor('the namespace to go', async () => {
        return (await api.request('GET', path)).status === 404;
      });
    },
  '[sig-node] Lease lease API should be available': async (t, bench) => {
    const leases = bench.group('coordination.k8s.io/v1', 'leases');
    const spec = { holderIdentity: 'me', renewTime: '2026-01-02T03:04:05.000006Z' };
    const lease = await bench.api.ok<{ spec: object }>('POST', leases, {
      body: { metadata: { name: 'lease' }, spec },
    });
    t.strictSame(lease.spec, spec, 'microseconds are kept');
  },
};

export const apiMachinery: Suite = {
  name: 'api-machinery',
  async run(t, cluster) {
    for (const [name, check] of Object.entries(checks)) {
      await t.test(name, async (t) => check(t, await openWorkbench(t, cluster)));
    }
  },
};
