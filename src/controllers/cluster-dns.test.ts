// kube-dns against the real API: its Service, and one endpoint for each node.
import t from 'tap';
import { adminToken, testApi } from '../api/api.fixture.ts';
import { withToken } from '../client/credentials.ts';
import { createDirectTransport } from '../client/direct.ts';
import { endpointSlices, namespaces, nodes, services } from '../client/resource-ref.ts';
import { createClient } from '../client/rest-client.ts';
import { createInformer } from '../client/shared-informer.ts';
import { systemClock } from '../clock.ts';
import { silentLogger } from '../logger.ts';
import type { EndpointSlice } from '../objects.ts';
import { seededRandom } from '../random.ts';
import { clusterDnsController } from './cluster-dns.ts';
import { runControllers } from './runner.ts';

t.test('kube-dns has every node, and comes back when it is deleted', async (t) => {
  const { api } = await testApi();
  const stopping = new AbortController();
  const transport = withToken(createDirectTransport(api.handler), adminToken, { own: true });
  const client = createClient(transport, { userAgent: 'test' });
  const shared = { clock: systemClock, random: seededRandom(1), logger: silentLogger };
  // The server makes it too: whoever comes first.
  await client.create(namespaces, { metadata: { name: 'kube-system' } }).catch(() => undefined);
  const slices = createInformer(client, endpointSlices, { ...shared, namespace: 'kube-system' });
  slices.start(stopping.signal);
  const allServices = createInformer(client, services, { ...shared, namespace: 'kube-system' });
  allServices.start(stopping.signal);
  const controllers = runControllers([clusterDnsController], {
    ...shared,
    clientFor: () => client,
    signal: stopping.signal,
    options: { clusterDns: '10.96.0.10' },
  });
  t.teardown(async () => {
    stopping.abort();
    await controllers.stopped;
    await Promise.all([slices.stop(), allServices.stop()]);
    api.close();
  });

  const sliceIs = (expected: (slice: EndpointSlice | undefined) => boolean) =>
    new Promise<EndpointSlice | undefined>((resolve) => {
      const look = () => {
        const slice = slices.get('kube-system', 'kube-dns-a');
        if (expected(slice)) resolve(slice);
      };
      slices.subscribe({ add: look, update: look, delete: look });
      look();
    });
  const serviceOtherThan = (uid: string | undefined) =>
    new Promise<string | undefined>((resolve) => {
      allServices.subscribe({
        add({ metadata, spec }) {
          if (metadata?.name !== 'kube-dns' || metadata.uid === uid) return;
          t.equal(spec?.clusterIP, '10.96.0.10');
          resolve(metadata.uid);
        },
      });
    });

  const first = await serviceOtherThan(undefined);
  await client.delete(services, 'kube-system', 'kube-dns');
  await serviceOtherThan(first);

  const node = await client.create(nodes, { metadata: { name: 'a' } });
  const addresses = [{ type: 'InternalIP', address: '10.77.0.2' }];
  const condition = (status: string) => ({ addresses, conditions: [{ type: 'Ready', status }] });
  const unready = await client.update(
    nodes,
    { ...node, status: condition('False') },
    { subresource: 'status' },
  );
  const before = await sliceIs((slice) => slice !== undefined);
  t.match(before, {
    metadata: { labels: { 'kubernetes.io/service-name': 'kube-dns' } },
    ports: [
      { name: 'dns', port: 10053, protocol: 'UDP' },
      { name: 'dns-tcp', port: 10053, protocol: 'TCP' },
    ],
    endpoints: [{ addresses: ['10.77.0.2'], nodeName: 'a', conditions: { ready: false } }],
  });
  await client.update(nodes, { ...unready, status: condition('True') }, { subresource: 'status' });
  await sliceIs((slice) => slice?.endpoints?.[0]?.conditions?.ready === true);
  await client.delete(nodes, '', 'a');
  t.equal(await sliceIs((slice) => slice === undefined), undefined);
});
