// One node on this machine: its folder, its namespaces under a guardian, and how all of it goes away.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { prefixLength } from './address-ranges.ts';
import { removeCgroups } from './cgroup-folders.ts';
import type { ClusterFacts, ClusterPaths } from './cluster-files.ts';
import { networkNames, nodeAddress } from './cluster-network.ts';
import { containerdConfig } from './containerd-config.ts';
import { type Guarded, guard, guardedPid, onlyChild, scriptPath, unguard } from './guardian.ts';
import { hasSystemd, scopeOf, stopScope, throughScope } from './systemd-scope.ts';

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

/** Below the root of every cgroup hierarchy: `/coracle/<cluster>/<node>`, or systemd's scope. */
export function nodeCgroup({ facts, name }: NodePlace): string {
  return hasSystemd() ? scopeOf(facts.id, name).cgroup : `/coracle/${facts.id}/${name}`;
}

/** The command line that puts the node's guardian, and so all of the node, into its cgroup. */
function throughCgroup(place: NodePlace): readonly string[] {
  const join = (owner: string) => [
    '/bin/sh',
    scriptPath('join-cgroups.sh'),
    nodeCgroup(place),
    owner,
  ];
  if (!hasSystemd()) return join('made');
  return [...throughScope(scopeOf(place.facts.id, place.name)), ...join('delegated')];
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
      through: throughCgroup(place),
      environment: {
        NODE_NAME: name,
        NODE_DIR: directory,
        NODE_ADDRESS: `${nodeAddress(facts, index)}/${prefixLength(facts.ranges.nodes)}`,
        NODE_GATEWAY: network.gateway,
        NODE_LINK: `node${index}`,
        CLUSTER_NETNS: network.namespace,
        GUARDIAN: scriptPath('guardian.sh'),
        CONTAINERD: `containerd --config ${shellQuote(join(directory, 'containerd.toml'))}`,
        AGENT: agent,
      },
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
  if (hasSystemd()) await stopScope(scopeOf(place.facts.id, place.name));
  await removeCgroups(nodeCgroup(place));
}

function prepareFolder({ facts, name }: NodePlace, directory: string): void {
  const etc = join(directory, 'etc');
  mkdirSync(etc, { recursive: true, mode: 0o755 });
  const index = facts.nodes.indexOf(name);
  const hosts = `127.0.0.1\tlocalhost\n${nodeAddress(facts, index)}\t${name}\n`;
  writeFileSync(join(etc, 'hosts'), hosts);
  writeFileSync(join(etc, 'hostname'), `${name}\n`);
  writeFileSync(join(etc, 'resolv.conf'), resolverConfiguration());
  const machineId = join(etc, 'machine-id');
  if (!existsSync(machineId)) writeFileSync(machineId, `${randomBytes(16).toString('hex')}\n`);
  writeFileSync(
    join(directory, 'containerd.toml'),
    containerdConfig(join(directory, 'registry-hosts')),
  );
}

/** The machine's resolv.conf, or what systemd-resolved, which listens on the machine alone, asks. */
export function resolverConfiguration(
  files: readonly string[] = ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf'],
): string {
  const texts = files.filter((file) => existsSync(file)).map((file) => readFileSync(file, 'utf8'));
  const reachesOut = (text: string) => /^\s*nameserver\s+(?!127\.|::1\b)/m.test(text);
  return texts.find(reachesOut) ?? texts[0] ?? '';
}

/** `text` as one word for sh. */
export function shellQuote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
