// Looks into the nodes of a cluster on this machine: their processes, and what pods left in them.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OwnCluster } from './cluster.fixture.ts';

export interface NodeProcess {
  readonly pid: number;
  readonly commandLine: string;
}

/** Every process in the node's cgroups, containers included. */
export function nodeProcesses({ id }: OwnCluster, node: string): NodeProcess[] {
  const mark = `/coracle/${id}/${node}/`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && read(`/proc/${name}/cgroup`).includes(mark))
    .map((name) => ({
      pid: Number(name),
      commandLine: read(`/proc/${name}/cmdline`).replaceAll('\0', ' ').trim(),
    }))
    .filter(({ commandLine }) => commandLine !== '');
}

/** The first process of the node whose command line matches. */
export function findProcess(own: OwnCluster, node: string, pattern: RegExp): number {
  const found = nodeProcesses(own, node).find(({ commandLine }) => pattern.test(commandLine));
  if (found === undefined) throw new Error(`no process ${pattern} on ${node}`);
  return found.pid;
}

/** The machine's pid of the node's PID 1. */
export async function nodePid(own: OwnCluster, node: string): Promise<number> {
  const printed = await own.coracle('get', 'nodes', '--name', own.name, '-o', 'json');
  const nodes = JSON.parse(printed) as { name: string; pid: number | null }[];
  const pid = nodes.find(({ name }) => name === node)?.pid;
  if (pid === undefined || pid === null) throw new Error(`${node} does not run`);
  return pid;
}

/** How many processes of the cluster were started with `marker` in their command line. */
export function countMarked(own: OwnCluster, marker: string): number {
  return own.nodes
    .flatMap((node) => nodeProcesses(own, node))
    .filter(({ commandLine }) => commandLine.startsWith('sh -c ') && commandLine.includes(marker))
    .length;
}

/** What pods hold on a node: one line for each mount, link, namespace, address and cgroup. */
export async function podTraces(own: OwnCluster, node: string): Promise<string[]> {
  const pid = await nodePid(own, node);
  const script = `
    grep -o ' /var/lib/kubelet/pods/[^ ]*' /proc/self/mountinfo | sed 's/^/mount/'
    ip -o link | grep -o ' veth[^:@]*' | sed 's/^/link/'
    ls /run/netns 2>/dev/null | sed 's/^/namespace /'
    ls /var/lib/kubelet/pods 2>/dev/null | sed 's/^/folder /'
    find /run/coracle/ipam /var/lib/cni -name '[0-9]*.[0-9]*.[0-9]*.[0-9]*' 2>/dev/null | sed 's/^/address /'
    find /run/containerd/io.containerd.runtime.v2.task -mindepth 2 -maxdepth 2 2>/dev/null |
      sed 's/^/task /'`;
  const { stdout, stderr } = spawnSync(
    'nsenter',
    ['--target', String(pid), '--mount', '--net', '--pid', 'sh', '-c', script],
    { encoding: 'utf8' },
  );
  if (stderr !== '') throw new Error(`cannot look into ${node}: ${stderr}`);
  return [...stdout.split('\n').filter((line) => line !== ''), ...podCgroups(own, node)];
}

function podCgroups({ id }: OwnCluster, node: string): string[] {
  const found: string[] = [];
  for (const hierarchy of ['memory', 'cpu', 'pids', '']) {
    const root = join('/sys/fs/cgroup', hierarchy, 'coracle', id, node, 'kubepods');
    for (const tier of ['', 'burstable', 'besteffort']) {
      for (const name of list(join(root, tier))) {
        if (name.startsWith('pod')) found.push(`cgroup ${hierarchy}/${tier}/${name}`);
      }
    }
  }
  return found;
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
