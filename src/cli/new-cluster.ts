// Chooses what a new cluster keeps for life (ports, ranges, names) and makes its folder.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { chooseRanges } from '../launcher/address-ranges.ts';
import { type ClusterFacts, listClusters, writeFacts } from '../launcher/cluster-files.ts';
import { linkThatUses, usedRanges } from '../launcher/cluster-network.ts';
import { portIsFree } from '../launcher/machine.ts';
import { privatePaths } from '../launcher/node.ts';
import type { Cluster } from './cluster.ts';
import { CliError } from './exit-codes.ts';
import type { Invocation } from './invocation.ts';

export interface NewClusterOptions {
  readonly name: string;
  readonly nodes?: number;
  readonly runtime?: 'containerd' | 'simulated';
  readonly port?: number;
  readonly insecurePort?: number;
  /** As kube-apiserver's flag: `api/beta=true,…`. */
  readonly runtimeConfig?: string;
  readonly dataDirectory?: string;
  readonly nodeCpus?: number;
  readonly nodeMemoryBytes?: number;
}

const firstPort = 6443;
const portsTried = 200;
const portMax = 65_535;
const nodesMax = 250;

/**
 * Chooses what a new cluster keeps for life.
 *
 * @throws CliError when the options are wrong or what they ask for is taken
 */
export async function newClusterFacts(
  invocation: Invocation,
  options: NewClusterOptions,
): Promise<ClusterFacts> {
  const runtime = options.runtime ?? 'containerd';
  const count = options.nodes ?? 1;
  if (!(Number.isInteger(count) && count >= 1 && count <= nodesMax)) {
    throw new CliError('usage', `--nodes: give a number from 1 to ${nodesMax}`);
  }
  requirePortNumber('--port', options.port);
  requirePortNumber('--insecure-port', options.insecurePort);
  if (options.port !== undefined && options.port === options.insecurePort) {
    throw new CliError('usage', '--insecure-port: give another port than --port');
  }
  if (options.nodeCpus !== undefined && !(options.nodeCpus > 0)) {
    throw new CliError('usage', '--node-cpus: give a number above 0');
  }
  if (options.runtimeConfig !== undefined) {
    const { readRuntimeConfig } = await import('./runtime-config-flag.ts');
    readRuntimeConfig(options.runtimeConfig);
  }
  const others = listClusters(invocation.home);
  const used = others.flatMap(({ ranges }) => [ranges.nodes, ranges.pods, ranges.services]);
  const routed = runtime === 'containerd' ? await usedRanges() : [];
  const ids = new Set(others.map(({ id }) => id));
  const port = options.port ?? (await freePort(others));
  if (options.port !== undefined) await requirePort(options.port);
  if (options.insecurePort !== undefined) await requirePort(options.insecurePort);
  return {
    name: options.name,
    id: newId(ids),
    runtime,
    nodes: Array.from({ length: count }, (_, index) => `${nodePrefix(options.name)}-${index + 1}`),
    port,
    ...(options.insecurePort === undefined ? {} : { insecurePort: options.insecurePort }),
    ...(options.runtimeConfig === undefined ? {} : { runtimeConfig: options.runtimeConfig }),
    ranges: chooseRanges([...used, ...routed]),
    ...(options.nodeCpus === undefined ? {} : { nodeCpus: options.nodeCpus }),
    ...(options.nodeMemoryBytes === undefined ? {} : { nodeMemoryBytes: options.nodeMemoryBytes }),
  };
}

function requirePortNumber(flag: string, port: number | undefined): void {
  if (port === undefined || (port >= 1 && port <= portMax)) return;
  throw new CliError('usage', `${flag}: give a number from 1 to ${portMax}`);
}

/** Nodes of the default cluster are simply node-1, node-2, …; others carry their cluster's name. */
function nodePrefix(cluster: string): string {
  return cluster === 'default' ? 'node' : `${cluster}-node`;
}

function newId(taken: ReadonlySet<string>): string {
  for (;;) {
    const id = randomBytes(4).toString('hex');
    if (!taken.has(id)) return id;
  }
}

async function freePort(others: readonly ClusterFacts[]): Promise<number> {
  const taken = new Set(others.flatMap((each) => [each.port, each.insecurePort]));
  for (let port = firstPort; port < firstPort + portsTried; port++) {
    if (!taken.has(port) && (await portIsFree(port))) return port;
  }
  throw new CliError('inUse', `no free port from ${firstPort} on; give one with --port`);
}

/** @throws CliError when something has taken a stopped cluster's port or addresses meanwhile */
export async function requireResources(facts: ClusterFacts): Promise<void> {
  await requirePort(facts.port);
  if (facts.insecurePort !== undefined) await requirePort(facts.insecurePort);
  if (facts.runtime !== 'containerd') return;
  const link = await linkThatUses(facts);
  if (link === undefined) return;
  throw new CliError(
    'inUse',
    `the nodes' addresses, ${facts.ranges.nodes}, are in use on ${link}: ` +
      `take that down, or make the cluster anew: coracle delete --name ${facts.name}`,
  );
}

/**
 * A node has folders of its own in some places; a cluster's files cannot lie there.
 *
 * @throws CliError
 */
export function requireVisible(directory: string): void {
  const path = resolve(directory);
  const hiding = ['/run', '/proc', ...privatePaths].find(
    (each) => path === each || path.startsWith(`${each}/`),
  );
  if (hiding === undefined) return;
  throw new CliError('usage', `nodes cannot see ${path}: choose a folder outside ${hiding}`);
}

async function requirePort(port: number): Promise<void> {
  if (await portIsFree(port)) return;
  throw new CliError(
    'inUse',
    `port ${port} is in use by another program; give another with --port`,
  );
}

/** Makes the cluster's folder; its facts come last, so that half a folder is no cluster. */
export function createClusterFolder(
  { facts, paths }: Cluster,
  dataDirectory: string | undefined,
): void {
  if (dataDirectory !== undefined) {
    const target = resolve(dataDirectory);
    // `delete` removes the folder with all that is in it, so it must have been nobody's.
    if (existsSync(target) && readdirSync(target).length > 0) {
      const what = existsSync(`${target}/cluster.json`) ? 'another cluster' : 'other files';
      throw new CliError('inUse', `--data-dir: ${target} holds ${what}; give an empty folder`);
    }
    mkdirSync(target, { recursive: true, mode: 0o700 });
    mkdirSync(dirname(paths.directory), { recursive: true, mode: 0o700 });
    rmSync(paths.directory, { force: true });
    symlinkSync(target, paths.directory);
  }
  mkdirSync(paths.pki, { recursive: true, mode: 0o700 });
  // kubeadm's form: a public id of six characters and a secret of sixteen.
  const token = `${randomBytes(3).toString('hex')}.${randomBytes(8).toString('hex')}`;
  writeFileSync(paths.bootstrapToken, `${token}\n`, { mode: 0o600 });
  writeFacts(paths, facts);
}
