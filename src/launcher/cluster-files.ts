// Where a cluster keeps itself on this machine, and the facts about it that outlive its processes.
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { AddressRanges } from './address-ranges.ts';

/** Everything about a cluster that is chosen once, at its first `up`. */
export interface ClusterFacts {
  readonly name: string;
  /** Eight characters that name its links, namespaces and tables; free on this machine. */
  readonly id: string;
  readonly runtime: 'containerd' | 'simulated';
  readonly nodes: readonly string[];
  readonly port: number;
  readonly insecurePort?: number;
  /** What `up --runtime-config` said; the server gets it as it is. */
  readonly runtimeConfig?: string;
  readonly ranges: AddressRanges;
  readonly nodeCpus?: number;
  readonly nodeMemoryBytes?: number;
}

/** The paths of one cluster. Its folder has mode 0700: keys and data lie in it. */
export interface ClusterPaths {
  readonly directory: string;
  readonly facts: string;
  /** Keys and certificates, made by the server at its first start. */
  readonly pki: string;
  /** The server's storage. */
  readonly data: string;
  readonly run: string;
  readonly logs: string;
  readonly kubeconfig: string;
  readonly bootstrapToken: string;
  node(name: string): string;
}

/** `$CORACLE_HOME`, else `~/.coracle`: one folder per cluster in it. */
export function coracleHome(environment: NodeJS.ProcessEnv): string {
  // Processes run elsewhere: a relative path would mean another folder to them.
  return resolve(environment.CORACLE_HOME || join(homedir(), '.coracle'));
}

export function clusterPaths(home: string, name: string): ClusterPaths {
  const directory = join(home, name);
  return {
    directory,
    facts: join(directory, 'cluster.json'),
    pki: join(directory, 'pki'),
    data: join(directory, 'data'),
    run: join(directory, 'run'),
    logs: join(directory, 'logs'),
    kubeconfig: join(directory, 'kubeconfig'),
    bootstrapToken: join(directory, 'pki', 'bootstrap-token'),
    node: (node) => join(directory, 'nodes', node),
  };
}

/** The cluster's facts, or undefined when there is no such cluster. */
export function readFacts(paths: ClusterPaths): ClusterFacts | undefined {
  try {
    return JSON.parse(readFileSync(paths.facts, 'utf8')) as ClusterFacts;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Error(`cannot read ${paths.facts}`, { cause: error });
  }
}

/** Written whole or not at all. */
export function writeFacts(paths: ClusterPaths, facts: ClusterFacts): void {
  for (const each of [paths.directory, paths.pki, paths.data, paths.run, paths.logs]) {
    mkdirSync(each, { recursive: true, mode: 0o700 });
  }
  const draft = `${paths.facts}.new`;
  writeFileSync(draft, `${JSON.stringify(facts, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(draft, paths.facts);
}

/** The facts of every cluster below `home`, sorted by name. */
export function listClusters(home: string): readonly ClusterFacts[] {
  let names: string[];
  try {
    // Beside clusters lie files of all of them, whose names begin with a dot.
    names = readdirSync(home)
      .filter((name) => !name.startsWith('.'))
      .sort();
  } catch {
    return [];
  }
  return names
    .map((name) => readFacts(clusterPaths(home, name)))
    .filter((facts) => facts !== undefined);
}
