// The ServiceCIDR controller: its plan by a table, and a range's life on the real API.
import t from 'tap';
import { serviceCidrs, services } from '../client/resource-ref.ts';
import type { ServiceCIDR } from '../objects.ts';
import { isReason } from '../status.ts';
import { testCluster } from './controllers.fixture.ts';
import { serviceCidrController } from './service-cidr.ts';
import { overlapping, planServiceCidr, protectionFinalizer } from './service-cidr-plan.ts';

const deletionTimestamp = '2026-01-01T00:00:00Z';
const deletedMs = Date.parse(deletionTimestamp);

function cidr(name: string, cidrs: string[], metadata: object = {}): ServiceCIDR {
  return { metadata: { name, finalizers: [protectionFinalizer], ...metadata }, spec: { cidrs } };
}

function address(name: string) {
  return {
    metadata: { name, labels: { 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' } },
  };
}

t.test('plan', (t) => {
  const going = (name: string, cidrs: string[]) => cidr(name, cidrs, { deletionTimestamp });
  const fresh = cidr('a', ['10.0.0.0/24'], { finalizers: [] });
  t.match(planServiceCidr(fresh, [fresh], [], 0), {
    finalizer: 'add',
    condition: { type: 'Ready', status: 'True' },
  });
  const small = going('small', ['10.0.0.0/24']);
  const used = [address('10.0.0.7')];
  const after = deletedMs + 10_000;
  t.match(planServiceCidr(small, [small], used, after), {
    condition: { status: 'False', reason: 'Terminating' },
  });
  t.same(planServiceCidr(small, [small], [], deletedMs), { requeueAfterMs: 10_000 });
  t.same(planServiceCidr(small, [small], [], after), { finalizer: 'remove' });
  const big = cidr('big', ['10.0.0.0/16']);
  t.same(planServiceCidr(small, [small, big], used, after), { finalizer: 'remove' }, 'a parent');
  const twin = cidr('twin', ['10.0.0.0/24']);
  t.same(planServiceCidr(small, [small, twin], used, after), { finalizer: 'remove' }, 'a twin');
  for (const edge of ['10.0.0.0', '10.0.0.255', '10.0.1.1', '2001:db8::1']) {
    t.same(planServiceCidr(small, [small], [address(edge)], after), { finalizer: 'remove' }, edge);
  }
  const dual = going('dual', ['10.0.0.0/24', '2001:db8::/120']);
  const six = [address('2001:db8::ff')];
  t.match(planServiceCidr(dual, [dual, big], six, after), { condition: { status: 'False' } });
  t.same(
    overlapping(small, [small, big, cidr('far', ['10.1.0.0/16'])]).map(
      (each) => each.metadata?.name,
    ),
    ['small', 'big'],
  );
  t.end();
});

t.test('the life of a range', async (t) => {
  const cluster = await testCluster([serviceCidrController]);
  t.teardown(() => cluster.close());
  const { client } = cluster;
  const read = (name: string) => client.get(serviceCidrs, '', name);
  const readyOf = ({ status }: ServiceCIDR) => status?.conditions?.[0];
  const isProtected = async (name: string) => {
    const found = await read(name);
    return found.metadata?.finalizers?.includes(protectionFinalizer) && found;
  };
  await cluster.until('the default is protected', () => isProtected('kubernetes'));
  await client.create(serviceCidrs, {
    metadata: { name: 'more' },
    spec: { cidrs: ['10.200.0.0/28'] },
  });
  const more = await cluster.until('the new one is ready', async () => {
    const found = await isProtected('more');
    return found && readyOf(found) !== undefined && found;
  });
  t.match(readyOf(more), { status: 'True', message: 'Kubernetes Service CIDR is ready' });
  await client.create(services, {
    metadata: { name: 'web', namespace: 'default' },
    spec: { clusterIP: '10.200.0.3', ports: [{ port: 80 }] },
  });
  await client.delete(serviceCidrs, '', 'more');
  const kept = await cluster.until('it says why it stays', async () => {
    const found = await read('more');
    return readyOf(found)?.status === 'False' && found;
  });
  t.match(readyOf(kept), { reason: 'Terminating' });
  await client.delete(services, 'default', 'web');
  await cluster.until('it goes when its last address has gone', async () => {
    try {
      await read('more');
      return false;
    } catch (error) {
      if (!isReason(error, 'NotFound')) throw error;
      return true;
    }
  });
  t.pass('gone');
});
