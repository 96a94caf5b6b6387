// Starts and stops everything that a cluster runs on this machine.
import { appendFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { removeCgroups } from '../launcher/cgroup-folders.ts';
import {
  createNetwork,
  networkNames,
  nodeAddress,
  removeNetwork,
} from '../launcher/cluster-network.ts';
import { guard, unguard } from '../launcher/guardian.ts';
import { nodeCgroup, shellQuote, startNode, stopNode } from '../launcher/node.ts';
import { hasSystemd, scopeOf, stopScope, throughScope } from '../launcher/systemd-scope.ts';
import { type Cluster, guardedServer, guardedSimulation, selfCommand } from './cluster.ts';
import type { Invocation } from './invocation.ts';

/** How long the server may take to close its storage, in wall time. */
const serverStopTimeoutMs = 10_000;

/**
 * What every process of a cluster gets: compiled code is kept, so that later starts are quick; and
 * malloc has few heaps, not one for each thread, which saves 10 to 20 MB of what rarely works.
 */
function processEnvironment(invocation: Invocation): Readonly<Record<string, string>> {
  return {
    NODE_COMPILE_CACHE: join(invocation.home, '.compile-cache'),
    MALLOC_ARENA_MAX: '2',
  };
}

/** Starts what does not run: the network, the server, every node. Returns without waiting. */
export async function startCluster(invocation: Invocation, cluster: Cluster): Promise<void> {
  const { facts } = cluster;
  if (facts.runtime === 'containerd') await createNetwork(facts);
  const environment = processEnvironment(invocation);
  const through = (part: string) =>
    usesScopes(invocation) ? throughScope(scopeOf(facts.id, part)) : [];
  const server = { environment, through: through('server') };
  guard(guardedServer(cluster), serverCommand(cluster), server);
  if (facts.runtime === 'simulated') {
    const simulation = { environment, through: through('agent') };
    guard(guardedSimulation(cluster), simulationCommand(cluster), simulation);
    return;
  }
  for (const name of facts.nodes) {
    const assignments = Object.entries(environment).map(
      ([key, value]) => `${key}=${shellQuote(value)}`,
    );
    const command = ['env', ...assignments, ...agentCommand(cluster, name).map(shellQuote)].join(
      ' ',
    );
    startNode({ facts, paths: cluster.paths, name }, command);
  }
}

/** A login session that ends would take processes in its cgroup along; only root can leave it. */
export function usesScopes(invocation: Invocation): boolean {
  return invocation.root && hasSystemd();
}

/** Stops everything that runs; folders stay. Nodes go first, so that their last status is kept. */
export async function stopCluster(invocation: Invocation, cluster: Cluster): Promise<void> {
  const { facts, paths } = cluster;
  if (facts.runtime === 'simulated') {
    await unguard(guardedSimulation(cluster), { timeoutMs: serverStopTimeoutMs });
  } else {
    await Promise.all(facts.nodes.map((name) => stopNode({ facts, paths, name })));
  }
  await unguard(guardedServer(cluster), { timeoutMs: serverStopTimeoutMs });
  if (usesScopes(invocation)) {
    for (const part of ['server', 'agent']) await stopScope(scopeOf(facts.id, part));
  }
  if (facts.runtime === 'containerd') {
    await removeCgroups(`/coracle/${facts.id}`);
    await removeNetwork(facts);
  }
}

function serverCommand({ facts, paths }: Cluster): readonly string[] {
  const real = facts.runtime === 'containerd';
  const { gateway } = networkNames(facts);
  const { insecurePort: insecure, runtimeConfig } = facts;
  return [
    ...selfCommand('server'),
    ...['--data-dir', paths.directory],
    ...['--port', String(facts.port)],
    ...['--bind-address', real ? `127.0.0.1,${gateway}` : '127.0.0.1'],
    ...['--advertise-address', real ? gateway : '127.0.0.1'],
    ...['--service-cidr', facts.ranges.services],
    ...['--cluster-cidr', facts.ranges.pods],
    ...['--bootstrap-token-file', paths.bootstrapToken],
    ...(insecure === undefined ? [] : ['--insecure-port', String(insecure)]),
    ...(runtimeConfig === undefined ? [] : ['--runtime-config', runtimeConfig]),
  ];
}

function agentCommand({ facts, paths }: Cluster, name: string): readonly string[] {
  const { gateway } = networkNames(facts);
  const index = facts.nodes.indexOf(name);
  const { nodeCpus, nodeMemoryBytes } = facts;
  return [
    ...selfCommand('agent'),
    ...['--name', name],
    ...['--server', `https://${gateway}:${facts.port}`],
    ...['--ca-file', join(paths.pki, 'ca.crt')],
    ...['--bootstrap-token-file', paths.bootstrapToken],
    ...['--data-dir', paths.node(name)],
    ...['--node-ip', nodeAddress(facts, index)],
    ...['--cgroup-root', nodeCgroup({ facts, paths, name })],
    ...['--runtime-endpoint', '/run/containerd/containerd.sock'],
    ...['--cluster-cidr', facts.ranges.pods],
    ...['--service-cidr', facts.ranges.services],
    ...['--nodes-on-machine', String(facts.nodes.length)],
    ...(nodeCpus === undefined ? [] : ['--node-cpus', String(nodeCpus)]),
    ...(nodeMemoryBytes === undefined ? [] : ['--node-memory', String(nodeMemoryBytes)]),
  ];
}

function simulationCommand({ facts, paths }: Cluster): readonly string[] {
  return [
    ...selfCommand('agent'),
    ...['--runtime', 'simulated'],
    ...['--name', facts.nodes.join(',')],
    ...['--server', `https://127.0.0.1:${facts.port}`],
    ...['--ca-file', join(paths.pki, 'ca.crt')],
    ...['--certificate-file', join(paths.pki, 'simulated-nodes.crt')],
    ...['--key-file', join(paths.pki, 'simulated-nodes.key')],
    ...['--data-dir', join(paths.directory, 'nodes')],
  ];
}

/** Remembers empty folders that were made on the machine as mount points, so `delete` takes them. */
export function recordMadeFolders(invocation: Invocation, folders: readonly string[]): void {
  mkdirSync(invocation.home, { recursive: true, mode: 0o700 });
  for (const folder of folders) {
    if (!existsSync(folder)) appendFileSync(join(invocation.home, '.made-folders'), `${folder}\n`);
  }
}
