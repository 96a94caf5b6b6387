// One node on this machine: its folder, its namespaces under a guardian, and how all of it goes away.
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { prefixLength } from './address-ranges.ts';
import type { ClusterFacts, ClusterPaths } from './cluster-files.ts';
import { networkNames, nodeAddress } from './cluster-network.ts';
import { containerdConfig } from './containerd-config.ts';
import { type Guarded, guard, guardedPid, onlyChild, scriptPath, unguard } from './guardian.ts';

/** Where mounts of a node's own folders go; the machine needs the (empty) folders too. */
export const privatePaths: readonly string[] = [
  '/var/lib/kubelet',
  '/var/lib/containerd',
  '/var/lib/cni',
  '/var/log/pods',
  '/var/log/containers',
  '/etc/cni',
  '/opt/cni',
];

/** How long a shutdown may take before the node is switched off, in wall time. */
const shutdownTimeoutMs = 5000;

export interface NodePlace {
  readonly facts: ClusterFacts;
  readonly paths: ClusterPaths;
  readonly name: string;
}

export function guardedNode({ paths, name }: NodePlace): Guarded {
  return { pidFile: join(paths.run, `${name}.pid`), logFile: join(paths.node(name), 'node.log') };
}

/** The machine's pid of the node's PID 1, while it runs. */
export function nodePid(place: NodePlace): number | undefined {
  const unshare = guardedPid(guardedNode(place));
  return unshare === undefined ? undefined : onlyChild(unshare);
}

/** `/coracle/<cluster>/<node>`, below the root of every cgroup hierarchy. */
export function nodeCgroup({ facts, name }: NodePlace): string {
  return `/coracle/${facts.id}/${name}`;
}

/**
 * Starts the node unless it runs.
 *
 * @param agent the agent's command line for sh; it runs inside the node
 */
export function startNode(place: NodePlace, agent: string): void {
  const { facts, paths, name } = place;
  const directory = paths.node(name);
  const index = facts.nodes.indexOf(name);
  const network = networkNames(facts);
  prepareFolder(place, directory);
  for (const path of privatePaths) mkdirSync(path, { recursive: true });
  guard(
    guardedNode(place),
    [
      'unshare',
      ...['--mount', '--uts', '--ipc', '--net', '--pid', '--fork', '--kill-child'],
      ...['/bin/sh', scriptPath('node-init.sh')],
    ],
    {
      NODE_NAME: name,
      NODE_DIR: directory,
      NODE_ADDRESS: `${nodeAddress(facts, index)}/${prefixLength(facts.ranges.nodes)}`,
      NODE_GATEWAY: network.gateway,
      NODE_LINK: `node${index}`,
      CLUSTER_NETNS: network.namespace,
      NODE_CGROUP: nodeCgroup(place),
      GUARDIAN: scriptPath('guardian.sh'),
      CONTAINERD: `containerd --config ${shellQuote(join(directory, 'containerd.toml'))}`,
      AGENT: agent,
    },
  );
}

/** Shuts the node down: everything in it gets TERM, then KILL; its folder stays. */
export async function stopNode(place: NodePlace): Promise<void> {
  const pid = nodePid(place);
  await unguard(guardedNode(place), {
    timeoutMs: shutdownTimeoutMs,
    alsoTerm: pid === undefined ? [] : [pid],
  });
  removeCgroups(nodeCgroup(place));
}

/** Removes the cgroup `path` and all below it from every hierarchy; nothing may run in it. */
export function removeCgroups(path: string): void {
  const root = '/sys/fs/cgroup';
  const hierarchies = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(root, entry.name));
  for (const hierarchy of [root, ...hierarchies]) {
    const folder = join(hierarchy, path);
    if (existsSync(folder)) removeTree(folder);
    removeIfEmpty(dirname(folder));
  }
}

/** The last cluster takes the common parent along. */
function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'EBUSY' && code !== 'ENOTEMPTY') throw error;
  }
}

function removeTree(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(join(folder, entry.name));
  }
  rmdirSync(folder);
}

function prepareFolder({ facts, name }: NodePlace, directory: string): void {
  const etc = join(directory, 'etc');
  mkdirSync(etc, { recursive: true, mode: 0o755 });
  const index = facts.nodes.indexOf(name);
  const hosts = `127.0.0.1\tlocalhost\n${nodeAddress(facts, index)}\t${name}\n`;
  writeFileSync(join(etc, 'hosts'), hosts);
  writeFileSync(join(etc, 'hostname'), `${name}\n`);
  writeFileSync(
    join(etc, 'resolv.conf'),
    existsSync('/etc/resolv.conf') ? readFileSync('/etc/resolv.conf') : '',
  );
  const machineId = join(etc, 'machine-id');
  if (!existsSync(machineId)) writeFileSync(machineId, `${randomBytes(16).toString('hex')}\n`);
  writeFileSync(
    join(directory, 'containerd.toml'),
    containerdConfig(join(directory, 'registry-hosts')),
  );
}

/** `text` as one word for sh. */
export function shellQuote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
