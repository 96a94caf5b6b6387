// Cgroups of version 2: one unified hierarchy, controllers switched on level by level.
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

export interface CgroupsV2Options {
  readonly mountpoint: string;
  /** A folder that is delegated to us: under systemd, that of a scope with Delegate=yes. */
  readonly parent: string;
}

const wanted = ['cpu', 'cpuset', 'memory', 'pids', 'io', 'hugetlb'] as const;

/** cpu.weight of v1 shares, by the formula that runc and the kubelet use. */
export function cpuWeight(shares: number): number {
  if (shares === 0) return 0;
  return 1 + Math.floor(((shares - 2) * 9999) / 262142);
}

export class CgroupsV2 implements Cgroups {
  readonly version = 2;
  readonly #options: CgroupsV2Options;

  constructor(options: CgroupsV2Options) {
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
    for (const tier of tiers) await removeTree(this.#directory(`${tierPath(tier)}/pod${uid}`));
  }

  async listPods(): Promise<readonly string[]> {
    const uids: string[] = [];
    for (const tier of tiers) {
      for (const name of await directoriesIn(this.#directory(tierPath(tier)))) {
        if (name.startsWith('pod')) uids.push(name.slice(3));
      }
    }
    return uids;
  }

  async updateTiers(burstableMilliCpu: number): Promise<void> {
    const cpuShares = Math.max(2, Math.floor((burstableMilliCpu * 1024) / 1000));
    await this.#apply('kubepods/burstable', { cpuShares });
  }

  remove(): Promise<void> {
    return removeTree(this.#directory('kubepods'));
  }

  #directory(relative: string): string {
    return path.join(this.#options.mountpoint, this.#options.parent, relative);
  }

  /** Makes each level and hands the controllers down to the next. */
  async #make(relative: string): Promise<void> {
    let directory = path.join(this.#options.mountpoint, this.#options.parent);
    await makeDirectory(directory);
    await this.#delegate(directory);
    const parts = relative.split('/');
    for (const part of parts) {
      directory = path.join(directory, part);
      await makeDirectory(directory);
      await this.#delegate(directory);
    }
  }

  async #delegate(directory: string): Promise<void> {
    const available = await this.#controllers(directory);
    const enable = wanted.filter((name) => available.has(name)).map((name) => `+${name}`);
    if (enable.length > 0) await write(directory, 'cgroup.subtree_control', enable.join(' '));
  }

  async #controllers(directory: string): Promise<ReadonlySet<string>> {
    const text = await readFile(path.join(directory, 'cgroup.controllers'), 'utf8').catch(() => '');
    return new Set(text.trim().split(/\s+/));
  }

  async #apply(relative: string, resources: PodCgroupResources): Promise<void> {
    const directory = this.#directory(relative);
    const available = await this.#controllers(directory);
    const { cpuShares, cpuQuotaUs, memoryLimitBytes, pidsLimit } = resources;
    if (available.has('cpu')) {
      await write(directory, 'cpu.weight', String(cpuWeight(cpuShares)));
      await write(directory, 'cpu.max', `${cpuQuotaUs ?? 'max'} 100000`);
    }
    if (available.has('memory')) {
      await write(directory, 'memory.max', String(memoryLimitBytes ?? 'max'));
    }
    if (available.has('pids')) await write(directory, 'pids.max', String(pidsLimit ?? 'max'));
  }
}
