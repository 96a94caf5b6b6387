// Looks for what a deleted cluster may have left behind on the machine.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ClusterMarks {
  /** The id in the names of its links, namespaces, tables and cgroups. */
  readonly id: string;
  /** The folder that its processes and mounts name. */
  readonly home: string;
}

/** One line for each thing that still bears the cluster's marks. */
export function findTraces({ id, home }: ClusterMarks): string[] {
  return [
    ...processes(id, home),
    ...linesWith('/proc/self/mountinfo', home).map((line) => `mount: ${line}`),
    ...printed('ip', ['netns', 'list'], id).map((line) => `namespace: ${line}`),
    ...printed('ip', ['-brief', 'link'], id).map((line) => `link: ${line}`),
    ...printed('ip', ['route'], id).map((line) => `route: ${line}`),
    ...printed('nft', ['list', 'tables'], id).map((line) => `nftables: ${line}`),
    ...cgroups('/sys/fs/cgroup', id).map((path) => `cgroup: ${path}`),
    ...(existsSync(home) ? [`folder: ${home}: ${readdirSync(home).join(' ')}`] : []),
  ];
}

/** Processes that were started with a path of the cluster's, or that sit in its cgroups. */
function processes(id: string, home: string): string[] {
  const found: string[] = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (Number(pid) === process.pid) continue;
    if (isZombie(pid)) continue;
    const commandLine = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
    const inCgroup = read(`/proc/${pid}/cgroup`).includes(`/coracle/${id}`);
    if (inCgroup || commandLine.includes(home)) found.push(`process ${pid}: ${commandLine}`);
  }
  return found;
}

/** Ended, and only waiting for the machine's init to take note, which is not the cluster's to do. */
function isZombie(pid: string): boolean {
  const stat = read(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
}

function cgroups(root: string, id: string): string[] {
  const hierarchies = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(root, entry.name));
  return [root, ...hierarchies].map((path) => join(path, 'coracle', id)).filter(existsSync);
}

function printed(program: string, args: readonly string[], mark: string): string[] {
  const { stdout } = spawnSync(program, [...args], { encoding: 'utf8' });
  return (stdout ?? '').split('\n').filter((line) => line.includes(mark));
}

function linesWith(path: string, mark: string): string[] {
  return read(path)
    .split('\n')
    .filter((line) => line.includes(mark));
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
