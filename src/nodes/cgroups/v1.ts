// Cgroups of version 1: one hierarchy for each controller, the same tree made in all of them.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import {
  type AllocatableResources,
  type Cgroups,
  type PodCgroupResources,
  type QosTier,
  tierPath,
  tiers,
} from './cgroups.ts';
import { directoriesIn, makeDirectory, removeTree, write } from './files.ts';

export interface CgroupsV1Options {
  /** Where hierarchies are mounted: /sys/fs/cgroup. */
  readonly mountpoint: string;
  /** The node's place in each hierarchy: `/coracle/<cluster>/<node>`; `/` on a machine of its own. */
  readonly parent: string;
}

const controllers = [
  'cpu',
  'cpuacct',
  'memory',
  'pids',
  'cpuset',
  'blkio',
  'devices',
  'freezer',
  'systemd',
] as const;

const periodUs = '100000';

export class CgroupsV1 implements Cgroups {
  readonly version = 1;
  readonly #options: CgroupsV1Options;
  #present: readonly string[] | undefined;
  /** Levels above pods whose cpusets are set; as many as the tree is deep. */
  readonly #inherited = new Set<string>();

  constructor(options: CgroupsV1Options) {
    this.#options = options;
  }

  async setUp(allocatable: AllocatableResources): Promise<void> {
    for (const tier of tiers) await this.#make(tierPath(tier));
    await this.#apply('kubepods', {
      cpuShares: Math.max(2, Math.floor((allocatable.milliCpu * 1024) / 1000)),
      memoryLimitBytes: allocatable.memoryBytes,
      ...(allocatable.pidsLimit === undefined ? {} : { pidsLimit: allocatable.pidsLimit }),
    });
    await this.#apply('kubepods/besteffort', { cpuShares: 2 });
  }

  podParent(uid: string, tier: QosTier): string {
    return path.join('/', this.#options.parent, tierPath(tier), `pod${uid}`);
  }

  async ensurePod(uid: string, tier: QosTier, resources: PodCgroupResources): Promise<void> {
    const relative = `${tierPath(tier)}/pod${uid}`;
    await this.#make(relative);
    await this.#apply(relative, resources);
  }

  async removePod(uid: string): Promise<void> {
    for (const controller of await this.#controllers()) {
      for (const tier of tiers) {
        await removeTree(this.#directory(controller, `${tierPath(tier)}/pod${uid}`));
      }
    }
  }

  async listPods(): Promise<readonly string[]> {
    const uids = new Set<string>();
    for (const controller of await this.#controllers()) {
      for (const tier of tiers) {
        for (const name of await directoriesIn(this.#directory(controller, tierPath(tier)))) {
          if (name.startsWith('pod')) uids.add(name.slice(3));
        }
      }
    }
    return [...uids];
  }

  async updateTiers(burstableMilliCpu: number): Promise<void> {
    const cpuShares = Math.max(2, Math.floor((burstableMilliCpu * 1024) / 1000));
    await this.#apply('kubepods/burstable', { cpuShares });
  }

  async remove(): Promise<void> {
    this.#inherited.clear();
    for (const controller of await this.#controllers()) {
      await removeTree(this.#directory(controller, 'kubepods'));
    }
  }

  async #controllers(): Promise<readonly string[]> {
    if (this.#present === undefined) {
      const mounted = new Set(await directoriesIn(this.#options.mountpoint));
      // Where several controllers share a mount (cpu,cpuacct) each name is a link to it.
      this.#present = controllers.filter((name) => mounted.has(name));
    }
    return this.#present;
  }

  #directory(controller: string, relative: string): string {
    return path.join(this.#options.mountpoint, controller, this.#options.parent, relative);
  }

  async #make(relative: string): Promise<void> {
    await Promise.all(
      (await this.#controllers()).map((controller) => {
        const directory = this.#directory(controller, relative);
        return controller === 'cpuset' ? this.#makeCpuset(relative) : makeDirectory(directory);
      }),
    );
  }

  /** A cpuset without cpus and memory nodes takes no process: each level inherits. */
  async #makeCpuset(relative: string): Promise<void> {
    const parts = path.join('/', this.#options.parent, relative).split('/').filter(Boolean);
    for (let depth = 1; depth <= parts.length; depth++) {
      const levels = parts.slice(0, depth);
      const isLeaf = depth === parts.length;
      // The levels above a pod are made once; only we could take them away again.
      if (!isLeaf && this.#inherited.has(levels.join('/'))) continue;
      await this.#inheritCpuset(levels);
      if (!isLeaf) this.#inherited.add(levels.join('/'));
    }
  }

  async #inheritCpuset(levels: readonly string[]): Promise<void> {
    const root = path.join(this.#options.mountpoint, 'cpuset');
    const directory = path.join(root, ...levels);
    const above = path.join(root, ...levels.slice(0, -1));
    await makeDirectory(directory);
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      const own = (await readFile(path.join(directory, file), 'utf8')).trim();
      if (own !== '') continue;
      await write(directory, file, (await readFile(path.join(above, file), 'utf8')).trim());
    }
  }

  async #apply(relative: string, resources: PodCgroupResources): Promise<void> {
    const present = await this.#controllers();
    const { cpuShares, cpuQuotaUs, memoryLimitBytes, pidsLimit } = resources;
    if (present.includes('cpu')) {
      const cpu = this.#directory('cpu', relative);
      await write(cpu, 'cpu.shares', String(cpuShares));
      await write(cpu, 'cpu.cfs_period_us', periodUs);
      await write(cpu, 'cpu.cfs_quota_us', String(cpuQuotaUs ?? -1));
    }
    if (present.includes('memory')) {
      const memory = this.#directory('memory', relative);
      await write(memory, 'memory.limit_in_bytes', String(memoryLimitBytes ?? -1));
    }
    if (present.includes('pids')) {
      await write(this.#directory('pids', relative), 'pids.max', String(pidsLimit ?? 'max'));
    }
  }
}
