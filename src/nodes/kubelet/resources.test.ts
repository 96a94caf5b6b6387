// Numbers: quantities, shares, quotas, OOM scores, classes, pod totals, image names, durations.
import t from 'tap';
import type { Pod } from '../../objects.ts';
import { admitPod, admitPodAnew } from './admission.ts';
import { goDuration } from './backoff.ts';
import { parseResolvConf, podDns, podHostname } from './dns.ts';
import { withDefaultTag } from './images.ts';
import { quantityMilli, quantityUnits } from './quantity.ts';
import {
  containerResources,
  cpuQuotaUs,
  cpuShares,
  podCgroupResources,
  podTotals,
  qosClassOf,
} from './resources.ts';

type Container = NonNullable<Pod['spec']>['containers'][number];
type Resources = NonNullable<Container['resources']>;

const container = (name: string, resources: Resources): Container => ({ name, resources });
const podOf = (containers: Container[], initContainers: Container[] = []): Pod => ({
  metadata: { name: 'p', namespace: 'ns', uid: 'u' },
  spec: { containers, initContainers },
});

t.test('quantities', async (t) => {
  t.equal(quantityUnits('1.5Gi'), 1610612736);
  t.equal(quantityUnits('1e3'), 1000);
  t.equal(quantityUnits('1500m'), 2);
  t.equal(quantityUnits('x'), 0);
  t.equal(quantityUnits(undefined), 0);
  t.equal(quantityMilli('0.1'), 100);
  t.equal(quantityMilli('100u'), 1);
});

t.test('shares and quotas', async (t) => {
  t.strictSame([0, 1, 100, 1000, 1e9].map(cpuShares), [2, 2, 102, 1024, 262144]);
  t.strictSame([0, 5, 500].map(cpuQuotaUs), [undefined, 1000, 50_000]);
});

t.test('classes, pod cgroups and OOM scores', async (t) => {
  const limits = { cpu: '500m', memory: '128Mi' };
  const guaranteed = podOf([container('a', { limits, requests: limits })]);
  t.equal(qosClassOf(guaranteed), 'Guaranteed');
  t.strictSame(podCgroupResources(guaranteed), {
    cpuShares: 512,
    cpuQuotaUs: 50_000,
    memoryLimitBytes: 128 * 2 ** 20,
  });
  const burstable = container('a', { requests: { memory: '1Gi', cpu: '100m' } });
  const pod = podOf([burstable]);
  t.equal(qosClassOf(pod), 'Burstable');
  t.strictSame(podCgroupResources(pod), { cpuShares: 102 });
  t.equal(containerResources(pod, burstable, 4 * 2 ** 30).oomScoreAdj, 750);
  const best = podOf([container('a', {})]);
  t.equal(qosClassOf(best), 'BestEffort');
  t.strictSame(podCgroupResources(best), { cpuShares: 2 });
});

t.test('pod totals count sidecars and the peak of the init phase', async (t) => {
  const side = { ...container('s', { requests: { cpu: '100m' } }), restartPolicy: 'Always' };
  const init = container('i', { requests: { cpu: '2' } });
  const pod = podOf([container('a', { requests: { cpu: '1' } })], [side, init]);
  t.strictSame(podTotals(pod, 'requests'), { cpu: 2100 });
});

t.test('a node refuses what does not fit', async (t) => {
  const capabilities = {
    version: 'containerd://1.6.20',
    userNamespaces: false,
    recursiveReadOnlyMounts: false,
    imageVolumes: false,
    supplementalGroupsPolicy: false,
    stopSignals: false,
  };
  const node = {
    metadata: { name: 'n', labels: { disk: 'ssd' } },
    status: { allocatable: { cpu: '2', pods: '110' } },
  };
  const pod = podOf([container('a', { requests: { cpu: '1500m' } })]);
  const input = { node, others: [], capabilities };
  t.equal(admitPod(pod, input), undefined);
  t.strictSame(admitPod(pod, { ...input, others: [pod] }), {
    reason: 'OutOfcpu',
    message: "Node didn't have enough resource: cpu, requested: 1500, used: 1500, capacity: 2000",
  });
  const foreign = podOf([container('a', { requests: { 'example.com/one': '1' } })]);
  t.equal(admitPod(foreign, input), undefined, 'what the node has not got is not its affair');
  const given = { ...node, status: { allocatable: { pods: '110', 'example.com/one': '0' } } };
  t.match(admitPod(foreign, { ...input, node: given }), { reason: 'OutOfexample.com/one' });
  const spec = { containers: [{ name: 'a' }], nodeSelector: { disk: 'hdd' } };
  t.match(admitPod({ spec }, input), { reason: 'NodeAffinity' });
  t.match(admitPod({ spec: { ...spec, nodeSelector: {}, hostUsers: false } }, input), {
    reason: 'RuntimeCapabilityMissing',
  });
  let seen = node;
  const relabel = async () => {
    seen = { ...node, metadata: { name: 'n', labels: { disk: 'hdd' } } };
  };
  const anew = (refresh: () => Promise<void>) =>
    admitPodAnew({ spec }, () => ({ ...input, node: seen }), refresh);
  const refused = { reason: 'NodeAffinity' };
  t.match(await anew(() => Promise.reject(new Error('no answer'))), refused);
  t.match(await anew(async () => undefined), refused);
  t.equal(await anew(relabel), undefined, 'labelled after the node was last read');
});

t.test('image names and durations', async (t) => {
  t.equal(withDefaultTag('nginx'), 'nginx:latest');
  t.equal(withDefaultTag('host:5000/a/b'), 'host:5000/a/b:latest');
  t.equal(withDefaultTag(`a/b:1@sha256:${'a'.repeat(64)}`), `a/b:1@sha256:${'a'.repeat(64)}`);
  t.equal(withDefaultTag('Not Valid'), undefined);
  t.strictSame([0, 250, 10_000, 80_000, 300_000, 3_600_000].map(goDuration), [
    '0s',
    '250ms',
    '10s',
    '1m20s',
    '5m0s',
    '1h0m0s',
  ]);
});

t.test('names and resolvers', async (t) => {
  t.strictSame(parseResolvConf('# x\nnameserver 1.1.1.1\nsearch a. b\noptions ndots:2\n'), {
    servers: ['1.1.1.1'],
    searches: ['a', 'b'],
    options: ['ndots:2'],
  });
  const pod: Pod = {
    metadata: { name: 'web-0', namespace: 'ns' },
    spec: {
      containers: [],
      subdomain: 'web',
      setHostnameAsFQDN: true,
      dnsConfig: { options: [{ name: 'ndots', value: '2' }], searches: ['x.y'] },
    },
  };
  t.equal(podHostname(pod, 'cluster.local').shown, 'web-0.web.ns.svc.cluster.local');
  const options = { clusterDns: ['10.96.0.10'], clusterDomain: 'cluster.local', resolvConf: '/no' };
  t.strictSame(await podDns(pod, options), {
    servers: ['10.96.0.10'],
    searches: ['ns.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'x.y'],
    options: ['ndots:2'],
  });
});
