// Gives suites a cluster: the one of a kubeconfig, else two real nodes of its own, removed after.
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { type Api, createApi } from './api.ts';
import { buildImages, coracle } from './coracle.ts';
import { createKubectl, findKubectl, type Kubectl } from './kubectl.ts';
import { findTraces } from './traces.ts';

/** Set by `conformance/run.ts`; a plain `KUBECONFIG` never makes `npm test` touch that cluster. */
export const kubeconfigVariable = 'CORACLE_CONFORMANCE_KUBECONFIG';

export interface TestCluster {
  readonly kubeconfig: string;
  readonly config: KubeConfig;
  readonly kubectl: Kubectl;
  readonly api: Api;
  /** A folder for what a suite writes; goes with the cluster. */
  readonly scratch: string;
  /** Only where the cluster is the suite's own. */
  readonly own?: OwnCluster;
  /** Removes the cluster if it is our own, and gives what it left behind: a line for each thing. */
  close(): Promise<readonly string[]>;
}

export interface OwnCluster {
  readonly name: string;
  /** The id in the names of its links, namespaces, tables and cgroups. */
  readonly id: string;
  /** The cluster's own folder. */
  readonly directory: string;
  readonly nodes: readonly string[];
  coracle(...args: string[]): Promise<string>;
}

/** Opens the cluster that the environment names, or makes one with two nodes and all images. */
export async function openCluster(): Promise<TestCluster> {
  const given = process.env[kubeconfigVariable];
  const scratch = mkdtempSync(join(tmpdir(), 'coracle-conformance-'));
  if (given !== undefined && given !== '') {
    return connect(given, scratch, undefined, async () => []);
  }
  const name = `test-${randomBytes(3).toString('hex')}`;
  const home = join(scratch, 'home');
  const kubeconfig = join(scratch, 'kubeconfig');
  const environment = { CORACLE_HOME: home, KUBECONFIG: kubeconfig };
  const run = (...args: string[]) => coracle(args, environment);
  const remove = async () => {
    const { id } = facts();
    await run('delete', '--name', name);
    return findTraces({ id, home });
  };
  const facts = () =>
    JSON.parse(readFileSync(join(home, name, 'cluster.json'), 'utf8')) as {
      id: string;
      nodes: string[];
    };
  try {
    const images = join(scratch, 'images');
    mkdirSync(images);
    const [tars] = await Promise.all([
      buildImages(images),
      run('up', '--name', name, '--nodes', '2', '--port', await freePort(), '--wait', '120s'),
    ]);
    await run('load', 'image', ...tars, '--name', name);
    const own = { name, ...facts(), directory: join(home, name), coracle: run };
    return await connect(kubeconfig, scratch, own, remove);
  } catch (error) {
    await remove().catch(() => undefined);
    rmSync(scratch, { recursive: true, force: true });
    throw error;
  }
}

/** Far from the ports that `up` chooses, so that clusters of other homes do not meet this one. */
async function freePort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}

async function connect(
  kubeconfig: string,
  scratch: string,
  own: OwnCluster | undefined,
  remove: () => Promise<readonly string[]>,
): Promise<TestCluster> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const api = await createApi(config);
  let closed: Promise<readonly string[]> | undefined;
  const close = async () => {
    api.close();
    const traces = await remove();
    rmSync(scratch, { recursive: true, force: true });
    return traces;
  };
  return {
    kubeconfig,
    config,
    kubectl: createKubectl(findKubectl(), kubeconfig, join(scratch, 'kubectl-cache')),
    api,
    scratch,
    ...(own === undefined ? {} : { own }),
    close() {
      closed ??= close();
      return closed;
    },
  };
}
