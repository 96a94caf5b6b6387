// `coracle up`: makes a cluster, or starts one that is stopped, and waits until it can be used.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { chooseRanges } from '../launcher/address-ranges.ts';
import {
  type ClusterFacts,
  clusterPaths,
  listClusters,
  readFacts,
  writeFacts,
} from '../launcher/cluster-files.ts';
import { usedRanges } from '../launcher/cluster-network.ts';
import { portIsFree } from '../launcher/machine.ts';
import { privatePaths } from '../launcher/node.ts';
import { isReady, listNodes } from './api-access.ts';
import { type Cluster, clusterAccess, guardedServer, isUp } from './cluster.ts';
import { CliError } from './exit-codes.ts';
import type { Invocation } from './invocation.ts';
import {
  contextName,
  mergeKubeconfig,
  renderKubeconfig,
  userKubeconfigPath,
} from './kubeconfig-file.ts';
import { inStep } from './output.ts';
import { prepareMachine } from './prepare-machine.ts';
import { recordMadeFolders, startCluster } from './processes.ts';

export interface UpOptions {
  readonly name: string;
  readonly nodes?: number;
  readonly runtime?: 'containerd' | 'simulated';
  readonly port?: number;
  readonly insecurePort?: number;
  readonly dataDirectory?: string;
  readonly nodeCpus?: number;
  readonly nodeMemoryBytes?: number;
  readonly install: boolean;
  /** How long to wait for the server and the nodes, in wall time; 0: only for the server. */
  readonly waitMs: number;
  readonly foreground: boolean;
}

const firstPort = 6443;
const portsTried = 200;
const nodesMax = 250;
/** The server gets at least this long, whatever `--wait` says. */
const serverTimeoutMs = 30_000;

/** @throws CliError as its exit code says */
export async function up(invocation: Invocation, options: UpOptions): Promise<void> {
  const { output } = invocation;
  const paths = clusterPaths(invocation.home, options.name);
  const known = readFacts(paths);
  const wasUp = known !== undefined && isUp({ facts: known, paths });
  if (known !== undefined) refuseOtherShape(known, options);
  const runtime = known?.runtime ?? options.runtime ?? 'containerd';
  if (!wasUp && runtime === 'containerd') {
    await prepareMachine(invocation, options.install);
    recordMadeFolders(invocation, privatePaths);
  }
  const facts = known ?? (await createFacts(invocation, options));
  const cluster: Cluster = { facts, paths };
  if (known === undefined) createFolder(cluster, options.dataDirectory);
  else if (!wasUp) await requirePort(facts.port);

  // Also on a running cluster: whatever of it was stopped is started, the rest is left alone.
  const title = known === undefined ? 'Starting' : 'Resuming';
  if (wasUp) await startCluster(invocation, cluster);
  else
    await inStep(output, `${title} cluster "${facts.name}"`, () =>
      startCluster(invocation, cluster),
    );
  await waitForServer(invocation, cluster, options, wasUp);
  writeKubeconfigs(invocation, cluster);
  if (options.waitMs > 0) await waitForNodes(invocation, cluster, options, wasUp);
  report(invocation, cluster, wasUp);
}

function refuseOtherShape(facts: ClusterFacts, options: UpOptions): void {
  const differences = [
    options.nodes !== undefined && options.nodes !== facts.nodes.length ? '--nodes' : '',
    options.runtime !== undefined && options.runtime !== facts.runtime ? '--runtime' : '',
    options.port !== undefined && options.port !== facts.port ? '--port' : '',
    options.insecurePort !== undefined && options.insecurePort !== facts.insecurePort
      ? '--insecure-port'
      : '',
  ].filter((flag) => flag !== '');
  if (differences.length === 0) return;
  throw new CliError(
    'usage',
    `cluster "${facts.name}" exists with another ${differences.join(', ')}; ` +
      `leave the option out to start it as it is, or: coracle delete --name ${facts.name}`,
  );
}

