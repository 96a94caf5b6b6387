// Facts about the machine for Node.status: sizes, versions, identities.
import { readFile, statfs } from 'node:fs/promises';
import os from 'node:os';
import { kubernetesVersion } from '../../kubernetes-version.ts';
import type { Node } from '../../objects.ts';
import { canonicalQuantity } from '../../quantity.ts';

type NodeInfo = NonNullable<NonNullable<Node['status']>['nodeInfo']>;

export interface NodeCapacity {
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly ephemeralStorageBytes: number;
  readonly pods: number;
}

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

/** As Go names it: amd64, arm64. */
export function architecture(): string {
  return architectures[process.arch] ?? process.arch;
}

async function firstLine(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return (text.split('\n')[0] ?? '').trim();
}

async function osImage(): Promise<string> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(text)?.[1] ?? 'Linux';
}

export async function nodeInfo(containerRuntimeVersion: string): Promise<NodeInfo> {
  const machineID = await firstLine('/etc/machine-id');
  const systemUUID = await firstLine('/sys/class/dmi/id/product_uuid');
  return {
    machineID,
    systemUUID: systemUUID || machineID,
    bootID: await firstLine('/proc/sys/kernel/random/boot_id'),
    kernelVersion: os.release(),
    osImage: await osImage(),
    containerRuntimeVersion,
    kubeletVersion: kubernetesVersion,
    kubeProxyVersion: '',
    operatingSystem: 'linux',
    architecture: architecture(),
  };
}

/** The machine's own sizes; `rootDirectory` decides which file system counts. */
export async function machineCapacity(rootDirectory: string): Promise<NodeCapacity> {
  const disk = await statfs(rootDirectory).catch(() => undefined);
  return {
    cpus: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    ephemeralStorageBytes: disk === undefined ? 0 : disk.blocks * disk.bsize,
    pods: 110,
  };
}

const evictionMemoryBytes = 100 * 2 ** 20;

/** Capacity and allocatable as Node.status has them: less upstream's default eviction thresholds. */
export function resourceLists(capacity: NodeCapacity): {
  readonly capacity: Record<string, string>;
  readonly allocatable: Record<string, string>;
} {
  // As the API gives them back: what only looks different would be written again and again.
  const ki = (bytes: number) => canonicalQuantity(`${Math.floor(bytes / 1024)}Ki`);
  const plain = (value: number) => canonicalQuantity(String(value));
  const common = {
    cpu: plain(capacity.cpus),
    'hugepages-1Gi': '0',
    'hugepages-2Mi': '0',
    pods: plain(capacity.pods),
  };
  return {
    capacity: {
      ...common,
      'ephemeral-storage': ki(capacity.ephemeralStorageBytes),
      memory: ki(capacity.memoryBytes),
    },
    allocatable: {
      ...common,
      'ephemeral-storage': plain(Math.floor(capacity.ephemeralStorageBytes * 0.9)),
      memory: ki(capacity.memoryBytes - evictionMemoryBytes),
    },
  };
}
