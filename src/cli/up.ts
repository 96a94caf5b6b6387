// `coracle up`: makes a cluster, or starts one that is stopped, and waits until it can be used.
import { existsSync, writeFileSync } from 'node:fs';
import { type ClusterFacts, clusterPaths, readFacts } from '../launcher/cluster-files.ts';
import { withMachineLock } from '../launcher/machine-lock.ts';
import { privatePaths } from '../launcher/node.ts';
import { isReady, listNodes } from './api-access.ts';
import { type Cluster, clusterAccess, guardedServer, isUp, requireName } from './cluster.ts';
import { CliError } from './exit-codes.ts';
import type { Invocation } from './invocation.ts';
import {
  contextName,
  mergeKubeconfig,
  renderKubeconfig,
  userKubeconfigPath,
} from './kubeconfig-file.ts';
import {
  createClusterFolder,
  type NewClusterOptions,
  newClusterFacts,
  requireResources,
  requireVisible,
} from './new-cluster.ts';
import { inStep } from './output.ts';
import { prepareMachine } from './prepare-machine.ts';
import { recordMadeFolders, startCluster } from './processes.ts';

export interface UpOptions extends NewClusterOptions {
  readonly install: boolean;
  /** How long to wait for the server and the nodes, in wall time; 0: only for the server. */
  readonly waitMs: number;
  readonly foreground: boolean;
}

/** The server gets at least this long, whatever `--wait` says. */
const serverTimeoutMs = 30_000;
/** Long enough for a few others that start at the same time. */
const lockTimeoutMs = 120_000;

/** @throws CliError as its exit code says */
export async function up(invocation: Invocation, options: UpOptions): Promise<void> {
  requireName(options.name);
  const startedMs = Date.now();
  // Ranges and ports are taken when the network is there and the server listens: until then no
  // other cluster may choose its own.
  const { cluster, wasUp } = await withMachineLock(lockTimeoutMs, async () => {
    const started = await start(invocation, options);
    await waitForServer(invocation, started.cluster, options, started.wasUp);
    writeKubeconfigs(invocation, started.cluster);
    return started;
  });
  if (options.waitMs > 0) {
    // The API still has what nodes said before they were stopped, in whole seconds.
    const sinceMs = wasUp ? 0 : Math.floor(startedMs / 1000) * 1000;
    await waitForNodes(invocation, cluster, { waitMs: options.waitMs, sinceMs }, wasUp);
  }
  report(invocation, cluster, wasUp);
}

async function start(
  invocation: Invocation,
  options: UpOptions,
): Promise<{ readonly cluster: Cluster; readonly wasUp: boolean }> {
  const paths = clusterPaths(invocation.home, options.name);
  const known = readFacts(paths);
  const wasUp = known !== undefined && isUp({ facts: known, paths });
  if (known !== undefined) refuseOtherShape(known, options);
  const runtime = known?.runtime ?? options.runtime ?? 'containerd';
  if (!wasUp && runtime === 'containerd') {
    requireVisible(options.dataDirectory ?? paths.directory);
    await prepareMachine(invocation, options.install);
    recordMadeFolders(invocation, privatePaths);
  }
  const facts = known ?? (await newClusterFacts(invocation, options));
  const cluster: Cluster = { facts, paths };
  if (known === undefined) createClusterFolder(cluster, options.dataDirectory);
  else if (!wasUp) await requireResources(facts);

  // Also on a running cluster: whatever of it was stopped is started, the rest is left alone.
  const title = known === undefined ? 'Starting' : 'Resuming';
  if (wasUp) await startCluster(invocation, cluster);
  else {
    await inStep(invocation.output, `${title} cluster "${facts.name}"`, () =>
      startCluster(invocation, cluster),
    );
  }
  return { cluster, wasUp };
}

function refuseOtherShape(facts: ClusterFacts, options: UpOptions): void {
  const differences = [
    options.nodes !== undefined && options.nodes !== facts.nodes.length ? '--nodes' : '',
    options.runtime !== undefined && options.runtime !== facts.runtime ? '--runtime' : '',
    options.port !== undefined && options.port !== facts.port ? '--port' : '',
    options.insecurePort !== undefined && options.insecurePort !== facts.insecurePort
      ? '--insecure-port'
      : '',
    options.runtimeConfig !== undefined && options.runtimeConfig !== facts.runtimeConfig
      ? '--runtime-config'
      : '',
  ].filter((flag) => flag !== '');
  if (differences.length === 0) return;
  throw new CliError(
    'usage',
    `cluster "${facts.name}" exists with another ${differences.join(', ')}; ` +
      `leave the option out to start it as it is, or: coracle delete --name ${facts.name}`,
  );
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
  options: { readonly waitMs: number; readonly sinceMs: number },
  quiet: boolean,
): Promise<void> {
  const { facts } = cluster;
  const wait = async () => {
    const deadlineMs = Date.now() + options.waitMs;
    for (;;) {
      const nodes = await listNodes(cluster);
      const ready = nodes.filter((node) => node.ready && node.heardMs >= options.sinceMs).length;
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
