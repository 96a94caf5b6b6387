// What every cgroup driver must do, whichever version the kernel has.
import type { Test } from 'tap';
import type { Cgroups } from './cgroups.ts';

/** `make` gives a driver on an empty parent; its `remove()` must leave nothing. */
export async function cgroupsContract(t: Test, make: () => Promise<Cgroups>): Promise<void> {
  const cgroups = await make();
  t.teardown(() => cgroups.remove());
  const allocatable = { milliCpu: 2000, memoryBytes: 2 ** 30, pidsLimit: 10_000 };

  await t.test('the tree can be set up again and again', async () => {
    await cgroups.setUp(allocatable);
    await cgroups.setUp(allocatable);
    t.strictSame(await cgroups.listPods(), []);
  });

  await t.test('pods stand in their tier', async (t) => {
    await cgroups.ensurePod('a', 'Guaranteed', {
      cpuShares: 1024,
      cpuQuotaUs: 100_000,
      memoryLimitBytes: 2 ** 26,
      pidsLimit: 100,
    });
    await cgroups.ensurePod('b', 'Burstable', { cpuShares: 102 });
    await cgroups.ensurePod('c', 'BestEffort', { cpuShares: 2 });
    await cgroups.updateTiers(100);
    t.strictSame([...(await cgroups.listPods())].sort(), ['a', 'b', 'c']);
    t.match(cgroups.podParent('a', 'Guaranteed'), /\/kubepods\/poda$/);
    t.match(cgroups.podParent('b', 'Burstable'), /\/kubepods\/burstable\/podb$/);
    t.match(cgroups.podParent('c', 'BestEffort'), /\/kubepods\/besteffort\/podc$/);
  });

  await t.test('resources can be changed and taken away', async () => {
    await cgroups.ensurePod('a', 'Guaranteed', { cpuShares: 512, memoryLimitBytes: 2 ** 27 });
    await cgroups.ensurePod('a', 'Guaranteed', { cpuShares: 512 });
  });

  await t.test('removal is complete and may be repeated', async (t) => {
    await cgroups.removePod('a');
    await cgroups.removePod('a');
    await cgroups.removePod('never-was');
    t.strictSame([...(await cgroups.listPods())].sort(), ['b', 'c']);
  });
}
