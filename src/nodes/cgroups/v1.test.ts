// The version 1 driver on the machine's own hierarchies, under a parent of the test's own.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { access } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { cgroupsContract } from './cgroups.contract.ts';
import { removeTree } from './files.ts';
import { CgroupsV1 } from './v1.ts';

const mountpoint = '/sys/fs/cgroup';
const parent = `/coracle-test-${process.pid}`;
const isRoot = process.getuid?.() === 0;
const hasV1 = await access(path.join(mountpoint, 'memory/memory.limit_in_bytes')).then(
  () => true,
  () =>
    access(path.join(mountpoint, 'memory/cgroup.procs')).then(
      () => true,
      () => false,
    ),
);
const skip = isRoot && hasV1 ? false : 'needs root and cgroup v1';

t.test('cgroup v1', { skip }, async (t) => {
  const make = async () => new CgroupsV1({ mountpoint, parent });
  t.teardown(async () => {
    for (const controller of [
      'cpu',
      'cpuacct',
      'memory',
      'pids',
      'cpuset',
      'blkio',
      'devices',
      'freezer',
      'systemd',
    ]) {
      await removeTree(path.join(mountpoint, controller, parent));
    }
  });
  await t.test('contract', (t) => cgroupsContract(t, make));
  await t.test('values reach the kernel, and leftovers are killed', async (t) => {
    const cgroups = await make();
    await cgroups.setUp({ milliCpu: 2000, memoryBytes: 2 ** 30 });
    await cgroups.ensurePod('x', 'Burstable', { cpuShares: 204, cpuQuotaUs: 50_000, pidsLimit: 7 });
    const read = (controller: string, file: string) =>
      readFileSync(
        path.join(mountpoint, controller, parent, 'kubepods/burstable/podx', file),
        'utf8',
      ).trim();
    t.equal(read('cpu', 'cpu.shares'), '204');
    t.equal(read('cpu', 'cpu.cfs_quota_us'), '50000');
    t.equal(read('pids', 'pids.max'), '7');
    const child = spawn('sleep', ['100']);
    const ended = new Promise((resolve) => child.on('exit', (_code, signal) => resolve(signal)));
    const procs = path.join(mountpoint, 'pids', parent, 'kubepods/burstable/podx/cgroup.procs');
    writeFileSync(procs, String(child.pid));
    await cgroups.removePod('x');
    t.equal(await ended, 'SIGKILL');
    t.strictSame(await cgroups.listPods(), []);
    await cgroups.remove();
  });
});
