// The version 2 driver's file formats, on a folder that looks like the unified hierarchy.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { CgroupsV2, cpuWeight } from './v2.ts';

t.test('weights follow shares', async (t) => {
  t.equal(cpuWeight(2), 1);
  t.equal(cpuWeight(1024), 39);
  t.equal(cpuWeight(262144), 10000);
});

t.test('files are written in the unified form', async (t) => {
  const mountpoint = await mkdtemp(path.join(tmpdir(), 'coracle-cgroup-'));
  t.teardown(() => rm(mountpoint, { recursive: true }));
  const cgroups = new CgroupsV2({ mountpoint, parent: '/node' });
  const directory = path.join(mountpoint, 'node/kubepods/burstable/podx');
  // The kernel makes this file in every folder; here it must be there before the driver looks.
  for (const folder of ['', 'kubepods', 'kubepods/burstable', 'kubepods/besteffort']) {
    await mkdir(path.join(mountpoint, 'node', folder), { recursive: true });
    const file = path.join(mountpoint, 'node', folder, 'cgroup.controllers');
    await writeFile(file, 'cpuset cpu io memory pids\n');
  }
  await mkdir(directory);
  await writeFile(path.join(directory, 'cgroup.controllers'), 'cpu memory pids\n');
  await cgroups.setUp({ milliCpu: 2000, memoryBytes: 2 ** 30 });
  const read = (file: string, folder = directory) => readFile(path.join(folder, file), 'utf8');
  const root = path.join(mountpoint, 'node');
  t.equal(await read('cgroup.subtree_control', root), '+cpu +cpuset +memory +pids +io');
  t.equal(await read('memory.max', path.join(root, 'kubepods')), '1073741824');
  await cgroups.ensurePod('x', 'Burstable', { cpuShares: 1024, cpuQuotaUs: 20_000, pidsLimit: 9 });
  t.equal(await read('cpu.weight'), '39');
  t.equal(await read('cpu.max'), '20000 100000');
  t.equal(await read('memory.max'), 'max');
  t.equal(await read('pids.max'), '9');
  t.strictSame(await cgroups.listPods(), ['x']);
});