async function createFacts(invocation: Invocation, options: UpOptions): Promise<ClusterFacts> {
  const runtime = options.runtime ?? 'containerd';
  const count = options.nodes ?? 1;
  if (!/^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$/.test(options.name)) {
    const rule = 'lower-case letters, digits and "-", at most 32 characters';
    throw new CliError('usage', `--name: "${options.name}" is no cluster name: use ${rule}`);
  }
  if (!(Number.isInteger(count) && count >= 1 && count <= nodesMax)) {
    throw new CliError('usage', `--nodes: give a number from 1 to ${nodesMax}`);
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
    ranges: chooseRanges([...used, ...routed]),
    ...(options.nodeCpus === undefined ? {} : { nodeCpus: options.nodeCpus }),
    ...(options.nodeMemoryBytes === undefined ? {} : { nodeMemoryBytes: options.nodeMemoryBytes }),
  };
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

async function requirePort(port: number): Promise<void> {
  if (await portIsFree(port)) return;
  throw new CliError(
    'inUse',
    `port ${port} is in use by another program; give another with --port`,
  );
}

function createFolder({ facts, paths }: Cluster, dataDirectory: string | undefined): void {
  if (dataDirectory !== undefined) {
    const target = resolve(dataDirectory);
    if (existsSync(`${target}/cluster.json`)) {
      throw new CliError(
        'inUse',
        `--data-dir: ${target} holds another cluster; give an empty folder`,
      );
    }
    mkdirSync(target, { recursive: true, mode: 0o700 });
    mkdirSync(dirname(paths.directory), { recursive: true, mode: 0o700 });
    rmSync(paths.directory, { force: true });
    symlinkSync(target, paths.directory);
  }
  writeFacts(paths, facts);
  // kubeadm's form: a public id of six characters and a secret of sixteen.
  const token = `${randomBytes(3).toString('hex')}.${randomBytes(8).toString('hex')}`;
  writeFileSync(paths.bootstrapToken, `${token}\n`, { mode: 0o600 });
}

async function waitForServer(
  invocation: Invocation,
  cluster: Cluster,
  options: UpOptions,
  quiet: boolean,
): Promise<void> {
  const wait = async () => {
    const deadlineMs = Date.now() + Math.max(serverTimeoutMs, options.waitMs);
    while (!(await isReadyNow(cluster))) {
      if (Date.now() > deadlineMs) {
        const log = guardedServer(cluster).logFile;
        throw new CliError('timeout', `the server is not ready in time; its log is ${log}`);
      }
      await new Promise((done) => setTimeout(done, 25));
    }
  };
  if (quiet) await wait();
  else await inStep(invocation.output, 'Waiting for the API server', wait);
}

/** Before the first start there are no keys to ask with. */
async function isReadyNow(cluster: Cluster): Promise<boolean> {
  return existsSync(`${cluster.paths.pki}/admin.key`) && (await isReady(cluster));
}

function writeKubeconfigs(invocation: Invocation, cluster: Cluster): void {
  const access = clusterAccess(cluster);
  const own = renderKubeconfig(cluster.facts.name, access);
  writeFileSync(cluster.paths.kubeconfig, own, { mode: 0o600 });
  mergeKubeconfig(userKubeconfigPath(invocation.environment), cluster.facts.name, access);
}

async function waitForNodes(
  invocation: Invocation,
  cluster: Cluster,
  options: UpOptions,
  quiet: boolean,
): Promise<void> {
  const { facts } = cluster;
  const wait = async () => {
    const deadlineMs = Date.now() + options.waitMs;
    for (;;) {
      const ready = (await listNodes(cluster)).filter((node) => node.ready).length;
      if (ready >= facts.nodes.length) return;
      if (Date.now() > deadlineMs) {
        const hint = `coracle logs ${facts.nodes[0]} --name ${facts.name}`;
        throw new CliError(
          'timeout',
          `${ready} of ${facts.nodes.length} nodes are ready; see: ${hint}`,
        );
      }
      await new Promise((done) => setTimeout(done, 50));
    }
  };
  const count = `${facts.nodes.length} node${facts.nodes.length === 1 ? '' : 's'}`;
  if (quiet) await wait();
  else await inStep(invocation.output, `Waiting for ${count}`, wait);
}

function report(invocation: Invocation, cluster: Cluster, wasUp: boolean): void {
  const { facts, paths } = cluster;
  const { output } = invocation;
  const context = contextName(facts.name);
  if (facts.insecurePort !== undefined) {
    output.warn(
      `WARNING: http://127.0.0.1:${facts.insecurePort} lets everybody on this machine in as administrator`,
    );
  }
  const state = wasUp ? 'is already running' : 'is ready';
  output.result(
    output.format === 'json' || output.quiet
      ? ''
      : `Cluster "${facts.name}" ${state}. Try:\n\n  kubectl --context ${context} get nodes\n`,
    {
      name: facts.name,
      context,
      alreadyRunning: wasUp,
      server: `https://127.0.0.1:${facts.port}`,
      ...(facts.insecurePort === undefined ? {} : { insecurePort: facts.insecurePort }),
      kubeconfig: paths.kubeconfig,
      nodes: facts.nodes,
    },
  );
}
