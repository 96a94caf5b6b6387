// `coracle status` and `coracle get`: what runs on this machine, by processes and by the API.
import { type ClusterFacts, clusterPaths, listClusters } from '../launcher/cluster-files.ts';
import { nodePid } from '../launcher/node.ts';
import { isReady, listNodes } from './api-access.ts';
import { type Cluster, componentPid, components, findCluster, isUp } from './cluster.ts';
import type { Invocation } from './invocation.ts';
import { contextName } from './kubeconfig-file.ts';
import { table } from './output.ts';

/** @throws CliError when there is no such cluster */
export async function status(invocation: Invocation, name: string): Promise<void> {
  const cluster = findCluster(invocation, name);
  const ready = await isReady(cluster);
  const parts = [...components(cluster).keys()].map((component) => ({
    component,
    pid: componentPid(cluster, component) ?? null,
  }));
  const server = `https://127.0.0.1:${cluster.facts.port}`;
  const rows = parts.map(({ component, pid }) => [
    component,
    pid === null ? 'stopped' : 'running',
    String(pid ?? ''),
  ]);
  const text = [
    `Cluster "${name}" (${cluster.facts.runtime}): API ${ready ? 'ready' : 'not ready'} at ${server}`,
    '',
    table(['COMPONENT', 'STATE', 'PID'], rows),
  ].join('\n');
  const { facts } = cluster;
  invocation.output.result(text, {
    name,
    running: isUp(cluster),
    ready,
    server,
    runtime: facts.runtime,
    ranges: facts.ranges,
    components: parts,
  });
}

export async function getClusters(invocation: Invocation): Promise<void> {
  const clusters = await Promise.all(
    listClusters(invocation.home).map(async (facts: ClusterFacts) => {
      const cluster: Cluster = { facts, paths: clusterPaths(invocation.home, facts.name) };
      const state = !isUp(cluster) ? 'stopped' : (await isReady(cluster)) ? 'ready' : 'starting';
      return { name: facts.name, state, nodes: facts.nodes.length, runtime: facts.runtime };
    }),
  );
  const rows = clusters.map((each) => [
    each.name,
    each.state,
    String(each.nodes),
    each.runtime,
    contextName(each.name),
  ]);
  const text =
    rows.length === 0
      ? 'No clusters.'
      : table(['NAME', 'STATE', 'NODES', 'RUNTIME', 'CONTEXT'], rows);
  invocation.output.result(text, clusters);
}

export async function getNodes(invocation: Invocation, name: string): Promise<void> {
  const cluster = findCluster(invocation, name);
  const { facts, paths } = cluster;
  const nodes = (await listNodes(cluster)).map(({ heardMs: _, ...node }) => ({
    ...node,
    pid: nodePid({ facts, paths, name: node.name }) ?? null,
  }));
  const rows = nodes.map((node) => [
    node.name,
    node.ready ? 'Ready' : 'NotReady',
    node.address,
    node.version,
    String(node.pid ?? ''),
  ]);
  invocation.output.result(table(['NAME', 'STATUS', 'ADDRESS', 'VERSION', 'PID'], rows), nodes);
}
