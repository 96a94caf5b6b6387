// A cluster on this machine as the verbs see it: its facts, its processes, and access to its API.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type ClusterFacts,
  type ClusterPaths,
  clusterPaths,
  readFacts,
} from '../launcher/cluster-files.ts';
import { type Guarded, guardedPid, guardianPid } from '../launcher/guardian.ts';
import { guardedNode } from '../launcher/node.ts';
import { CliError } from './exit-codes.ts';
import type { Invocation } from './invocation.ts';
import type { ClusterAccess } from './kubeconfig-file.ts';

export interface Cluster {
  readonly facts: ClusterFacts;
  readonly paths: ClusterPaths;
}

/**
 * A cluster's name is part of file, link and node names.
 *
 * @throws CliError
 */
export function requireName(name: string): void {
  if (/^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$/.test(name)) return;
  const rule = 'lower-case letters, digits and "-", at most 32 characters';
  throw new CliError('usage', `--name: "${name}" is no cluster name: use ${rule}`);
}

/** @throws CliError when there is no cluster of that name */
export function findCluster(invocation: Invocation, name: string): Cluster {
  requireName(name);
  const paths = clusterPaths(invocation.home, name);
  const facts = readFacts(paths);
  if (facts === undefined) {
    throw new CliError(
      'noCluster',
      `there is no cluster "${name}"; make one: coracle up --name ${name}`,
    );
  }
  return { facts, paths };
}

export function guardedServer({ paths }: Cluster): Guarded {
  return { pidFile: join(paths.run, 'server.pid'), logFile: join(paths.logs, 'server.log') };
}

/** The one process that plays every simulated node. */
export function guardedSimulation({ paths }: Cluster): Guarded {
  return { pidFile: join(paths.run, 'agent.pid'), logFile: join(paths.logs, 'agent.log') };
}

/** The guarded processes of a cluster by what `logs` and `status` call them. */
export function components(cluster: Cluster): ReadonlyMap<string, Guarded> {
  const { facts, paths } = cluster;
  const parts = new Map([['server', guardedServer(cluster)]]);
  if (facts.runtime === 'simulated') parts.set('agent', guardedSimulation(cluster));
  else for (const name of facts.nodes) parts.set(name, guardedNode({ facts, paths, name }));
  return parts;
}

/** Whether any of the cluster's processes runs or is being kept running. */
export function isUp(cluster: Cluster): boolean {
  return [...components(cluster).values()].some(
    (guarded) => guardianPid(guarded) !== undefined || guardedPid(guarded) !== undefined,
  );
}

export function componentPid(cluster: Cluster, component: string): number | undefined {
  const guarded = components(cluster).get(component);
  return guarded === undefined ? undefined : guardedPid(guarded);
}

/**
 * Flags of V8 by process. An agent is mostly idle and there may be many: it trades speed for
 * memory. A server keeps its speed but not the largest young generation.
 */
const nodeFlags = {
  server: ['--max-semi-space-size=16'],
  agent: ['--max-semi-space-size=1', '--optimize-for-size'],
} as const;

/** The command that runs this very program again, from the sources or from the built bundle. */
export function selfCommand(verb: keyof typeof nodeFlags): readonly string[] {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url));
  const built = fileURLToPath(new URL('./coracle.js', import.meta.url));
  return [process.execPath, ...nodeFlags[verb], existsSync(main) ? main : built, verb];
}

/**
 * What the administrator needs to reach the cluster's API.
 *
 * @throws CliError when the server has never come up
 */
export function clusterAccess({ facts, paths }: Cluster): ClusterAccess {
  const read = (file: string) => {
    try {
      return readFileSync(join(paths.pki, file), 'utf8');
    } catch (error) {
      const message = `cluster "${facts.name}" has no keys yet; start it: coracle up --name ${facts.name}`;
      throw new CliError('failure', message, { cause: error });
    }
  };
  return {
    server: `https://127.0.0.1:${facts.port}`,
    certificateAuthority: read('ca.crt'),
    clientCertificate: read('admin.crt'),
    clientKey: read('admin.key'),
  };
}
