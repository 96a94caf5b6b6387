// A server's identity Lease: made, renewed, and those of dead servers removed.
import t from 'tap';
import { VirtualClock } from '../../clock.ts';
import { createMemoryDriver } from '../../storage/memory.ts';
import { testApi } from '../api.fixture.ts';

const path = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases';
const label = 'apiserver.kubernetes.io%2Fidentity%3Dkube-apiserver';

t.test('each server has its Lease, and the dead lose theirs', async (t) => {
  const clock = new VirtualClock(Date.parse('2026-03-04T05:06:07Z'));
  const driver = createMemoryDriver({ clock });
  const first = await testApi({ clock, driver, hostname: 'one' });
  const listed = async ({ call }: typeof first) =>
    ((await call('GET', `${path}?labelSelector=${label}`)).body.items ?? []) as unknown as {
      metadata: { name: string; labels: Record<string, string> };
      spec: { holderIdentity: string; leaseDurationSeconds: number; renewTime: string };
    }[];
  const [lease] = await listed(first);
  t.match(lease?.metadata.name, /^apiserver-[a-z2-7]{26}$/);
  t.equal(lease?.metadata.labels['kubernetes.io/hostname'], 'one');
  t.equal(lease?.spec.leaseDurationSeconds, 3600);
  t.equal(lease?.spec.renewTime, '2026-03-04T05:06:07.000000Z');
  t.ok(lease?.spec.holderIdentity.startsWith(`${lease.metadata.name}_`));
  first.api.close();

  await clock.advance(1_800_000);
  const second = await testApi({ clock, driver, hostname: 'two' });
  t.equal((await listed(second)).length, 2, 'the first is not expired yet');
  second.api.close();

  await clock.advance(1_801_000);
  const third = await testApi({ clock, driver, hostname: 'two' });
  t.teardown(() => third.api.close());
  const left = await listed(third);
  t.strictSame(
    left.map(({ metadata }) => metadata.labels['kubernetes.io/hostname']),
    ['two'],
  );
  t.equal(left[0]?.spec.renewTime, '2026-03-04T06:06:08.000000Z', 'renewed in place');
});

t.test('a server that does not know its machine has none', async (t) => {
  const { api, call } = await testApi();
  t.teardown(() => api.close());
  const list = await call('GET', `${path}?labelSelector=${label}`);
  t.strictSame(list.body.items, []);
});
