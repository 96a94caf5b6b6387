// Snapshots for tests of plugins, made of short words and no API.
import type { Node, Pod } from '../objects.ts';
import { labelSelectorMatcher } from '../selector.ts';
import { SchedulerCache } from './cache.ts';
import { firstRefusal, prepareAll, totalScores } from './framework.ts';
import { podInfo } from './pod-info.ts';
import { nodeOf, podOf } from './scheduler.fixture.ts';
import type { ClusterFacts, Plugin, Snapshot } from './types.ts';

export const noFacts: ClusterFacts = {
  namespaceLabels: (namespace) => ({ name: namespace }),
  siblings: () => undefined,
};

/** Pods labelled app=web are of one service. */
export const webService: ClusterFacts = {
  ...noFacts,
  siblings: ({ namespace, labels }) =>
    labels.app === 'web'
      ? { key: 'web', namespace, matches: labelSelectorMatcher({ matchLabels: { app: 'web' } }) }
      : undefined,
};

/** `pods` say in `spec.nodeName` where they are. */
export function snapshotOf(nodes: Node[], pods: Pod[] = [], facts = noFacts): Snapshot {
  const cache = new SchedulerCache(facts);
  for (const node of nodes) cache.setNode(node);
  for (const pod of pods) cache.setPod(pod);
  return cache.snapshot();
}

/** What the plugin says of each node: `ok`, or why not, with `!` when it is final. */
export function verdicts(plugin: Plugin, pod: Pod, snapshot: Snapshot): Record<string, string> {
  const prepared = prepareAll([plugin], podInfo(pod), snapshot);
  return Object.fromEntries(
    snapshot.nodes.map((node) => {
      const refusal = firstRefusal(prepared, node);
      if (refusal === undefined) return [node.name, 'ok'];
      const { reasons, final } = refusal.rejection;
      return [node.name, `${reasons.join('; ')}${final === true ? '!' : ''}`];
    }),
  );
}

/** The plugin's weighted score of each node. */
export function scores(plugin: Plugin, pod: Pod, snapshot: Snapshot): Record<string, number> {
  const prepared = prepareAll([plugin], podInfo(pod), snapshot);
  const totals = totalScores(snapshot.nodes, prepared);
  return Object.fromEntries(snapshot.nodes.map(({ name }, index) => [name, totals[index] ?? 0]));
}

export function labelled(pod: Pod, labels: Record<string, string>): Pod {
  return { ...pod, metadata: { ...pod.metadata, labels } };
}

/** A pod labelled app=`app` on a node. */
export function placed(
  name: string,
  node: string,
  app = 'web',
  spec: Pod['spec'] = undefined,
): Pod {
  return labelled(podOf(name, { ...spec, nodeName: node }), { app });
}

export function zoned(name: string, zone: string): Node {
  return nodeOf(name, { labels: { 'topology.kubernetes.io/zone': zone } });
}
